import type { JournalKeeper, RotationJournal } from "../../core/index.ts"
import { calm, ensure, ensureRejects } from "../ensure.ts"
import { type Bench, type Check, RACERS, race, racers } from "./bench.ts"

/** Journals: read as they are, and changed by compare-and-set. */
export const journalChecks: readonly Check[] = [
  {
    name: "keeps journals, or declares that it keeps none",
    async run({ ledger, promises }) {
      ensure(
        (ledger.journals !== undefined) === promises.journals,
        `it keeps ${promises.journals ? "" : "no "}journals`,
      )
      if (ledger.journals !== undefined) ensure(ledger.journals.location !== "", "it says where they are")
    },
  },
  journaling("knows no journal of a secret that was never rotated", async (bench, journals) => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    await ensureJournal(journals, name, undefined)
  }),
  journaling(
    "gives back every field of a journal as it was written, to others too",
    async (bench, journals) => {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      const journal = fullJournal(bench)
      await save(journals, name, journal)
      await ensureJournal(journals, name, journal)
      await ensureJournal(await otherKeeper(bench), name, journal)
    },
  ),
  journaling(
    "elects one of eight who write the first journal, and keeps nothing of the others",
    async bench => {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      await ensureElection(bench, name, 0)
    },
  ),
  journaling("elects one of eight who change a journal, and keeps nothing of the others", async bench => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    await ensureElection(bench, name, 0)
    await ensureElection(bench, name, 1)
    await ensureElection(bench, name, 2)
  }),
  journaling(
    "refuses to write over a journal of another number, and leaves it alone",
    async (bench, journals) => {
      const name = bench.name("token")
      await bench.put(name, bench.value())
      await ensureConflict(
        journals,
        name,
        bench.journal({ seq: 2 }),
        "a change of a journal that is not there",
      )
      await ensureJournal(journals, name, undefined)
      let kept = bench.journal()
      await save(journals, name, kept)
      for (const seq of [2, 3]) {
        kept = bench.journal({ seq, state: "parked" })
        await save(journals, name, kept)
      }
      for (const seq of [1, 2, 3, 5, 9]) {
        await ensureConflict(journals, name, bench.journal({ seq }), `the journal ${seq} after the journal 3`)
        await ensureJournal(journals, name, kept)
      }
      await ensureConflict(
        await otherKeeper(bench),
        name,
        bench.journal({ seq: 1 }),
        "a replica's first journal",
      )
      await ensureJournal(journals, name, kept)
    },
  ),
  journaling("carries a journal on, whoever writes it", async (bench, journals) => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const keepers = [journals, await otherKeeper(bench)]
    for (let seq = 1; seq <= 6; seq++) {
      const [writer, reader] = seq % 2 === 0 ? keepers : keepers.toReversed()
      const journal = bench.journal({ seq })
      if (writer === undefined || reader === undefined) continue
      await save(writer, name, journal)
      await ensureJournal(reader, name, journal)
      if (seq > 1)
        await ensureConflict(reader, name, bench.journal({ seq: seq - 1 }), "a write that comes late")
    }
  }),
  journaling("keeps the journals of secrets apart whose names are alike", async (bench, journals) => {
    const names = ["ab-c", "ab/c", "abc", "ab/c/journal", "ab/journal"].map(last => bench.name(last))
    const written = new Map<string, RotationJournal>()
    for (const name of names) {
      await bench.put(name, bench.value())
      const journal = bench.journal()
      await save(journals, name, journal)
      written.set(name, journal)
    }
    for (const [name, journal] of written) await ensureJournal(journals, name, journal)
  }),
  journaling("keeps a journal when somebody changes the secret", async (bench, journals) => {
    const name = bench.name("token")
    await bench.put(name, bench.value())
    const journal = bench.journal()
    await save(journals, name, journal)
    await bench.put(name, bench.value())
    await ensureJournal(journals, name, journal)
    await save(journals, name, bench.journal({ seq: 2 }))
  }),
  journaling(
    "refuses a journal that is garbled, and one of a newer form, and leaves them alone",
    async bench => {
      const { ledger, writeJournal } = bench
      if (writeJournal === undefined || ledger.journals === undefined) return
      const name = bench.name("token")
      await bench.put(name, bench.value())
      await save(ledger.journals, name, bench.journal())
      for (const [text, code] of [
        ["{ not a journal", "INVALID_VALUE"],
        [JSON.stringify({ ...bench.journal({ seq: 2 }), schema: 99 }), "UNSUPPORTED"],
        [JSON.stringify({ ...bench.journal({ seq: 2 }), odd: true }), "INVALID_VALUE"],
      ] as const) {
        await writeJournal(name, text)
        const { journals } = ledger
        const load = () => journals.load(name, calm())
        const error = await ensureRejects(load, code, "loading such a journal", [text])
        ensure(error.hint !== undefined, "the refusal of such a journal says what to do")
        for (const expectSeq of [0, 1, 2]) {
          const seq = expectSeq + 1
          const write = () => journals.save(name, bench.journal({ seq }), { ...calm(), expectSeq })
          await ensureRejects(write, ["CONFLICT", code], "writing over such a journal")
        }
        await ensureRejects(load, code, "loading such a journal again")
      }
    },
  ),
]

