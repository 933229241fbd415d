import { describe, expect, it } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { COLUMNS, type Column } from "./columns.ts"
import { judged, type Verdict } from "./judge.ts"
import type { FaultName } from "./messages.ts"
import { Track } from "./track.ts"

const FAULT: FaultName = "a journal that whoever was overtaken writes over"
/** Where the leader is stopped: what it has seen of the new credential is true, and what it knows of the journal is not. */
const STOPPED_AT = "after verify"
const PATIENCE = 120_000

/** Rotations in which nobody is stopped, and then one in which the leader is, until the others have promoted. */
async function calmAndStopped(
  column: Column,
  fault?: FaultName,
): Promise<{ readonly calm: readonly Verdict[]; readonly stopped: Verdict }> {
  const arena = await column.open()
  try {
    await using track = await Track.set({ arena, plan: "minted", prefix: newCanary().text, fault })
    // The first one adopts the secret, and goes through more than those that follow.
    const first = await judged(track, {})
    const second = await judged(track, {})
    const moment = second.moments.claimed?.indexOf(STOPPED_AT) ?? -1
    const stopped = await judged(track, {
      stop: { after: "claimed", moment },
      comeback: "when the others wait or are done",
    })
    return { calm: [first, second], stopped }
  } finally {
    await arena.close()
  }
}

function finds(column: Column): void {
  it("finds a fault that shows only when the leader was really stopped", { timeout: PATIENCE }, async () => {
    const { calm, stopped } = await calmAndStopped(column, FAULT)
    expect(calm.flatMap(({ wrong }) => wrong)).toEqual([])
    expect(stopped).toMatchObject({ stoppedAt: STOPPED_AT, takenOver: true })
    expect(stopped.wrong).toContainEqual(
      expect.stringMatching(/^whoever was overtaken began: .*save verified/),
    )
  })

  it("finds nothing at the same stop without that fault", { timeout: PATIENCE }, async () => {
    const { calm, stopped } = await calmAndStopped(column)
    expect(calm.flatMap(({ wrong }) => wrong)).toEqual([])
    expect(stopped).toMatchObject({ stoppedAt: STOPPED_AT, takenOver: true, wrong: [], orphans: 0 })
  })
}

describe("A race whose leader is stopped between two of its requests", () => {
  describe("on a .env", () => finds(COLUMNS.dotenv))

  describeOn("vault", () => finds(COLUMNS.vault))
})
