import { describe, expect, it } from "vitest"
import { Explorer } from "../model/explore.ts"
import { PLANTED_BUGS } from "../model/planted.ts"
import { PATIENCE } from "./walks.ts"

describe("the explorer", () => {
  it.each(PLANTED_BUGS)("finds $bug", { timeout: PATIENCE }, ({ variation, setting, budget, breaks }) => {
    const { prompt = false } = variation
    expect(new Explorer(setting, { prompt }).explore(budget).violations).toEqual([])
    const { violations } = new Explorer(setting, variation).explore(budget)
    expect(violations.map(({ what }) => what)).toEqual([expect.stringMatching(breaks)])
  })
})