function journaling(sentence: string, run: (bench: Bench, journals: JournalKeeper) => Promise<void>): Check {
  return {
    name: `${sentence}, where it keeps journals`,
    async run(bench) {
      if (bench.ledger.journals !== undefined) await run(bench, bench.ledger.journals)
    },
  }
}

async function otherKeeper(bench: Bench): Promise<JournalKeeper> {
  const { journals } = (await bench.replica()).rotation()
  ensure(journals !== undefined, "a replica keeps journals as well")
  return journals
}

async function save(journals: JournalKeeper, name: string, journal: RotationJournal): Promise<void> {
  await journals.save(name, journal, { ...calm(), expectSeq: journal.seq - 1 })
}

async function ensureConflict(
  journals: JournalKeeper,
  name: string,
  journal: RotationJournal,
  what: string,
): Promise<void> {
  const error = await ensureRejects(() => save(journals, name, journal), "CONFLICT", what)
  ensure(error.outcome === undefined, `${what}: a refusal is no unknown outcome`)
}

async function ensureJournal(
  journals: JournalKeeper,
  name: string,
  expected: RotationJournal | undefined,
): Promise<void> {
  const { journal, at } = await journals.load(name, calm())
  ensure(at === undefined || (Number.isFinite(at) && at > 0), "the time of the service is a time")
  ensure(
    sorted(journal) === sorted(expected),
    expected === undefined
      ? "there is no journal"
      : `the journal is the one that was written as ${expected.seq}`,
  )
}

function sorted(journal: RotationJournal | undefined): string {
  return JSON.stringify(Object.entries(journal ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** Eight write the journal that follows at once, each with a nonce of its own. */
async function ensureElection(bench: Bench, name: string, expectSeq: number): Promise<void> {
  const calls = await racers(bench, async ledger => {
    const journal = bench.journal({ seq: expectSeq + 1 })
    await ledger.journals?.save(name, journal, { ...calm(), expectSeq })
    return journal
  })
  const { won } = await race(calls, "journals at once")
  const [winner] = won
  ensure(won.length === 1 && winner !== undefined, `one of ${RACERS} wins, and not ${won.length}`)
  await ensureJournal(bench.ledger.journals as JournalKeeper, name, winner)
  await ensureJournal(await otherKeeper(bench), name, winner)
}

function fullJournal(bench: Bench): RotationJournal {
  return bench.journal({
    state: "blocked",
    rotationId: bench.rotation(),
    claimSeq: 0,
    base: "a version / with=odd signs: ü",
    candidate: "latchkey/somewhere",
    newId: "AKIA-new",
    oldId: "AKIA-old",
    knownIds: ["one", "two ü", 'three "quoted"'],
    notBefore: 1_700_000_000_001,
    attempt: 7,
    lastPromotedAt: 1_700_000_000_002,
    promotedVersion: "v1",
    previous: "v0",
    compromised: true,
    rollback: false,
    reason: "foreign-version",
    blockedFrom: "promoted",
  })
}
