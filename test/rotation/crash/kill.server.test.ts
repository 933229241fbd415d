import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { newCanary } from "../../support/canary.ts"
import type { Bench } from "./benches/bench.ts"
import { COLUMNS } from "./columns.ts"
import { redCells, runKills, seedOfRun, tenth } from "./matrix.ts"
import { PAGE_PLANS } from "./page.ts"
import { knownTransitions } from "./transitions.ts"

const PATIENCE = 600_000
const seed = seedOfRun()

// Which needs a server: "vault".
describe("A process that rotates on Vault", () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await COLUMNS.vault.open(() => undefined)
  })
  afterAll(async () => await bench.close())

  describe.each(PAGE_PLANS)("a credential that is %s", plan => {
    it(`loses nothing when it is killed at a tenth of its requests (seed ${seed})`, {
      timeout: PATIENCE,
    }, async () => {
      const parts = { bench, plan, prefix: newCanary().text }
      const { results, transitions } = await runKills(parts, { chosen: tenth(seed) })
      expect(results.length).toBeGreaterThan(2)
      expect(redCells(results)).toEqual([])
      const known = knownTransitions(plan, COLUMNS.vault.promotes)
      expect([...transitions].filter(transition => !known.has(transition))).toEqual([])
    })
  })
})
