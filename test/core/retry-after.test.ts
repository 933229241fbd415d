import { expect, test } from "vitest"
import { retryAfterOf } from "../../src/core/index.ts"

const NOW = Date.parse("Wed, 25 Nov 2026 10:00:00 GMT")

test.for([
  ["whole seconds", "7", 7_000],
  ["no time at all", "0", 0],
  ["space around it", " 12 ", 12_000],
  ["a number, as some clients hand it over", 3, 3_000],
  ["a date", "Wed, 25 Nov 2026 10:00:30 GMT", 30_000],
  ["a date in the old form", "Wednesday, 25-Nov-26 10:01:00 GMT", 60_000],
  ["a date that has passed", "Wed, 25 Nov 2026 09:00:00 GMT", 0],
] as const)("Retry-After with %s is understood", ([, header, expected]) => {
  expect(retryAfterOf(header, NOW)).toBe(expected)
})

test.for([
  null,
  undefined,
  "",
  "soon",
  "-1",
  "1.5",
  "1e3",
  "Nov 10:00:00",
  ["7"],
] as const)("Retry-After %j says nothing", header => {
  expect(retryAfterOf(header, NOW)).toBeUndefined()
})

test("a date is held against the clock of the machine, where no time is given", () => {
  expect(retryAfterOf(new Date(Date.now() + 3_600_000).toUTCString())).toBeGreaterThan(3_500_000)
})
