import { describe, expect, it } from "vitest"
import type { RotationSchedule } from "../../../src/rotation/index.ts"
import { timetableOf } from "../../../src/rotation/schedule/timetable.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NAMES = Array.from({ length: 200 }, (_, index) => `service-${index}/key`)

function table(schedule: RotationSchedule, jitter = 0, name = "auth/key") {
  return timetableOf({ name, schedule, jitter, now: at("2026-01-01T00:00:00Z"), least: 0 })
}

const at = (time: string): number => new Date(time).getTime()
const text = (time: number): string => new Date(time).toISOString()

/** When a secret is due that is rotated whenever it is due, one time after the other. */
function series(schedule: RotationSchedule, from: string, count: number): string[] {
  const times: string[] = []
  let since = at(from)
  while (times.length < count) {
    since = table(schedule).after(since, since)
    times.push(text(since))
  }
  return times
}

describe("An interval", () => {
  it("is counted from the last promotion", () => {
    const promoted = at("2026-03-04T05:06:07.089Z")
    expect(text(table({ interval: "24h" }).after(promoted, promoted))).toBe("2026-03-05T05:06:07.089Z")
    expect(table({ interval: "90m" }).period(promoted)).toBe(90 * 60_000)
  })

  it("is never exceeded by the jitter, which makes it earlier, by the name and the time alone", () => {
    const promoted = at("2026-03-04T00:00:00Z")
    const dues = NAMES.map(name => table({ interval: "24h" }, 0.1, name).after(promoted, promoted) - promoted)
    expect(Math.max(...dues)).toBeLessThanOrEqual(DAY)
    expect(Math.min(...dues)).toBeGreaterThanOrEqual(0.9 * DAY)
    expect(Math.max(...dues) - Math.min(...dues)).toBeGreaterThan(0.09 * DAY)
    expect(
      NAMES.map(name => table({ interval: "24h" }, 0.1, name).after(promoted, promoted) - promoted),
    ).toEqual(dues)
    // Another time for the next one: who is early once is not early for ever.
    const [first] = NAMES
    const next = table({ interval: "24h" }, 0.1, first).after(promoted, promoted + 1) - promoted
    expect(next).not.toBe(dues[0])
  })
})

describe("A cron expression", () => {
  it("gives the slot after the last promotion", () => {
    const schedule = { cron: "0 3 * * 1" }
    expect(series(schedule, "2026-01-01T12:00:00Z", 3)).toEqual([
      "2026-01-05T03:00:00.000Z",
      "2026-01-12T03:00:00.000Z",
      "2026-01-19T03:00:00.000Z",
    ])
    expect(table(schedule).period(at("2026-01-01T00:00:00Z"))).toBe(7 * DAY)
  })

  it("takes seconds, too, and is in UTC unless a time zone is said", () => {
    expect(series({ cron: "30 0 3 * * *" }, "2026-01-01T12:00:00Z", 1)).toEqual(["2026-01-02T03:00:30.000Z"])
    expect(series({ cron: "0 3 * * *", timezone: "America/New_York" }, "2026-01-01T12:00:00Z", 1)).toEqual([
      "2026-01-02T08:00:00.000Z",
    ])
  })

  it("that falls into the hour that is left out in spring fires once that day", () => {
    expect(series({ cron: "30 2 * * *", timezone: "Europe/Paris" }, "2026-03-27T12:00:00Z", 3)).toEqual([
      "2026-03-28T01:30:00.000Z",
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ])
  })

  it("that falls into the hour that comes twice in autumn fires once that day", () => {
    expect(series({ cron: "30 2 * * *", timezone: "Europe/Paris" }, "2026-10-24T12:00:00Z", 3)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
      "2026-10-27T01:30:00.000Z",
    ])
  })

  it("keeps the hour of the day over both changes, so that the time between two slots is an hour off", () => {
    const spring = series({ cron: "0 4 * * *", timezone: "Europe/Paris" }, "2026-03-28T00:00:00Z", 3).map(at)
    expect(spring.map((time, index) => time - (spring[index - 1] ?? Number.NaN)).slice(1)).toEqual([
      23 * HOUR,
      DAY,
    ])
    const autumn = series({ cron: "0 4 * * *", timezone: "Europe/Paris" }, "2026-10-24T00:00:00Z", 3).map(at)
    expect(autumn.map((time, index) => time - (autumn[index - 1] ?? Number.NaN)).slice(1)).toEqual([
      25 * HOUR,
      DAY,
    ])
  })

  it("does not fire again for whoever promoted with a clock that is a little behind", () => {
    const schedule = { cron: "0 3 * * *" }
    expect(series(schedule, "2026-01-02T02:59:30Z", 1)).toEqual(["2026-01-03T03:00:00.000Z"])
    expect(series(schedule, "2026-01-02T02:58:30Z", 1)).toEqual(["2026-01-02T03:00:00.000Z"])
    // Of slots that are close to each other only a tenth of the gap counts.
    expect(series({ cron: "*/10 * * * * *" }, "2026-01-02T03:00:08Z", 1)).toEqual([
      "2026-01-02T03:00:10.000Z",
    ])
  })

  it("is spread behind its slot, by the jitter and by at most an hour", () => {
    const since = at("2026-01-01T12:00:00Z")
    for (const [cron, jitter, most] of [
      ["0 * * * *", 0.1, 6 * 60_000],
      ["0 3 * * *", 0.1, HOUR],
      ["0 3 1 * *", 0.5, HOUR],
    ] as const) {
      const slot = table({ cron }).after(since, since)
      const dues = NAMES.map(name => table({ cron }, jitter, name).after(since, since) - slot)
      expect(Math.min(...dues)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...dues)).toBeLessThanOrEqual(most)
      expect(Math.max(...dues)).toBeGreaterThan(0.9 * most)
    }
  })

  it("that has fired for the last time never fires again", () => {
    const since = at("2026-01-01T00:00:00Z")
    const once = table({ cron: "0 0 29 2 *" })
    expect(text(once.after(since, since))).toBe("2028-02-29T00:00:00.000Z")
  })
})
