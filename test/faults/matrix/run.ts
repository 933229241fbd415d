import { it, type TestContext } from "vitest"
import { proxyTo, running, ServerUnavailable } from "../../servers/index.ts"
import { type Bench, type Column, isLive, type LiveCell, type MakeLink, type Needs } from "./cell.ts"
import { ROW_IDS, ROWS } from "./rows.ts"
import { liveThrough } from "./scenario.ts"

/** Waits for the server through which connections are to lead, and gives the means to make them, or why there are none. */
export async function linkThrough(server: "toxiproxy"): Promise<MakeLink | ServerUnavailable> {
  try {
    await running(server)
  } catch (thrown) {
    if (thrown instanceof ServerUnavailable) return thrown
    throw thrown
  }
  return async port => await proxyTo("127.0.0.1", port)
}

/**
 * One test for each bad day that a backend can have.
 *
 * @param link for cells that harm the connection.
 * @param makeBench makes what a cell is about.
 */
export function runColumn<B extends Bench>(
  column: Column<B>,
  link: MakeLink | ServerUnavailable,
  makeBench: (needs: Needs) => Promise<B>,
): void {
  for (const id of ROW_IDS) {
    const cell = column[id]
    if (!isLive(cell)) continue
    it(`${ROWS[id].title}: ${cell.code}, ${cell.held}`, async context => {
      await liveThrough(ROWS[id], cell, await makeBench(needsOf(cell, link, context)))
    })
  }
}

function needsOf<B extends Bench>(
  { needs }: LiveCell<B>,
  link: MakeLink | ServerUnavailable,
  context: TestContext,
): Needs {
  if (needs === undefined) return {}
  if (needs !== "link") return { [needs]: true }
  if (!(link instanceof ServerUnavailable)) return { link }
  if (process.env.CI === "true") throw link
  return context.skip(link.message)
}
