import type { ListOptions, SecretInfo, SecretStore } from "../../core/index.ts"
import { calm, collect, ensure, ensureError, ensureSame } from "../ensure.ts"
import { type Bench, type Check, read } from "./check.ts"

/** Names without values. */
export const listingChecks: readonly Check[] = [
  listing("lists what is there by its portable name, once", async (bench, list) => {
    const names = ["api-token", "ab/c", "ab-c", "a1/b-2c/d"].map(last => bench.name(last))
    for (const name of names) await bench.put(name, bench.value())
    const listed = await list()
    for (const name of names)
      ensure(
        listed.filter(one => one === name).length === 1,
        `"${name}" is listed once, by its portable name`,
      )
  }),
  listing("lists only names that can be read, each in its one spelling", async (bench, list) => {
    const [name, value] = [bench.name("token"), bench.value()]
    await bench.put(name, value)
    const listed = await list()
    for (const one of listed)
      ensure(bench.store.canonical(one) === one, `the listed name "${one}" is canonical`)
    ensure(listed.includes(name), "the secret is listed")
    ensureSame((await read(bench.store, name)).value, value, "the secret read by its listed name")
  }),
  listing("does not list what was removed, where one can be", async (bench, list) => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    if (bench.remove === undefined) return
    await bench.remove(name)
    ensure(!(await list()).includes(name), "a removed secret is not listed")
  }),
  listing("lists what stands below a name, and not its neighbours", async (bench, list) => {
    const one = bench.name("group/one")
    const inside = [one, bench.name("group/two/three")]
    const outside = ["group-two/one", "groups"].map(last => bench.name(last))
    for (const name of [...inside, ...outside]) await bench.put(name, bench.value())
    const listed = await list({ under: bench.name("group") })
    ensure(
      [...listed].sort().join() === [...inside].sort().join(),
      `under "${bench.name("group")}" are just those that begin with it and a slash`,
    )
    ensure(
      (await list({ under: bench.name("none") })).length === 0,
      "under a name that nothing has is nothing",
    )
    ensure((await list({ under: one })).join() === one, "a name stands under itself")
  }),
  listing("lists nothing under the reserved first segment", async (bench, list) => {
    try {
      await bench.put("latchkey/journal", bench.value())
    } catch (thrown) {
      // A harness that puts through the store is refused, as anybody is.
      ensureError(thrown, "INVALID_NAME", "putting a reserved name")
    }
    await bench.put(bench.name("latchkey"), bench.value())
    const listed = await list()
    ensure(
      !listed.some(name => name === "latchkey" || name.startsWith("latchkey/")),
      "no reserved name is listed",
    )
    ensure(
      listed.includes(bench.name("latchkey")),
      "a name that is reserved only as a first segment is listed",
    )
  }),
  listing("lists no value", async (bench, _, infos) => {
    const { name, value } = bench.secret("token")
    await bench.put(name, value)
    for (const info of await collect(infos()))
      ensure(!("value" in info) && !JSON.stringify(info).includes(value), "a listed secret has no value")
  }),
  listing("can be left before the end", async (bench, list, infos) => {
    for (const last of ["one", "two", "three"]) await bench.put(bench.name(last), bench.value())
    for await (const info of infos()) {
      ensure(info.name !== "", "a listed secret has a name")
      break
    }
    ensure((await list()).length >= 3, "a listing after one that was left is whole")
  }),
]

type List = (options?: Omit<ListOptions, "signal">) => Promise<string[]>

function listing(
  sentence: string,
  run: (bench: Bench, list: List, infos: () => AsyncIterable<SecretInfo>) => Promise<void>,
): Check {
  return {
    name: `${sentence}, where it can list`,
    async run(bench) {
      const store: SecretStore = bench.store
      const { list } = store
      if (list === undefined) return
      const names: List = async options =>
        (await collect(list.call(store, { ...calm(), ...options }))).map(info => info.name)
      await run(bench, names, () => list.call(store, calm()))
    },
  }
}
