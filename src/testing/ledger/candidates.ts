import type { SecretValue } from "../../core/index.ts"
import { calm, ensure, ensureSame } from "../ensure.ts"
import { type Bench, begin, type Check, currentOf, ensureIs, listed, RACERS, race, racers } from "./bench.ts"

/** Candidates: stored once, and seen by nobody who does not ask for them. */
export const candidateChecks: readonly Check[] = [
  {
    name: "gives a candidate back as it was parked, to others too",
    async run(bench) {
      for (const value of valuesOf(bench)) {
        const name = bench.name("token")
        await bench.put(name, bench.value())
        const rotationId = bench.rotation()
        const { reference, mine } = await bench.ledger.park(name, { ...calm(), rotationId, value })
        ensure(mine, "the first candidate of a rotation is the caller's own")
        ensure(reference !== "", "a candidate has a reference")
        for (const store of [bench.store, await bench.replica()]) {
          const kept = await store.rotation().kept(name, { ...calm(), rotationId, reference })
          ensure(kept !== undefined, "the candidate is kept")
          ensureSame(kept.value, value, "the candidate by its reference")
        }
        await bench.ledger.discard(name, { ...calm(), rotationId, reference })
      }
    },
  },
  electing("gives a candidate back for its rotation, without a reference", async bench => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const [rotationId, value] = [bench.rotation(), bench.value()]
    const { reference } = await bench.ledger.park(name, { ...calm(), rotationId, value })
    for (const store of [bench.store, await bench.replica()]) {
      const kept = await store.rotation().kept(name, { ...calm(), rotationId })
      ensure(kept?.reference === reference, "the candidate of a rotation has the reference that was given")
      ensureSame(kept.value, value, "the candidate of a rotation")
    }
    const other = await bench.ledger.kept(name, { ...calm(), rotationId: bench.rotation() })
    ensure(other === undefined, "another rotation has no candidate")
  }),
  electing("keeps the first candidate of a rotation, whatever is parked after it", async bench => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const [rotationId, value] = [bench.rotation(), bench.value()]
    const first = await bench.ledger.park(name, { ...calm(), rotationId, value })
    for (const store of [bench.store, await bench.replica()]) {
      const ledger = store.rotation()
      const late = await ledger.park(name, { ...calm(), rotationId, value: bench.value() })
      ensure(!late.mine, "a second candidate of a rotation is not the one that is stored")
      ensure(late.reference === first.reference, "whoever comes second is told where the first candidate is")
      const again = await ledger.park(name, { ...calm(), rotationId, value })
      ensure(again.mine, "whoever parks the stored candidate again is told that it is stored")
      ensure(again.reference === first.reference, "parking again gives the same reference")
      const kept = await ledger.kept(name, { ...calm(), rotationId })
      ensureSame(kept?.value ?? "", value, "the candidate after others were parked")
    }
  }),
  electing("elects one candidate of eight, and tells the others where it is", async bench => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const rotationId = bench.rotation()
    const calls = await racers(bench, async ledger => {
      const value = bench.value()
      return { value, ...(await ledger.park(name, { ...calm(), rotationId, value })) }
    })
    const { won: told, lost } = await race(calls, "candidates at once")
    ensure(lost.length === 0, "whoever parks too late is answered all the same")
    const own = told.filter(one => one.mine)
    const [elected] = own
    ensure(own.length === 1 && elected !== undefined, `one of ${RACERS} is elected, and not ${own.length}`)
    ensure(
      told.every(one => one.reference === elected.reference),
      "all are told the same reference",
    )
    const kept = await bench.ledger.kept(name, { ...calm(), rotationId })
    ensureSame(kept?.value ?? "", elected.value, "the candidate that was elected")
  }),
  {
    name: "parks a candidate for each who asks, where it does not elect",
    async run(bench) {
      if (bench.promises.parkElects) return
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const rotationId = bench.rotation()
      const calls = await racers(bench, async ledger => {
        const value = bench.value()
        return { value, ...(await ledger.park(name, { ...calm(), rotationId, value })) }
      })
      const { won, lost } = await race(calls, "candidates at once")
      ensure(lost.length === 0 && won.every(one => one.mine), "each is told that its candidate is stored")
      ensure(new Set(won.map(one => one.reference)).size === RACERS, "each has a reference of its own")
      const [first, ...rest] = won
      ensure(first !== undefined, "somebody parked a candidate")
      await bench.ledger.discard(name, { ...calm(), rotationId, reference: first.reference })
      ensure(
        (await bench.ledger.kept(name, { ...calm(), rotationId, reference: first.reference })) === undefined,
        "what a loser discards is gone",
      )
      for (const { reference, value } of rest) {
        const kept = await bench.ledger.kept(name, { ...calm(), rotationId, reference })
        ensureSame(kept?.value ?? "", value, "a candidate beside one that was discarded")
      }
    },
  },
  {
    name: "keeps the candidates of two rotations apart, in whichever order they come",
    async run(bench) {
      const { ledger } = bench
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const [former, current] = [bench.rotation(), bench.rotation()]
      const [old, value] = [bench.value(), bench.value()]
      const first = await ledger.park(name, { ...calm(), rotationId: former, value: old })
      await ledger.discard(name, { ...calm(), rotationId: former, reference: first.reference })
      const { reference } = await ledger.park(name, { ...calm(), rotationId: current, value })
      const ensureCurrent = async (what: string): Promise<void> => {
        const kept = await ledger.kept(name, { ...calm(), rotationId: current, reference })
        ensureSame(kept?.value ?? "", value, what)
      }
      ensure(first.reference !== reference, "two rotations have two references")
      await ledger.park(name, { ...calm(), rotationId: former, value: bench.value() })
      await ensureCurrent("the candidate after a former rotation parked late")
      await ledger.discard(name, { ...calm(), rotationId: former })
      await ensureCurrent("the candidate after a former rotation discarded late")
      await ledger.discard(name, { ...calm(), rotationId: former, reference: first.reference })
      await ensureCurrent("the candidate after a former rotation discarded its own late")
    },
  },
  {
    name: "keeps the candidates of two secrets apart, also in rotations of one id",
    async run(bench) {
      const { ledger } = bench
      const rotationId = bench.rotation()
      const parked = ["ab-c", "ab/c", "abc", `ab/x${rotationId}`, "ab"].map(last => ({
        name: bench.name(last),
        value: bench.value(),
      }))
      const references = new Map<string, string>()
      for (const { name, value } of parked) {
        await bench.put(name, bench.value())
        references.set(name, (await ledger.park(name, { ...calm(), rotationId, value })).reference)
      }
      const [gone, ...rest] = parked
      await ledger.discard(gone?.name ?? "", referring(rotationId, references.get(gone?.name ?? "")))
      for (const { name, value } of rest) {
        const kept = await ledger.kept(name, referring(rotationId, references.get(name)))
        ensureSame(kept?.value ?? "", value, "the candidate of a secret beside one that was discarded")
      }
    },
  },
  {
    name: "gives nothing after a candidate was discarded, at once, and to others too",
    async run(bench) {
      const { ledger } = bench
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const [rotationId, value] = [bench.rotation(), bench.value()]
      await ledger.discard(name, { ...calm(), rotationId })
      const { reference } = await ledger.park(name, { ...calm(), rotationId, value })
      for (let times = 0; times < 2; times++) {
        await ledger.discard(name, { ...calm(), rotationId, reference })
        for (const store of [bench.store, await bench.replica()]) {
          const own = store.rotation()
          const byReference = await own.kept(name, { ...calm(), rotationId, reference })
          ensure(byReference === undefined, "a discarded candidate is not kept under its reference")
          const byRotation = await own.kept(name, { ...calm(), rotationId })
          ensure(byRotation === undefined, "a discarded candidate is not kept for its rotation")
        }
      }
      await ledger.discard(name, { ...calm(), rotationId })
    },
  },
  {
    name: "shows consumers nothing before the promotion",
    async run(bench) {
      const { store } = bench
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const version = (await store.read(name, calm())).version
      const [base, names] = [await ensureIs(bench, name, value, "the secret"), await listed(store)]
      const { rotationId, reference } = await begin(bench, name)
      const ensureUntouched = async (when: string): Promise<void> => {
        const now = await ensureIs(bench, name, value, `the secret ${when}`)
        ensure(now.version === base.version, `the secret has the same version ${when}`)
        ensure(
          (await store.read(name, calm())).version === version,
          `consumers read the same version ${when}`,
        )
        const many = await store.readMany?.([name], calm())
        const one = many?.get(name)
        if (one !== undefined && "value" in one)
          ensureSame(one.value, value, `the secret, read with others ${when}`)
        ensure((await listed(store)).join() === names.join(), `the same names are listed ${when}`)
      }
      await ensureUntouched("while a candidate is parked")
      await bench.ledger.discard(name, { ...calm(), rotationId, reference })
      await ensureUntouched("after the candidate was discarded")
    },
  },
  {
    name: "lists nothing of its own, with a prefix neither, and finds it with and without one",
    async run(bench) {
      const [prefix, ...rest] = bench.name("group/token").split("/")
      const name = bench.name("group/token")
      await bench.put(name, bench.value())
      if (bench.withPrefix === undefined) return
      const under = await bench.withPrefix(prefix ?? "")
      const short = rest.join("/")
      const names = await listed(under)
      const { rotationId, reference, value, base } = await begin(bench, name)
      ensure((await listed(under)).join() === names.join(), "a store with a prefix lists the same names")
      const kept = await under.rotation().kept(short, { ...calm(), rotationId, reference })
      ensureSame(kept?.value ?? "", value, "the candidate, through a store with a prefix")
      ensure((await currentOf(under, short))?.version === base, "its version, through a store with a prefix")
      const here = await bench.ledger.journals?.load(name, calm())
      const there = await under.rotation().journals?.load(short, calm())
      ensure(here?.journal?.owner === there?.journal?.owner, "its journal, through a store with a prefix")
    },
  },
]

function electing(sentence: string, run: (bench: Bench) => Promise<void>): Check {
  return {
    name: `${sentence}, where it elects`,
    async run(bench) {
      if (bench.promises.parkElects) await run(bench)
    },
  }
}

const referring = (rotationId: string, reference: string | undefined) => ({
  ...calm(),
  rotationId,
  ...(reference === undefined ? {} : { reference }),
})

/** What is tried where nothing is said of the largest value. */
const LARGE = 16 * 1024

/** Values of every kind that the backend can hold. */
export function valuesOf(bench: Bench): readonly SecretValue[] {
  const values: SecretValue[] = [
    bench.value(),
    `two lines\nand "quotes", 'others', \`more\`, \\ and $DOLLAR # ü 😀 ${bench.value()}`,
    JSON.stringify({ username: "app", password: bench.value() }),
    `${bench.value()}\n`,
    Uint8Array.from({ length: 300 }, (_, place) => place % 256),
    "x".repeat(bench.largest ?? LARGE),
  ]
  return values.filter(value => bench.holds(value))
}
