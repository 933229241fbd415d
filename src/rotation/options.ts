import type { Clock, Duration, JournalKeeper, SecretStore } from "../core/index.ts"
import type { Secrets } from "../secrets/index.ts"
import type { RotationPlan } from "./plan.ts"

/** So much time after each rotation: `{ interval: "24h" }`. Counted from the last promotion, never from the age of a version. */
export interface IntervalSchedule {
  /** At the latest after so long; `jitter` makes it earlier. Not shorter than the plan's grace. */
  readonly interval: Duration
}

/** At the slots of a cron expression: `{ cron: "0 3 * * *", timezone: "Europe/Paris" }`. */
export interface CronSchedule {
  /**
   * Five fields, or six with seconds in front, as croner reads them. `jitter` makes it later than the slot. A slot that
   * nobody was there for is made up once.
   */
  readonly cron: string
  /** An IANA time zone. Default: `"UTC"`, so that replicas on machines with different zones agree. */
  readonly timezone?: string
}

/** When a secret is rotated. */
export type RotationSchedule = IntervalSchedule | CronSchedule

/** How and when one secret is rotated. */
export interface Rotation {
  readonly plan: RotationPlan
  /** Absent: only `rotate()` begins one. */
  readonly schedule?: RotationSchedule
  /**
   * How far rotations are spread, as a part of the interval or of the time between two slots, from `"0%"` to `"50%"`; at
   * most an hour behind a slot. By the secret's name, so that all replicas agree. Default: `"10%"`.
   */
  readonly jitter?: `${number}%`
  /**
   * When a secret is due that was never rotated: `"now"`, or `"in-turn"`, which is one interval from when it is first
   * seen, or the next slot. Default: `"now"` for an interval, `"in-turn"` for a cron expression.
   */
  readonly first?: "now" | "in-turn"
  /** `false`: none begins on schedule. One that is on its way is carried on, and `rotate()` begins one all the same. Default: `true`. */
  readonly enabled?: boolean
  /** What the new credential may do; handed to `create` and `mint` of the plan. Default: none. */
  readonly scopes?: readonly string[]
}

/** The options of a `Rotator`. */
export interface RotatorOptions {
  /** The store of the secrets. Not closed with the Rotator. Either this or `secrets`. */
  readonly store?: SecretStore
  /**
   * Whose store is used. What this process holds of a secret is read again as soon as it was promoted here. Not closed
   * with the Rotator.
   */
  readonly secrets?: Secrets<SecretStore>
  /** By the name of the secret. */
  readonly rotations: Readonly<Record<string, Rotation>>
  /** Where the journals are, for a store that has no compare-and-set of its own; refused where the store keeps them. */
  readonly journals?: JournalKeeper
  /**
   * How long a replica holds a rotation after each step: another one takes over 30 seconds after that. At least twice
   * the longest deadline, which is the default, or `"2m"` if that is longer.
   */
  readonly lease?: Duration
  /** How many secrets are worked on at the same time. Default: 4. */
  readonly atOnce?: number
  /** How long one call to the store may take. Default: `"10s"`. */
  readonly callTimeout?: Duration
  /**
   * How often `run` looks at a secret for which nothing is due: whether a late replica left something to be cleared up, or
   * another one has rotated it. Default: `"1h"`.
   */
  readonly lookEvery?: Duration
  /** The source of time. Default: the machine's clock. Where the store's answers tell the time, that decides. */
  readonly clock?: Clock
  /** Spreads pauses, from 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** What every call of a `Rotator` takes. */
export interface RotatorCallOptions {
  /**
   * Ends the call. A step that is under way is given five seconds to come to its end; whatever it comes to, the next
   * call goes on from there.
   */
  readonly signal?: AbortSignal
}

/** The options of `Rotator.tick`. */
export interface TickOptions extends RotatorCallOptions {
  /** Looks at these alone, for whoever has an own way to share out the work, such as a queue. Default: at every one. */
  readonly names?: readonly string[]
}

/** The options of `Rotator.rotate`. */
export interface RotateOptions extends RotatorCallOptions {
  /**
   * The credential in use is known to somebody: no grace, no propagation, no pause. A rotation that is on its way before
   * its promotion goes on without them; one after it is ended at once, and another one begins.
   */
  readonly compromised?: boolean
  /** Whether it begins also before the pause after a failed attempt is over. */
  readonly impatient?: boolean
}

/** The options of `Rotator.resume`. */
export interface ResumeOptions extends RotatorCallOptions {
  /** Takes the rotation from whoever holds it. Only where that replica is known to be gone. */
  readonly force?: boolean
}
