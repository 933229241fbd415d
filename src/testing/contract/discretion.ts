import { calm, collect, ensure, ensureRejects } from "../ensure.ts"
import { type Check, read } from "./check.ts"

/** What a store must keep to itself. */
export const discretionChecks: readonly Check[] = [
  {
    name: "has a kind, and a location that names it and holds no credential",
    async run({ store }) {
      ensure(/^[a-z][a-z0-9-]*$/.test(store.kind), "the kind is a word")
      ensure(store.location.startsWith(`${store.kind}:`), "the location is a URL whose scheme is the kind")
      const credential = /\/\/[^/?#]*@|[?&;](?:[a-z_-]*(?:token|password|secret|key|credential)[a-z_-]*)=/i
      ensure(!credential.test(store.location), "the location has no user, no password and no token")
    },
  },
  {
    name: "keeps its capabilities and its methods",
    async run(bench) {
      const { store } = bench
      const shape = (): string =>
        JSON.stringify([store.capabilities, Object.keys(store).sort(), store.location])
      const before = shape()
      await bench.put(bench.name("token"), bench.value())
      await read(store, bench.name("token"))
      ensure(shape() === before, "capabilities, methods and location stay what they are")
    },
  },
  {
    name: "shows no value when it is printed",
    async run(bench) {
      const { inspect } = await import("node:util")
      const { store } = bench
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      await read(store, name)
      if (store.write) await store.write(name, value, calm())
      if (store.list) await collect(store.list(calm()))
      const deep = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }
      const shown = [
        inspect(store, deep),
        inspect(store, { ...deep, customInspect: false }),
        json(store),
        `${store}`,
      ]
      ensure(!shown.some(text => text.includes(value)), "a printed store does not show a value")
    },
  },
  {
    name: "tells no value in an error",
    async run(bench) {
      const { store } = bench
      const value = bench.value()
      await bench.put(bench.name("token"), value)
      await ensureRejects(() => read(store, bench.name("missing")), "NOT_FOUND", "a missing secret", [value])
      const { write } = store
      if (write === undefined) return
      await ensureRejects(
        () => write.call(store, "no//name", value, calm()),
        "INVALID_NAME",
        "a refused name",
        [value],
      )
    },
  },
]

function json(thing: unknown): string {
  try {
    return JSON.stringify(thing) ?? ""
  } catch {
    // What refuses to be serialised shows nothing that way.
    return ""
  }
}
