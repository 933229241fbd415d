import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { newCanary } from "../../support/canary.ts"
import type { Bench } from "./benches/bench.ts"
import { COLUMNS, type ColumnName } from "./columns.ts"
import { BLOWS, type BlowName, redCells, runCells, seedOfRun, tenth } from "./matrix.ts"
import { PAGE_PLANS } from "./page.ts"
import { knownTransitions } from "./transitions.ts"

/** All cells of a column wait for a server or a disk some hundreds of times. */
const PATIENCE = 1_200_000

/**
 * Interrupts rotations on one store: at every request, or at a tenth of them. `LATCHKEY_CRASH_SEED` in the environment
 * says which tenth.
 */
export function testColumn(name: ColumnName, howMany: "all" | "a tenth"): void {
  const seed = seedOfRun()
  const which = howMany === "all" ? "at every request" : `at a tenth of its requests (seed ${seed})`
  const column = COLUMNS[name]

  describe(`A rotation on ${column.title}`, () => {
    let bench: Bench
    beforeAll(async () => {
      bench = await column.open(() => undefined)
    })
    afterAll(async () => await bench.close())

    describe.each(PAGE_PLANS)("of a credential that is %s", plan => {
      it(`comes to its end and loses nothing, interrupted ${which}`, { timeout: PATIENCE }, async () => {
        const { results, transitions } = await runCells(
          { bench, plan, prefix: newCanary().text },
          {
            blows: Object.keys(BLOWS) as BlowName[],
            ...(howMany === "all" ? {} : { chosen: tenth(seed) }),
          },
        )
        expect(redCells(results)).toEqual([])
        const known = knownTransitions(plan, column.promotes)
        expect([...transitions].filter(transition => !known.has(transition))).toEqual([])
      })
    })
  })
}
