import { Cron } from "croner"
import { misconfigured, parseDuration, refuseUnknownOptions } from "../../core/index.ts"
import { spread } from "../ids.ts"
import type { CronSchedule, RotationSchedule } from "../options.ts"
import { durationText } from "../plan-times.ts"

/** When one secret is rotated. All times in milliseconds since 1970. */
export interface Timetable {
  /**
   * When the rotation after one that was promoted at `since` is due, with its jitter: the same in every replica.
   *
   * @param key what the jitter follows from beside the name: the time of that promotion as it is written down.
   */
  after(since: number, key: number): number
  /** About how long it is from one rotation to the next, at this time. */
  period(at: number): number
  /** Whether more than so many rotations may come within 24 hours. */
  exceeds(perDay: number, at: number): boolean
  /** Whether a secret that was never rotated is due at once, unless it is said otherwise. */
  readonly beginsNow: boolean
}

/** How a timetable is made. */
export interface TimetableOf {
  readonly name: string
  readonly schedule: RotationSchedule
  /** A part of one. */
  readonly jitter: number
  /** The present, in milliseconds since 1970: a cron expression must fire after it. */
  readonly now: number
  /** The shortest time from one rotation to the next that the plan leaves, in milliseconds. */
  readonly least: number
}

/**
 * @throws SecretError `MISCONFIGURED` for a schedule of no known form, one that leaves less time than the plan's grace takes,
 * a cron expression that cannot be read or never fires, and a time zone that does not exist.
 */
export function timetableOf(of: TimetableOf): Timetable {
  const { schedule } = of
  if (typeof schedule !== "object" || schedule === null) throw noSchedule()
  if ("interval" in schedule && "cron" in schedule) throw noSchedule()
  if ("interval" in schedule) {
    refuseUnknownOptions("schedule", schedule, ["interval"])
    return byInterval(parseDuration(schedule.interval, "schedule.interval"), of)
  }
  if (!("cron" in schedule)) throw noSchedule()
  refuseUnknownOptions("schedule", schedule, ["cron", "timezone"])
  return bySlot(schedule, of)
}

function noSchedule() {
  return misconfigured(
    "the schedule is neither an interval nor a cron expression",
    'write { interval: "24h" } or { cron: "0 3 * * *", timezone: "Europe/Paris" }',
  )
}

/** At the latest after the interval, so that a policy that allows so long is kept; the jitter makes it earlier. */
function byInterval(interval: number, { name, jitter, least }: TimetableOf): Timetable {
  const shortest = interval * (1 - jitter)
  if (shortest < least) throw tooShort("interval", least)
  return {
    after: (since, key) => since + Math.round(interval * (1 - jitter * spread("interval", name, key))),
    period: () => interval,
    exceeds: perDay => shortest * perDay < DAY,
    beginsNow: true,
  }
}

const MINUTE = 60_000
const DAY = 86_400_000

function tooShort(what: "interval" | "cron expression", least: number) {
  const minutes = durationText(Math.ceil(least / MINUTE) * MINUTE)
  return misconfigured(
    `the ${what} leaves less time than one rotation takes with its propagation and its grace, ${minutes}`,
    "rotate less often, or lower the ttl, maxStale and tokenLifetime of the plan's consumers: they make the grace",
  )
}

/** More slots than this are not looked at: an expression repeats itself long before. */
const MOST_SLOTS = 500

/** The shortest time between two slots of the coming week, in milliseconds; one that is too short is enough. */
function shortestGap(next: (from: number) => number, now: number, least: number): number {
  let shortest = Number.POSITIVE_INFINITY
  let slot = next(now)
  for (let slots = 0; slots < MOST_SLOTS && slot < now + 8 * DAY && shortest >= least; slots++) {
    const following = next(slot)
    shortest = Math.min(shortest, following - slot)
    slot = following
  }
  return shortest
}

/** How soon after a rotation a slot counts as that rotation's own, in milliseconds: as far as two clocks may differ. */
const SAME_SLOT = 60_000

function bySlot(schedule: CronSchedule, { name, jitter, now, least }: TimetableOf): Timetable {
  const cron = cronOf(schedule)
  const next = (from: number): number => cron.nextRun(new Date(from))?.getTime() ?? Number.POSITIVE_INFINITY
  if (next(now) === Number.POSITIVE_INFINITY) {
    throw misconfigured(
      "the cron expression never fires",
      "look at its day and month: the 31st of February does not come",
    )
  }
  const gapAfter = (slot: number): number => next(slot) - slot
  const shortest = shortestGap(next, now, least)
  if (shortest - spreadOver(shortest, jitter) < least) throw tooShort("cron expression", least)
  return {
    after(since) {
      const first = next(since)
      // Whoever promoted it may have had a clock that was a little behind: its slot is not there a second time.
      const isPast = first - since < Math.min(SAME_SLOT, gapAfter(first) / 10)
      const slot = isPast ? next(first) : first
      return Number.isFinite(slot)
        ? slot + Math.round(spreadOver(gapAfter(slot), jitter) * spread("slot", name, slot))
        : slot
    },
    period: at => gapAfter(next(at)),
    exceeds(perDay, at) {
      const latest: number[] = []
      // Days may differ from each other as they do in a week.
      for (let slot = next(at); slot < at + 8 * DAY; slot = next(slot)) {
        latest.push(slot)
        if (latest.length > perDay && slot - (latest.shift() ?? 0) < DAY) return true
      }
      return false
    },
    beginsNow: false,
  }
}

/** The longest time over which secrets are spread that are due at the same moment, in milliseconds. */
const LONGEST_SPREAD = 3_600_000

/** Over how much time secrets are spread that are due at the same moment, in milliseconds: a part of the period, at most an hour. */
export function spreadOver(period: number, jitter: number): number {
  return jitter === 0 ? 0 : Math.min(LONGEST_SPREAD, period * jitter)
}

function cronOf({ cron, timezone = "UTC" }: CronSchedule): Cron {
  if (typeof cron !== "string" || typeof timezone !== "string") throw noSchedule()
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone })
  } catch {
    throw misconfigured(
      "the time zone of the schedule does not exist",
      'write one like "Europe/Paris" or "UTC"',
    )
  }
  try {
    return new Cron(cron, { timezone, paused: true, mode: "5-or-6-parts" })
  } catch {
    // What the parser says quotes what was written, which may be anything.
    throw misconfigured(
      "the cron expression of the schedule cannot be read",
      'write five fields, minute hour day month weekday, or six with seconds in front: "0 3 * * *"',
    )
  }
}
