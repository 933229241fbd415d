import { describe, expect, it } from "vitest"
import { Explorer } from "./model/explore.ts"
import { PLANTED_BUGS } from "./model/planted.ts"
import { CALM, SETTINGS, SINGLE } from "./model/settings.ts"

/** Every order in which the requests of two programs can be carried out takes a while to walk through. */
const PATIENCE = 300_000

describe("the protocol of a rotation, run by two programs", () => {
  describe.each(SETTINGS)("for $name", setting => {
    it.each(SINGLE)("keeps every promise when $name", { timeout: PATIENCE }, ({ budget }) => {
      const { violations, complete, transitions } = new Explorer(setting).explore(budget)
      expect(violations).toEqual([])
      expect(complete).toBe(true)
      // A single leap of time passes the propagation of a set of keys, or else the grace.
      expect(transitions).toContain(setting.publishes ? "published > promoted" : "retiring > idle")
    })
  })

  it.each(SETTINGS)("ends what it began for $name", { timeout: PATIENCE }, setting => {
    const { violations, complete, transitions } = new Explorer(setting).explore(CALM)
    expect(violations).toEqual([])
    expect(complete).toBe(true)
    expect(transitions).toContain("retiring > idle")
  })
})

describe("the explorer", () => {
  it.each(PLANTED_BUGS)("finds $bug", { timeout: PATIENCE }, ({ variation, setting, budget, breaks }) => {
    const { prompt = false } = variation
    expect(new Explorer(setting, { prompt }).explore(budget).violations).toEqual([])
    const { violations } = new Explorer(setting, variation).explore(budget)
    expect(violations.map(({ what }) => what)).toEqual([expect.stringMatching(breaks)])
  })
})
