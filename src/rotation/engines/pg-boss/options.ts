import { Cron } from "croner"
import {
  type Clock,
  type Duration,
  misconfigured,
  parseDuration,
  refuseUnknownOptions,
  type SecretError,
  systemClock,
} from "../../../core/index.ts"

/** The options of `rotateWithPgBoss`. */
export interface PgBossOptions {
  /**
   * The queue. All replicas that rotate the same secrets have the same one, and nobody else puts jobs into it. Made if it
   * is not there; one that is there keeps its options, and must have the policy `exclusive`. Default: `"latchkey-rotation"`.
   */
  readonly queue?: string
  /**
   * When a round begins, in which every secret is looked at, due or not: five fields, in UTC. It is a net and no schedule:
   * when a secret is rotated is said to the Rotator. Default: `"0 * * * *"`, every hour.
   */
  readonly cron?: string
  /** How many jobs this process works on at the same time. Default: 2. */
  readonly atOnce?: number
  /** How often it looks for a job; at least half a second. Default: `"2s"`. */
  readonly pollEvery?: Duration
  /** The source of time, the same that the Rotator has. Default: the machine's clock. */
  readonly clock?: Clock
}

/** What the options come to. */
export interface Settings {
  readonly queue: string
  readonly cron: string
  readonly atOnce: number
  readonly pollingIntervalSeconds: number
  readonly clock: Clock
  /** When the next round begins, in milliseconds since 1970. */
  nextRound(from: number): number
}

const LEAST_POLL = 500

/** @throws SecretError `MISCONFIGURED` */
export function settingsOf(options: PgBossOptions): Settings {
  refuseUnknownOptions("rotateWithPgBoss()", options, ["queue", "cron", "atOnce", "pollEvery", "clock"])
  const { queue = "latchkey-rotation", cron = "0 * * * *", atOnce = 2, clock = systemClock } = options
  if (typeof queue !== "string" || !/^[\w./-]+$/.test(queue))
    throw misconfigured("queue is no name of a queue", "write letters, digits, _, -, . and /")
  if (!Number.isInteger(atOnce) || atOnce < 1)
    throw misconfigured("atOnce is no number of jobs", "write a whole number from 1 on")
  const pollEvery = parseDuration(options.pollEvery ?? "2s", "pollEvery")
  if (pollEvery < LEAST_POLL)
    throw misconfigured("pollEvery is too short", "pg-boss looks at most twice a second: 500ms")
  const slots = slotsOf(cron)
  return {
    queue,
    cron,
    atOnce,
    pollingIntervalSeconds: pollEvery / 1_000,
    clock,
    nextRound: from => slots.nextRun(new Date(from))?.getTime() ?? Number.POSITIVE_INFINITY,
  }
}

function slotsOf(cron: string): Cron {
  const refused = (message: string): SecretError =>
    misconfigured(message, 'write five fields, minute hour day month weekday: "*/15 * * * *"')
  let slots: Cron
  try {
    slots = new Cron(cron, { timezone: "UTC", paused: true, mode: "5-part" })
  } catch {
    // What the parser says quotes what was written, which may be anything.
    throw refused("the cron expression of rotateWithPgBoss() cannot be read")
  }
  if (slots.nextRun() === null) throw refused("the cron expression of rotateWithPgBoss() never fires")
  return slots
}
