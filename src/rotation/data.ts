import {
  type Duration,
  isSecretError,
  misconfigured,
  parseDuration,
  refuseUnknownOptions,
  SecretError,
} from "../core/index.ts"
import { PLAN_KEYS } from "./check-plan.ts"
import type { Rotation, RotationSchedule } from "./options.ts"
import type { RotationPlan } from "./plan.ts"
import { timetableOf } from "./schedule/timetable.ts"

/** What a configuration says of one rotation, read and checked. */
export interface RotationSettings {
  readonly enabled: boolean
  /** Absent only where rotations are not enabled. */
  readonly schedule?: RotationSchedule
  /** How long what is issued under the credential lives: tokens under a signing key. */
  readonly expiration?: Duration
  /** What the new credential may do. */
  readonly scopes: readonly string[]
}

const EXAMPLE = '{ "rotation": { "enabled": true, "interval": "24h" } }'

/**
 * Reads a rotation that is configured as data, as it comes from `JSON.parse`:
 *
 * ```json
 * { "rotation": { "enabled": true, "interval": "24h" }, "expiration": "8h", "scopes": ["forms:read"] }
 * ```
 *
 * Instead of `interval` there may be `cron`, with a `timezone` (default UTC). `expiration` and `scopes` may be left out.
 *
 * @throws SecretError `MISCONFIGURED` with everything that is wrong in `problems`: unknown keys, durations that are none,
 * a cron expression that never fires. No value is quoted, because it may be a credential in the wrong place.
 */
export function rotationFromData(data: unknown): RotationSettings {
  const problems = new Problems()
  const whole = problems.objectAt("the configuration", data, ["rotation", "expiration", "scopes"])
  const settings = whole === undefined ? NEVER : settingsIn(whole, problems)
  problems.throwAny()
  return settings
}

/**
 * A plan as its configuration wants it: the larger of `expiration` and the plan's own `tokenLifetime` holds, so that the
 * grace covers both; `scopes` are handed to the plan, and `enabled` and the schedule to the Rotator.
 *
 * @param data as {@link rotationFromData} reads it.
 * @throws SecretError `MISCONFIGURED` as {@link rotationFromData}.
 */
export function configuredRotation(plan: RotationPlan, data: unknown): Rotation {
  const { expiration, ...settings } = rotationFromData(data)
  return { ...settings, plan: expiration === undefined ? plan : withLifetime(plan, expiration) }
}

function withLifetime(plan: RotationPlan, expiration: Duration): RotationPlan {
  const { tokenLifetime } = plan.consumers
  const least = parseDuration(expiration)
  if (parseDuration(tokenLifetime, "consumers.tokenLifetime", "allowed") >= least) return plan
  const copy: Record<string, unknown> = { ...plan }
  // A plan may be the object of a class, with its functions on the prototype, which know private fields of the object.
  for (const key of PLAN_KEYS[plan.kind] ?? []) {
    const part: unknown = Reflect.get(plan, key)
    if (part !== undefined) copy[key] = typeof part === "function" ? part.bind(plan) : part
  }
  copy.consumers = { ...plan.consumers, tokenLifetime: expiration }
  return copy as unknown as RotationPlan
}

/** What is wrong, as it is found. */
class Problems {
  readonly #found: SecretError[] = []

  add(message: string, hint: string): void {
    this.#found.push(misconfigured(message, hint))
  }

  /** Runs a check, and keeps what it throws. */
  from(check: () => unknown): void {
    try {
      check()
    } catch (thrown) {
      if (!isSecretError(thrown)) throw thrown
      this.#found.push(thrown)
    }
  }

  /** An object with these keys and no others; `undefined` where there is none. */
  objectAt(
    what: string,
    data: unknown,
    keys: readonly string[],
  ): Readonly<Record<string, unknown>> | undefined {
    this.from(() => refuseUnknownOptions(what, data, keys))
    const isObject = typeof data === "object" && data !== null && !Array.isArray(data)
    return isObject ? (data as Record<string, unknown>) : undefined
  }

