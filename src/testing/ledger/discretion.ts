import { calm, ensure, ensureRejects } from "../ensure.ts"
import { tells } from "../telling.ts"
import { begin, type Check, currentOf, ensureIs, listed, promote } from "./bench.ts"

/** What a ledger says of itself, and what it keeps to itself. */
export const discretionChecks: readonly Check[] = [
  {
    name: "is the same one every time, and stays what it is",
    async run(bench) {
      const shape = (): string => JSON.stringify([Object.keys(bench.ledger).sort(), bench.ledger.promotion])
      const before = shape()
      const name = bench.name("token")
      await bench.put(name, bench.value())
      await begin(bench, name)
      ensure(bench.store.rotation() === bench.ledger, "a store gives one ledger")
      ensure(shape() === before, "its methods stay what they are")
    },
  },
  {
    name: "finds nothing wrong with a secret that can be rotated, and changes nothing when it looks",
    async run(bench) {
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const [before, names] = [await ensureIs(bench, name, value, "the secret"), await listed(bench.store)]
      for (const store of [bench.store, await bench.replica()]) await store.rotation().check(name, calm())
      const after = await ensureIs(bench, name, value, "the secret after a look")
      ensure(after.version === before.version, "a look does not move the version")
      ensure((await listed(bench.store)).join() === names.join(), "a look makes no secret")
      const journal = (await bench.ledger.journals?.load(name, calm()))?.journal
      ensure(journal === undefined, "a look begins no journal")
    },
  },
  {
    name: "gives versions that mean the same to others, and knows a missing secret from an empty one",
    async run(bench) {
      const [name, missing] = [bench.name("token"), bench.name("missing")]
      ensure((await currentOf(bench.store, missing)) === undefined, "a missing secret is none")
      await bench.put(name, bench.value())
      const first = await currentOf(bench.store, name)
      ensure(first !== undefined && first.version !== "", "a secret has a version")
      const replica = await bench.replica()
      const there = await currentOf(replica, name)
      ensure(there?.version === first.version, "another process sees the same version")
      await bench.put(name, bench.value())
      const second = await currentOf(bench.store, name)
      ensure(second?.version !== first.version, "another value has another version")
      ensure(
        (await currentOf(replica, name))?.version === second?.version,
        "another process sees the new version",
      )
    },
  },
  {
    name: "tells a place for each secret, the same to all who mean it, where it tells places",
    async run(bench) {
      const { placeOf } = bench.ledger
      if (placeOf === undefined) return
      const names = ["ab/c", "ab-c", "abc"].map(last => bench.name(last))
      // Where a missing secret cannot be rotated, it need not be anywhere yet.
      if (!bench.promises.creates) for (const name of names) await bench.put(name, bench.value())
      const places = await Promise.all(names.map(async name => await placeOf(name, calm())))
      ensure(new Set(places).size === names.length, "each secret has a place of its own")
      ensure(
        places.every(place => place.trim() !== "" && printed(place) === `"${place}"`),
        "a place can be printed as it is",
      )
      const [name = "", place] = [names[0], places[0]]
      await bench.put(name, bench.value())
      await begin(bench, name)
      const [prefix = "", ...rest] = name.split("/")
      const under = await bench.withPrefix?.(prefix)
      for (const ledger of [bench.ledger, (await bench.replica()).rotation()])
        ensure((await ledger.placeOf?.(name, calm())) === place, "the place stays, for others too")
      const short = await under?.rotation().placeOf?.(rest.join("/"), calm())
      ensure(under === undefined || short === place, "the place is the same below a prefix")
    },
  },
  {
    name: "says what it needs to be allowed, and asks nobody for that",
    async run(bench) {
      const permissions = bench.ledger.permissions(bench.name("token"))
      const rows = permissions.map(({ action, on, why }) => {
        ensure(
          [action, on, why].every(text => text !== ""),
          "a permission has an action, a place and a reason",
        )
        return `${action} ${on}`
      })
      ensure(new Set(rows).size === rows.length, "no permission is told twice")
      ensure(permissions.length > 0 || bench.store.capabilities.local, "a service asks for permissions")
    },
  },
  {
    name: "tells no value in an error, and shows none when it is printed",
    async run(bench) {
      const { inspect } = await import("node:util")
      const [name, value, candidate] = [bench.name("token"), bench.value(), bench.value()]
      await bench.put(name, value)
      const parked = await begin(bench, name, candidate)
      const promoted = await promote(bench.ledger, parked)
      const hidden = [value, candidate]
      await ensureRejects(() => promote(bench.ledger, parked), "CONFLICT", "a promotion again", hidden)
      const odd = { ...calm(), rotationId: parked.rotationId, value: candidate }
      await ensureRejects(() => bench.ledger.park("no//name", odd), "INVALID_NAME", "a refused name", hidden)
      const deep = { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true }
      const shown = inspect([bench.ledger, parked.reference, promoted, bench.store], deep)
      const journal = (await bench.ledger.journals?.load(name, calm())) ?? {}
      for (const one of hidden) {
        ensure(!shown.includes(one), "a printed ledger, and what it answers, show no value")
        ensure(!tells(parked.reference, one), "a reference tells no value")
        ensure(!tells(promoted, one), "what a promotion answers tells no value")
        ensure(!tells(journal, one), "a journal tells no value")
        for (const permission of bench.ledger.permissions(name))
          ensure(!tells(permission, one), "a permission tells no value")
      }
    },
  },
]

/** As it stands in a line of JSON: what must be escaped there is nothing to print. */
function printed(text: string): string {
  return JSON.stringify(text)
}
