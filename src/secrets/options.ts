import {
  type Clock,
  type Duration,
  parseDuration,
  refuseUnknownOptions,
  SecretError,
  systemClock,
} from "../core/index.ts"

/** How long things may take and values may live. Each can be set for all names, and for one name in `get`. */
export interface PolicyOptions {
  /** How long a value is used before it is read again. Default: `"5m"`. */
  readonly ttl?: Duration
  /** How much longer than `ttl` a value is served while it cannot be refreshed. Zero is allowed. Default: `"1h"`. */
  readonly maxStale?: Duration
  /** How long one call to the store may take. Default: `"5s"`. */
  readonly callTimeout?: Duration
  /** How long the first read of a name may take, with all its retries. Default: `"15s"`. */
  readonly startupDeadline?: Duration
  /** How long the version before the current one stays usable. Zero is allowed. Default: `"10m"`. */
  readonly overlap?: Duration
  /**
   * What a confirmed `DENIED` does to a value that is held: `"withdraw"` ends it like a deletion, `"maxStale"` treats
   * it like an outage, for those who fear a mistake in a policy more than a leaver. Default: `"withdraw"`.
   */
  readonly onDenied?: "withdraw" | "maxStale"
}

/** The options of `Secrets`. */
export interface SecretsOptions extends PolicyOptions {
  /** How far refreshes are spread, as a part of `ttl`. `"0%"` is allowed. Default: `"10%"`. */
  readonly jitter?: `${number}%`
  /** How long one run of a rotation callback may take. Default: `"30s"`. */
  readonly callbackTimeout?: Duration
  /** How often a rotation callback is tried for one change. Default: 5. */
  readonly callbackAttempts?: number
  /**
   * `"background"` reads again on timers that do not keep the process alive. `"on-read"` has none: `get`, `use` and
   * `fresh` read what is too old; for Lambda and everything else that is frozen between requests.
   * Default: `"background"`.
   */
  readonly refresh?: "background" | "on-read"
  /** The source of time. Default: the machine's clock. */
  readonly clock?: Clock
  /** The source of jitter, from 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number
}

/** {@link PolicyOptions} in milliseconds. */
export interface Policy {
  readonly ttl: number
  readonly maxStale: number
  readonly callTimeout: number
  readonly startupDeadline: number
  readonly overlap: number
  readonly onDenied: "withdraw" | "maxStale"
}

/** {@link SecretsOptions} checked and complete. */
export interface Settings {
  readonly policy: Policy
  /** A part of one. */
  readonly jitter: number
  readonly callbackTimeout: number
  readonly callbackAttempts: number
  readonly refresh: "background" | "on-read"
  readonly clock: Clock
  readonly random: () => number
}

const POLICY_OPTIONS: readonly (keyof PolicyOptions)[] = [
  "ttl",
  "maxStale",
  "callTimeout",
  "startupDeadline",
  "overlap",
  "onDenied",
]

const OPTIONS: readonly (keyof SecretsOptions)[] = [
  ...POLICY_OPTIONS,
  "jitter",
  "callbackTimeout",
  "callbackAttempts",
  "refresh",
  "clock",
  "random",
]

/** @throws SecretError `MISCONFIGURED` for an option that does not exist or does not have its form. */
export function settingsOf(options: SecretsOptions): Settings {
  refuseUnknownOptions("Secrets", options, OPTIONS)
  const callbackAttempts = options.callbackAttempts ?? 5
  if (!Number.isInteger(callbackAttempts) || callbackAttempts < 1) {
    throw misconfigured("callbackAttempts is not a whole number of at least 1")
  }
  return {
    policy: completePolicy(options),
    jitter: parseJitter(options.jitter ?? "10%"),
    callbackTimeout: parseDuration(options.callbackTimeout ?? "30s", "callbackTimeout"),
    callbackAttempts,
    refresh: oneOf("refresh", options.refresh ?? "background", ["background", "on-read"]),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
}

/** What one caller asks for one name. @throws SecretError `MISCONFIGURED` */
export function partialPolicy(options: PolicyOptions): Partial<Policy> {
  const policy: { -readonly [K in keyof Policy]?: Policy[K] } = {}
  if (options.ttl !== undefined) policy.ttl = parseDuration(options.ttl, "ttl")
  if (options.maxStale !== undefined) policy.maxStale = parseDuration(options.maxStale, "maxStale", "allowed")
  if (options.callTimeout !== undefined)
    policy.callTimeout = parseDuration(options.callTimeout, "callTimeout")
  if (options.startupDeadline !== undefined) {
    policy.startupDeadline = parseDuration(options.startupDeadline, "startupDeadline")
  }
  if (options.overlap !== undefined) policy.overlap = parseDuration(options.overlap, "overlap", "allowed")
  if (options.onDenied !== undefined) {
    policy.onDenied = oneOf("onDenied", options.onDenied, ["withdraw", "maxStale"])
  }
  return policy
}

/**
 * What holds when one more caller asks: the first one's wishes replace the defaults, and where two callers differ the
 * shorter duration holds, and the stricter `onDenied`.
 */
export function narrowed(wishes: Partial<Policy>, further: Partial<Policy>): Partial<Policy> {
  const policy: Record<string, number | string> = { ...wishes }
  for (const [option, value] of Object.entries(further)) {
    const held = policy[option]
    if (held === undefined) policy[option] = value
    else if (typeof held === "number" && typeof value === "number") policy[option] = Math.min(held, value)
    else if (value === "withdraw") policy[option] = value
  }
  return policy as Partial<Policy>
}

/** The options that {@link partialPolicy} reads. */
export const policyOptionNames: readonly string[] = POLICY_OPTIONS

function completePolicy(options: PolicyOptions): Policy {
  return partialPolicy({
    ttl: options.ttl ?? "5m",
    maxStale: options.maxStale ?? "1h",
    callTimeout: options.callTimeout ?? "5s",
    startupDeadline: options.startupDeadline ?? "15s",
    overlap: options.overlap ?? "10m",
    onDenied: options.onDenied ?? "withdraw",
  }) as Policy
}

function parseJitter(jitter: string): number {
  const part = /^(\d+(?:\.\d+)?)%$/.exec(String(jitter))
  const percent = part === null ? Number.NaN : Number(part[1])
  if (!(percent >= 0 && percent <= 50)) throw misconfigured('jitter is not a percentage from "0%" to "50%"')
  return percent / 100
}

function oneOf<T extends string>(option: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) throw misconfigured(`${option} is not one of ${allowed.join(", ")}`)
  return value
}

function misconfigured(message: string): SecretError {
  return new SecretError("MISCONFIGURED", { message })
}
