import { calm, ensure, ensureSame } from "../ensure.ts"
import { begin, type Check, currentOf, ensureIs, idOf, promote, rotated, seqAfter } from "./bench.ts"
import { valuesOf } from "./candidates.ts"

/** The versions since another one, where promotion can only be seen from them. */
export const sinceChecks: readonly Check[] = [
  {
    name: "lists the versions since another one, and tells ours from those of others, where promotion is detected",
    async run(bench) {
      const { ledger } = bench
      if (ledger.since === undefined) return
      const parked = await rotated(bench)
      const { name, rotationId } = parked
      const base = parked.base === undefined ? {} : { base: parked.base }
      const promoted = (await currentOf(bench.store, name))?.version
      const [ours, ...none] = await ledger.since(name, { ...calm(), ...base })
      ensure(ours !== undefined && none.length === 0, "after a promotion there is one version since its base")
      ensure(ours.version === promoted, "the version since the base is the promoted one")
      ensure(ours.rotationId === rotationId, "a version of ours tells its rotation")
      await bench.put(name, bench.value())
      const foreign = (await currentOf(bench.store, name))?.version
      for (const store of [bench.store, await bench.replica()]) {
        const all = (await store.rotation().since?.(name, { ...calm(), ...base })) ?? []
        ensure(all.length === 2, "after somebody else wrote there are two versions since the base")
        const other = all.find(one => one.version === foreign)
        ensure(other !== undefined, "the version of somebody else is one of them")
        ensure(other.rotationId === undefined, "the version of somebody else tells no rotation")
        const newer = await store.rotation().since?.(name, { ...calm(), ...(promoted && { base: promoted }) })
        ensure(newer?.length === 1 && newer[0]?.version === foreign, "since ours there is only that one")
        const none = await store.rotation().since?.(name, { ...calm(), ...(foreign && { base: foreign }) })
        ensure(none?.length === 0, "since the newest there is none")
        const every = (await store.rotation().since?.(name, calm())) ?? []
        ensure(every.length >= 3, "without a base all versions are listed")
      }
    },
  },
]

/** The value before a promotion. */
export const formerChecks: readonly Check[] = [
  {
    name: "keeps the value before a promotion until it is discarded, or keeps none, as it declares",
    async run(bench) {
      for (const former of valuesOf(bench)) {
        const name = bench.name("token")
        await bench.put(name, former)
        const parked = await begin(bench, name, bench.value(), await seqAfter(bench, name))
        const { previous } = await promote(bench.ledger, parked)
        ensure((previous !== undefined) === bench.promises.keepsPrevious, "it keeps what it declares to keep")
        for (const store of [bench.store, await bench.replica()]) {
          if (previous === undefined) continue
          const asked = { ...calm(), rotationId: parked.rotationId, reference: previous }
          const kept = await store.rotation().kept(name, asked)
          ensure(kept !== undefined, "the value before is kept under the reference that was told")
          ensureSame(kept.value, former, "the value before")
          const { rotationId, base = "" } = parked
          const found = await store.rotation().former(name, { ...calm(), rotationId, base })
          ensure(found?.reference === previous, "the value before is found without its reference, too")
          ensureSame(found.value, former, "the value before, found without its reference")
        }
        await bench.ledger.discard(name, { ...calm(), ...idOf(parked) })
        await bench.ledger.discard(name, { ...calm(), rotationId: parked.rotationId })
        await ensureIs(bench, name, parked.value, "the secret after its rotation")
      }
    },
  },
  {
    name: "goes back to the value before by a promotion, where it keeps it",
    async run(bench) {
      if (!bench.promises.keepsPrevious) return
      const [name, former] = [bench.name("token"), bench.value()]
      await bench.put(name, former)
      const parked = await begin(bench, name)
      const { previous, version, journaled } = await promote(bench.ledger, parked)
      ensure(previous !== undefined, "the value before is kept")
      const journal = { ...parked.journal, seq: parked.journal.seq + (journaled ? 1 : 0) }
      const back = { ...parked, journal, value: former, reference: previous, base: version }
      const { version: last } = await promote(bench.ledger, back)
      const now = await ensureIs(bench, name, former, "the secret after a way back")
      ensure(now.version === last, "the version that was told is the current one")
    },
  },
]
