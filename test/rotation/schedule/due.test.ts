import { describe, expect, it } from "vitest"
import type { RotationJournal } from "../../../src/core/index.ts"
import { DueTimes, type Moment } from "../../../src/rotation/schedule/due.ts"
import { timetableOf } from "../../../src/rotation/schedule/timetable.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = new Date("2026-06-01T00:00:00Z").getTime()

function daily(more: { name?: string; jitter?: number; beginsNow?: boolean } = {}): DueTimes {
  const { name = "auth/key", jitter = 0, beginsNow = true } = more
  const timetable = timetableOf({ name, schedule: { interval: "24h" }, jitter, now: START, least: 0 })
  return new DueTimes({ name, timetable, jitter, beginsNow })
}

/** The present, in milliseconds after the start, and when the secret was promoted last. */
function moment(at: number, promoted: number | undefined, more: Partial<Moment> = {}): Moment {
  const journal = { lastPromotedAt: START + (promoted ?? 0) } as RotationJournal
  return {
    at: START + at,
    byStore: false,
    monotonic: at,
    journal: promoted === undefined ? undefined : journal,
    ...more,
  }
}

const sinceStart = (due: { at: number }): number => due.at - START

describe("A secret is due", () => {
  it("one interval after its last promotion, and at once where there is none", () => {
    expect(sinceStart(daily().due(moment(HOUR, 0)))).toBe(DAY)
    expect(sinceStart(daily().due(moment(HOUR, undefined)))).toBe(HOUR)
    expect(daily({ beginsNow: false }).due(moment(HOUR, undefined)).at).toBe(Number.POSITIVE_INFINITY)
  })

  it("in time, though the clock was set back while the process lives", () => {
    const times = daily()
    times.due(moment(0, 0))
    for (const back of [HOUR, 3 * DAY, 400 * DAY]) {
      // The clock says that it is before the last promotion; 20 hours have passed.
      const due = times.due(moment(20 * HOUR - back, 0, { monotonic: 20 * HOUR }))
      expect(sinceStart(due)).toBe(DAY - back)
    }
  })

  it("in time, though the machine slept, when only the clock goes on", () => {
    const times = daily()
    times.due(moment(0, 0))
    expect(sinceStart(times.due(moment(23 * HOUR, 0, { monotonic: HOUR })))).toBe(DAY)
    expect(sinceStart(times.due(moment(25 * HOUR, 0, { monotonic: HOUR })))).toBeLessThanOrEqual(25 * HOUR)
  })

  it("by the store's clock alone where that tells the time, whatever the machine's clocks say", () => {
    const times = daily()
    times.due(moment(0, 0, { byStore: true }))
    expect(sinceStart(times.due(moment(HOUR, 0, { byStore: true, monotonic: 30 * DAY })))).toBe(DAY)
  })

  it("no later than two intervals from now, where a process finds the last promotion in the near future", () => {
    const due = daily().due(moment(0, 20 * HOUR))
    expect(due.strange).toBe(false)
    expect(sinceStart(due)).toBeGreaterThan(0)
    expect(sinceStart(due)).toBeLessThanOrEqual(2 * DAY)
  })

  it("at once, where it finds it further in the future than an interval: some clock was wrong, and it says so", () => {
    for (const byStore of [true, false]) {
      const due = daily().due(moment(0, 400 * DAY, { byStore }))
      expect(due.strange).toBe(true)
      expect(sinceStart(due)).toBe(0)
    }
  })

  it("until it is rotated, where it was found that far in the future, however often one looks and starts again", () => {
    const times = daily({ jitter: 0.1 })
    for (const later of [0, 1, MINUTE, HOUR]) {
      const now = moment(later, 400 * DAY, { monotonic: later })
      expect(times.due(now)).toEqual({ at: START + later, strange: true })
    }
    const begins = daily({ jitter: 0.1 }).dueSpread(moment(0, 400 * DAY)).at
    expect(begins - START).toBeLessThanOrEqual(HOUR)
    for (let start = 0; START + start <= begins; start += 7 * MINUTE) {
      const again = daily({ jitter: 0.1 })
      again.due(moment(start, 400 * DAY))
      for (const later of [0, 1_000]) {
        expect(again.dueSpread(moment(start + later, 400 * DAY, { monotonic: later })).at).toBe(begins)
      }
    }
    // Once it is promoted by a clock that is right, it is due as any other.
    expect(sinceStart(daily().due(moment(2 * HOUR, 2 * HOUR)))).toBe(26 * HOUR)
  })

  it("in time, where a clock was wrong when the process began and is right by now", () => {
    const times = daily()
    expect(times.due(moment(-400 * DAY, 0, { monotonic: 0 })).strange).toBe(true)
    expect(times.due(moment(HOUR, 0, { monotonic: HOUR })).strange).toBe(false)
    expect(sinceStart(times.due(moment(HOUR, 0, { monotonic: HOUR })))).toBe(DAY)
  })

  it("only once after a clock was set back and right again", () => {
    const times = daily()
    times.due(moment(0, 0))
    // Set back by three days when 25 hours had passed: due, and promoted by that clock.
    const back = 25 * HOUR - 3 * DAY
    expect(sinceStart(times.due(moment(back, 0, { monotonic: 25 * HOUR })))).toBeLessThanOrEqual(back)
    expect(sinceStart(times.due(moment(back + MINUTE, back, { monotonic: 25 * HOUR + MINUTE })))).toBe(
      back + DAY,
    )
  })
})

