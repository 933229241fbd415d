import { describe, expect, it } from "vitest"
import { EXIT_TEXTS, exitCodeOf, exitCodeOfStatus } from "../../src/cli/exit-codes.ts"
import type { Happened, RotationOutcome, RotationProblem, RotationStatus } from "../../src/rotation/index.ts"

const outcome = (happened: Happened, kind?: RotationProblem["kind"]): RotationOutcome => ({
  name: "a",
  happened,
  moved: false,
  state: "idle",
  ...(kind === undefined ? {} : { problem: { kind, message: "m", hint: "h" } }),
})

describe("the exit code", () => {
  it.each<[Happened, number, number]>([
    ["nothing", 0, 0],
    ["rotated", 0, 0],
    ["taken-back", 0, 0],
    ["waiting", 0, 0],
    ["failed", 1, 1],
    ["blocked", 3, 3],
    ["awaits", 4, 4],
    ["held", 5, 0],
  ])("of %s is %i for a named secret, and %i among all", (happened, named, among) => {
    expect(exitCodeOf([outcome(happened)], true)).toBe(named)
    expect(exitCodeOf([outcome(happened)], false)).toBe(among)
  })

  it("is that of a failure while the pause after a refused attempt goes on", () => {
    expect(exitCodeOf([outcome("waiting", "failed")], true)).toBe(1)
  })

  it("of several is that of the most urgent one, in whichever order they come", () => {
    const all = [outcome("rotated"), outcome("awaits"), outcome("failed"), outcome("blocked")]
    expect(exitCodeOf(all, false)).toBe(3)
    expect(exitCodeOf(all.toReversed(), false)).toBe(3)
    expect(exitCodeOf(all.slice(0, 3), false)).toBe(1)
    expect(exitCodeOf(all.slice(0, 2), false)).toBe(4)
    expect(exitCodeOf([], false)).toBe(0)
  })

  it.each<[RotationProblem["kind"], number]>([
    ["blocked", 3],
    ["clock", 3],
    ["failed", 1],
    ["still-accepted", 1],
    ["overdue", 1],
    ["near-expiry", 1],
    ["awaits", 4],
  ])("of --status is told by the most urgent problem: %s is %i", (kind, code) => {
    const status = (kinds: readonly RotationProblem["kind"][]): RotationStatus => ({
      name: "a",
      state: "idle",
      scheduled: true,
      overdue: false,
      attempts: 0,
      problems: kinds.map(one => ({ kind: one, message: "m", hint: "h" })),
    })
    expect(exitCodeOfStatus([status([]), status([kind])])).toBe(code)
    expect(exitCodeOfStatus([status([])])).toBe(0)
    expect(exitCodeOfStatus([status([kind, "blocked"])])).toBe(3)
  })

  it("is explained for every number that there is", () => {
    expect(Object.keys(EXIT_TEXTS)).toEqual(["0", "1", "2", "3", "4", "5", "6"])
  })
})
