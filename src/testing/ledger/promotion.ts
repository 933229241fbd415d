import { calm, ensure, ensureRejects, ensureSame } from "../ensure.ts"
import {
  type Bench,
  begin,
  type Check,
  currentOf,
  ensureIs,
  idOf,
  type Parked,
  promote,
  race,
  racers,
  rotated,
  seqAfter,
} from "./bench.ts"
import { valuesOf } from "./candidates.ts"

/** Promotions: the one change of the secret itself. */
export const promotionChecks: readonly Check[] = [
  {
    name: "says how it promotes, and lists versions just where that is needed",
    async run({ ledger, promises }) {
      ensure(ledger.promotion === promises.promotion, `promotion is ${promises.promotion}`)
      ensure(
        (ledger.since !== undefined) === (ledger.promotion === "detected"),
        "there is `since` where promotion is detected, and only there",
      )
    },
  },
  {
    name: "makes a candidate the current value, as a write of it would",
    async run(bench) {
      for (const value of valuesOf(bench)) {
        const name = bench.name("token")
        const beside = { name: bench.name("token-two"), value: bench.value() }
        await bench.put(name, bench.value())
        await bench.put(beside.name, beside.value)
        const parked = await begin(bench, name, value, await seqAfter(bench, name))
        const { version } = await promote(bench.ledger, parked)
        const now = await ensureIs(bench, name, value, "the promoted secret")
        ensure(now.version === version, "the version that was told is the current one")
        ensure(version !== parked.base, "a promotion moves the version")
        await ensureIs(bench, beside.name, beside.value, "a secret beside it")
        await bench.ledger.discard(name, { ...calm(), ...idOf(parked) })
      }
    },
  },
  {
    name: "leaves the promoted secret alone when its candidate is discarded",
    async run(bench) {
      const parked = await rotated(bench)
      const { version } = (await currentOf(bench.store, parked.name)) ?? {}
      await bench.ledger.discard(parked.name, { ...calm(), ...idOf(parked) })
      await bench.ledger.discard(parked.name, { ...calm(), rotationId: parked.rotationId })
      const now = await ensureIs(
        bench,
        parked.name,
        parked.value,
        "the secret after its candidate is discarded",
      )
      ensure(now.version === version, "the version stays when the candidate is discarded")
    },
  },
  {
    name: "writes the journal with the secret, or leaves it alone, as it declares",
    async run(bench) {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const parked = await begin(bench, name)
      const { journaled, version } = await promote(bench.ledger, parked)
      ensure(journaled === bench.promises.journaled, `journaled is ${bench.promises.journaled}`)
      const found = (await bench.ledger.journals?.load(name, calm()))?.journal
      if (found === undefined) return ensure(!journaled, "a journal that was written is there")
      const { journal } = parked
      ensure(found.seq === journal.seq + (journaled ? 1 : 0), "the journal has the number that it declares")
      ensure(
        found.state === (journaled ? "promoted" : "parked"),
        "the journal has the state that it declares",
      )
      if (journaled) ensure(found.promotedVersion === version, "the journal tells the version that was made")
    },
  },
  {
    name: "refuses where the journal is another one than was expected, where it writes it with the secret",
    async run(bench) {
      if (!bench.promises.journaled) return
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const parked = await begin(bench, name)
      const taken = { ...parked.journal, seq: parked.journal.seq + 1, owner: "somebody-else" }
      await bench.ledger.journals?.save(name, taken, { ...calm(), expectSeq: parked.journal.seq })
      await ensureRefused(bench, parked, "a promotion after the journal was taken")
      await ensureIs(bench, name, value, "the secret after that")
      const { journal } = (await bench.ledger.journals?.load(name, calm())) ?? {}
      ensure(journal?.owner === "somebody-else", "the journal stays that of whoever took it")
    },
  },
  {
    name: "never writes over what a person wrote meanwhile",
    async run(bench) {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const parked = await begin(bench, name)
      const byHand = bench.value()
      await bench.put(name, byHand)
      await ensureRefused(bench, parked, "a promotion after a person wrote")
      await ensureIs(bench, name, byHand, "what the person wrote")
      await ensureRefused(bench, parked, "the same promotion again")
      await ensureIs(bench, name, byHand, "what the person wrote, still")
    },
  },
  {
    name: "takes a write of the same value for a change, or not, as it declares",
    async run(bench) {
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const parked = await begin(bench, name)
      await bench.put(name, value)
      if (!bench.promises.noticesSameValue) {
        await promote(bench.ledger, parked)
        return void (await ensureIs(bench, name, parked.value, "the promoted secret"))
      }
      await ensureRefused(bench, parked, "a promotion after a person wrote the same value again")
      await ensureIs(bench, name, value, "what the person wrote")
    },
  },
  {
    name: "refuses a secret that a person removed meanwhile, where one can be",
    async run(bench) {
      if (bench.remove === undefined) return
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const parked = await begin(bench, name)
      await bench.remove(name)
      await ensureRefused(bench, parked, "a promotion after a person removed the secret")
      ensure((await currentOf(bench.store, name)) === undefined, "a removed secret stays removed")
    },
  },
  {
    name: "refuses where there must be no secret and there is one",
    async run(bench) {
      const [name, value] = [bench.name("token"), bench.value()]
      await bench.put(name, value)
      const parked = await begin(bench, name)
      await ensureRefused(bench, { ...parked, base: undefined }, "a promotion that expects no secret")
      await ensureIs(bench, name, value, "the secret")
    },
  },
  {
    name: "creates a secret that is missing, or refuses to rotate one, as it declares",
    async run(bench) {
      const name = bench.name("missing")
      if (!bench.promises.creates) {
        const check = () => bench.ledger.check(name, calm())
        const error = await ensureRejects(
          check,
          ["MISCONFIGURED", "UNSUPPORTED"],
          "rotating a missing secret",
        )
        return ensure(error.hint !== undefined, "the refusal of a missing secret says what to do")
      }
      await bench.ledger.check(name, calm())
      const parked = await begin(bench, name)
      ensure(parked.base === undefined, "a missing secret has no version")
      const { previous } = await promote(bench.ledger, parked)
      ensure(previous === undefined, "where no secret was, no value is before")
      await ensureIs(bench, name, parked.value, "the new secret")
      await ensureRefused(bench, parked, "the same promotion again")
    },
  },
  {
    name: "refuses the same promotion again, and the secret is the candidate",
    async run(bench) {
      const parked = await rotated(bench)
      for (const store of [bench.store, await bench.replica()]) {
        const call = () => promote(store.rotation(), parked)
        const error = await ensureRejects(call, "CONFLICT", "the same promotion again", [parked.value])
        ensure(error.outcome === undefined, "a refusal is no unknown outcome")
      }
      await ensureIs(bench, parked.name, parked.value, "the secret")
    },
  },
  {
    name: "refuses a promotion that comes a rotation late",
    async run(bench) {
      const late = await rotated(bench)
      await bench.ledger.discard(late.name, { ...calm(), ...idOf(late) })
      const next = await begin(bench, late.name, bench.value(), await seqAfter(bench, late.name))
      await ensureRefused(bench, late, "a late promotion, while the next candidate is parked")
      await promote(bench.ledger, next)
      await ensureRefused(bench, late, "a late promotion, after the next one")
      await ensureIs(bench, late.name, next.value, "the secret")
    },
  },
  {
    name: "promotes once where eight do so at the same time, where promotion is conditional",
    async run(bench) {
      if (bench.ledger.promotion !== "conditional") return
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const parked = await begin(bench, name)
      const { won } = await race(await racers(bench, ledger => promote(ledger, parked)), "promotions at once")
      ensure(won.length === 1, `one promotion happens, and not ${won.length}`)
      await ensureIs(bench, name, parked.value, "the promoted secret")
    },
  },
  {
    name: "lets either a person's write or the promotion stand, where both come at once and promotion is conditional",
    async run(bench) {
      if (bench.ledger.promotion !== "conditional") return
      for (let round = 0; round < 5; round++) {
        const name = bench.name("token")
        await bench.put(name, bench.value())
        const parked = await begin(bench, name, bench.value(), await seqAfter(bench, name))
        const byHand = bench.value()
        const written = bench.put(name, byHand)
        const [promoted] = await Promise.allSettled([promote(bench.ledger, parked), written])
        await written
        const now = await currentOf(bench.store, name)
        // Whichever came first: a person's write is never lost, for it is what stands in the end.
        ensureSame(now?.value ?? "", byHand, `what the person wrote, beside a promotion (${promoted.status})`)
        await bench.ledger.discard(name, { ...calm(), ...idOf(parked) })
      }
    },
  },
  {
    name: "promotes a value that was never parked",
    async run(bench) {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const { reference: _, ...parked } = await begin(bench, name)
      const value = bench.value()
      await promote(bench.ledger, { ...parked, value })
      await ensureIs(bench, name, value, "the promoted secret")
    },
  },
]

async function ensureRefused(bench: Bench, parked: Parked, what: string): Promise<void> {
  const error = await ensureRejects(() => promote(bench.ledger, parked), "CONFLICT", what, [parked.value])
  ensure(error.outcome === undefined, `${what}: a refusal is no unknown outcome`)
}
