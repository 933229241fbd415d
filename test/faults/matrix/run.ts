import { it, type TestContext } from "vitest"
import { type Bench, type Column, isLive } from "./cell.ts"
import type { MakeLink } from "./link.ts"
import { ROW_IDS, ROWS } from "./rows.ts"
import { liveThrough } from "./scenario.ts"

/** What the cells of a column are run with. */
export interface Running<B extends Bench> {
  /** Makes what a cell is about. @param makeLink for cells that harm the connection. */
  makeBench(makeLink?: MakeLink): Promise<B>
  /** Makes a connection that can be harmed, or gives the reason why there is none. */
  readonly link: MakeLink | Error
}

/** One test for each bad day that a backend can have. */
export function runColumn<B extends Bench>(column: Column<B>, { makeBench, link }: Running<B>): void {
  for (const id of ROW_IDS) {
    const cell = column[id]
    if (!isLive(cell)) continue
    const needsLink = cell.throughLink === true
    it(`${ROWS[id].title}: ${cell.code}, ${cell.held}`, async context => {
      if (needsLink && link instanceof Error) return notToBeHad(link, context)
      await liveThrough(
        ROWS[id],
        cell,
        await makeBench(needsLink && !(link instanceof Error) ? link : undefined),
      )
    })
  }
}

function notToBeHad(reason: Error, context: TestContext): void {
  if (process.env.CI === "true") throw reason
  context.skip(reason.message)
}
