import { describe, expect, it } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { seedOfRun } from "../crash/matrix.ts"
import { COLUMNS, type Column, RACED, type Raced } from "./columns.ts"
import type { FaultName } from "./messages.ts"
import { runRace, type Tally } from "./rounds.ts"

/** How many rounds are raced with each plan here; `npm run race` takes all. */
const ROUNDS = 3
/** A race is lost at the latest when each leader was stopped at each of its moments once. */
const UNTIL_LOST = 40
const PATIENCE = 180_000

async function race(
  column: Column,
  parts: { plan: Raced; rounds: number; seed: number; fault?: FaultName },
): Promise<Tally> {
  const arena = await column.open()
  try {
    return await runRace({ arena, prefix: newCanary().text, ...parts })
  } finally {
    await arena.close()
  }
}

function races(column: Column): void {
  const seed = seedOfRun()

  it.each(RACED)(`rotates once each time what is %s (LATCHKEY_CRASH_SEED=${seed})`, {
    timeout: PATIENCE,
  }, async plan => {
    const tally = await race(column, { plan, rounds: ROUNDS, seed })
    expect(tally).toMatchObject({ wrong: [], rounds: ROUNDS, promoted: ROUNDS, stayed: ROUNDS, orphans: 0 })
  })
}

/** On one store: these faults are the protocol's and the journal's, and mostly lose a race before anybody is stopped. */
function lostRaces(column: Column): void {
  const seed = seedOfRun()

  it.each<FaultName>([
    "a journal without compare-and-set",
    "no fence after a pause",
  ])(`is lost with %s (LATCHKEY_CRASH_SEED=${seed})`, { timeout: PATIENCE }, async fault => {
    const { wrong } = await race(column, { plan: "minted", rounds: UNTIL_LOST, seed, fault })
    expect(wrong).not.toEqual([])
  })
}

describe("A race of eight replicas, whose leader is stopped past its lease and goes on", () => {
  describe("on a .env", () => {
    races(COLUMNS.dotenv)
    lostRaces(COLUMNS.dotenv)
  })

  describeOn("vault", () => races(COLUMNS.vault))
})