  throwAny(): void {
    if (this.#found.length === 0) return
    throw new SecretError("MISCONFIGURED", {
      message: "the configuration of the rotation is wrong",
      problems: this.#found,
      hint: `write ${EXAMPLE}`,
    })
  }
}

/** What stands for something that is wrong, until that is thrown. */
const NEVER: RotationSettings = { enabled: false, scopes: [] }

function settingsIn(data: Readonly<Record<string, unknown>>, problems: Problems): RotationSettings {
  const { expiration } = data
  const settings = { ...rotationIn(data.rotation, problems), scopes: scopesIn(data.scopes, problems) }
  if (expiration === undefined) return settings
  problems.from(() => parseDuration(expiration as Duration, "expiration"))
  return { ...settings, expiration: expiration as Duration }
}

function rotationIn(data: unknown, problems: Problems): Pick<RotationSettings, "enabled" | "schedule"> {
  if (data === undefined) {
    problems.add("there is no rotation in the configuration", `write ${EXAMPLE}`)
    return NEVER
  }
  const rotation = problems.objectAt("rotation", data, ["enabled", "interval", "cron", "timezone"])
  if (rotation === undefined) return NEVER
  const { enabled, interval, cron, timezone } = rotation
  if (typeof enabled !== "boolean") {
    problems.add("rotation.enabled is neither true nor false", 'write "enabled": true or "enabled": false')
  }
  if (enabled === true && interval === undefined && cron === undefined) {
    problems.add("rotation has neither interval nor cron", 'write "interval": "24h" or "cron": "0 3 * * *"')
  }
  const schedule = scheduleIn({ interval, cron, timezone }, problems)
  return { enabled: enabled === true, ...(schedule === undefined ? {} : { schedule }) }
}

interface ScheduleInData {
  readonly interval: unknown
  readonly cron: unknown
  readonly timezone: unknown
}

function scheduleIn(
  { interval, cron, timezone }: ScheduleInData,
  problems: Problems,
): RotationSchedule | undefined {
  if (interval !== undefined && cron !== undefined) {
    problems.add("rotation has both interval and cron", "leave one of them out")
  }
  if (timezone !== undefined && cron === undefined) {
    problems.add(
      "rotation has a timezone and no cron",
      "leave it out: an interval is the same length everywhere",
    )
  }
  if (interval !== undefined) {
    problems.from(() => parseDuration(interval as Duration, "rotation.interval"))
    if (cron === undefined) return { interval: interval as Duration }
  }
  // Each by itself, so that both are named when both are wrong.
  if (cron !== undefined) problems.from(() => readAsSlots(cron, undefined))
  if (timezone !== undefined) problems.from(() => readAsSlots("0 0 * * *", timezone))
  if (cron === undefined) return undefined
  return { cron: cron as string, ...(timezone === undefined ? {} : { timezone: timezone as string }) }
}

/** @throws SecretError `MISCONFIGURED` for a cron expression that cannot be read or never fires, and for no time zone. */
function readAsSlots(cron: unknown, timezone: unknown): void {
  const schedule = { cron, ...(timezone === undefined ? {} : { timezone }) } as RotationSchedule
  timetableOf({ name: "", schedule, jitter: 0, now: Date.now(), least: 0 })
}

/** As the scopes of OAuth 2.0 are written (RFC 6749, 3.3): visible ASCII without quotation marks and backslashes. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

function scopesIn(data: unknown, problems: Problems): readonly string[] {
  if (data === undefined) return []
  const hint = 'write "scopes": ["forms:read"]'
  if (!Array.isArray(data)) {
    problems.add("scopes is no list", hint)
    return []
  }
  data.forEach((scope: unknown, index) => {
    if (typeof scope !== "string" || !SCOPE.test(scope)) {
      problems.add(`scopes[${index}] is no scope: visible characters without spaces`, hint)
    } else if (data.indexOf(scope) !== index) {
      problems.add(`scopes[${index}] stands in the list twice`, "leave it out")
    }
  })
  return [...(data as string[])]
}
