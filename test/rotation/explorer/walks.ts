import { describe, expect, it } from "vitest"
import { Explorer } from "../model/explore.ts"
import { CALM, SINGLE } from "../model/settings.ts"
import type { Setting } from "../model/world.ts"

/** Every order in which the requests of two programs can be carried out takes a while to walk through. */
export const PATIENCE = 300_000

/** Walks through the protocol, run by two programs: with each misfortune, and in peace. */
export function walkThrough(settings: readonly Setting[]): void {
  describe.each(settings)("the protocol of a rotation, run by two programs, for $name", setting => {
    it.each(SINGLE)("keeps every promise when $name", { timeout: PATIENCE }, ({ budget }) => {
      const { violations, complete, transitions } = new Explorer(setting).explore(budget)
      expect(violations).toEqual([])
      expect(complete).toBe(true)
      // A single leap of time passes the propagation of a set of keys, or else the grace.
      expect(transitions).toContain(setting.publishes ? "published > promoted" : "retiring > idle")
    })

    it("ends what it began", { timeout: PATIENCE }, () => {
      const { violations, complete, transitions } = new Explorer(setting).explore(CALM)
      expect(violations).toEqual([])
      expect(complete).toBe(true)
      expect(transitions).toContain("retiring > idle")
    })
  })
}
