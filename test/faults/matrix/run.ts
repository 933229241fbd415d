import { it, type TestContext } from "vitest"
import { proxyTo, running, ServerUnavailable } from "../../servers/index.ts"
import { type Bench, type Column, isLive, type LiveCell, type Needs } from "./cell.ts"
import { ROW_IDS, ROWS } from "./rows.ts"
import { liveThrough } from "./scenario.ts"

/**
 * One test for each bad day that a backend can have.
 *
 * @param makeBench makes what a cell is about.
 */
export function runColumn<B extends Bench>(column: Column<B>, makeBench: (needs: Needs) => Promise<B>): void {
  for (const id of ROW_IDS) {
    const cell = column[id]
    if (!isLive(cell)) continue
    it(`${ROWS[id].title}: ${cell.code}, ${cell.held}`, async context => {
      const needs = await needsOf(cell, context)
      await liveThrough(ROWS[id], cell, await makeBench(needs))
    })
  }
}

async function needsOf<B extends Bench>({ needs }: LiveCell<B>, context: TestContext): Promise<Needs> {
  if (needs === undefined) return {}
  if (needs !== "link") return { [needs]: true }
  try {
    await running("toxiproxy")
  } catch (thrown) {
    if (!(thrown instanceof ServerUnavailable) || process.env.CI === "true") throw thrown
    return context.skip(thrown.message)
  }
  return { link: async port => await proxyTo("127.0.0.1", port) }
}