describe("What was missed", () => {
  const names = Array.from({ length: 300 }, (_, index) => `service-${index}/key`)

  it("is made up spread over the jitter by whoever stays, and at once by whoever comes by", () => {
    const dues = names.map(
      name => daily({ name, jitter: 0.02 }).dueSpread(moment(5 * DAY, 0)).at - START - 5 * DAY,
    )
    expect(Math.min(...dues)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...dues)).toBeLessThan(0.02 * DAY)
    expect(new Set(dues.map(due => Math.floor(due / MINUTE))).size).toBeGreaterThan(20)
    for (const name of names) {
      expect(sinceStart(daily({ name, jitter: 0.02 }).due(moment(5 * DAY, 0)))).toBeLessThanOrEqual(DAY)
    }
  })

  it("is spread over at most an hour, and also where nothing was ever rotated", () => {
    const dues = names.map(name => daily({ name, jitter: 0.5 }).dueSpread(moment(0, undefined)).at - START)
    expect(Math.max(...dues)).toBeLessThan(HOUR)
    expect(Math.max(...dues)).toBeGreaterThan(0.9 * HOUR)
  })

  it("comes at the same time in every process, also in one that is started again and again", () => {
    const first = daily({ jitter: 0.1 }).dueSpread(moment(5 * DAY, 0)).at
    for (let start = 5 * DAY; START + start <= first; start += 7 * MINUTE) {
      expect(daily({ jitter: 0.1 }).dueSpread(moment(start, 0)).at).toBe(first)
    }
  })

  it("is decided once: what is due and cannot begin is not put off again", () => {
    const times = daily({ jitter: 0.1 })
    const { at } = times.dueSpread(moment(5 * DAY, 0))
    for (let later = 0; later < 2 * HOUR; later += 10 * MINUTE) {
      expect(times.dueSpread(moment(5 * DAY + later, 0)).at).toBe(at)
    }
    // What somebody is there for in time is no more spread later, when it still could not begin.
    const inTime = daily({ jitter: 0.1 })
    const due = sinceStart(inTime.due(moment(0, 0)))
    for (const later of [MINUTE, HOUR, 3 * HOUR]) {
      expect(sinceStart(inTime.dueSpread(moment(due + later, 0)))).toBe(due)
    }
  })

  it("is put off by no clock that is set back meanwhile", () => {
    const times = daily({ jitter: 0.1 })
    times.dueSpread(moment(5 * DAY, 0))
    const back = 5 * DAY - 90 * DAY
    const { at } = times.dueSpread(moment(back, 0, { monotonic: 5 * DAY }))
    expect(at - START - back).toBeLessThan(HOUR)
  })

  it("without any jitter is made up at once", () => {
    expect(sinceStart(daily().dueSpread(moment(5 * DAY, 0)))).toBe(5 * DAY)
  })
})
