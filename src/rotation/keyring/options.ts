import {
  type Clock,
  type Duration,
  misconfigured,
  parseDuration,
  refuseUnknownOptions,
  systemClock,
} from "../../core/index.ts"

/** The options of `keyring()`. */
export interface KeyringOptions {
  /**
   * What a value is that is no set of keys. `"versions"`: one of several keys, which are the versions of the secret, with
   * the version as id; for plans that write plain keys. `"set"`: a set of one key, with the id `initial`; for secrets that
   * `keyringKey()` rotates, or will. Default: `"versions"` where the store keeps versions that the program can list and
   * read, with `initial` as another id of the newest one, so that no token is refused when a set is made of it.
   */
  readonly form?: "set" | "versions"
  /** How often an id that is not known may cause a read of the store. Default: `"30s"`. */
  readonly refreshInterval?: Duration
  /** How far the clocks of other replicas, of the rotation and of the store may be off this one's. Zero is allowed. Default: `"1m"`. */
  readonly clockSkew?: Duration
  /**
   * Where the versions are the keys: how long a new one is only checked with. At least 1.1 × `ttl` + `maxStale` of
   * whichever program has the longest. Default: `"66m"`, for the defaults of `Secrets`.
   */
  readonly propagation?: Duration
  /** Where the versions are the keys: how long that lives which is signed with them. Default: `"24h"`. */
  readonly tokenLifetime?: Duration
  /** The source of time. Default: the machine's clock. */
  readonly clock?: Clock
  /** Gives up waiting for the first read. */
  readonly signal?: AbortSignal
}

const OPTIONS: readonly (keyof KeyringOptions)[] = [
  "form",
  "refreshInterval",
  "clockSkew",
  "propagation",
  "tokenLifetime",
  "clock",
  "signal",
]

/** {@link KeyringOptions} checked and complete, in milliseconds. */
export interface KeyringSettings {
  readonly form: "set" | "versions" | undefined
  readonly refreshInterval: number
  readonly skew: number
  readonly propagation: number
  readonly tokenLifetime: number
  readonly clock: Clock
}

/** @throws SecretError `MISCONFIGURED` for an option that does not exist or does not have its form. */
export function keyringSettings(options: KeyringOptions): KeyringSettings {
  refuseUnknownOptions("keyring()", options, OPTIONS)
  const { form, clock = systemClock } = options
  if (form !== undefined && form !== "set" && form !== "versions") {
    throw misconfigured("form of keyring() is neither of the two that there are", 'write "set" or "versions"')
  }
  return {
    form,
    refreshInterval: parseDuration(options.refreshInterval ?? "30s", "refreshInterval"),
    skew: parseDuration(options.clockSkew ?? "1m", "clockSkew", "allowed"),
    propagation: parseDuration(options.propagation ?? "66m", "propagation"),
    tokenLifetime: parseDuration(options.tokenLifetime ?? "24h", "tokenLifetime", "allowed"),
    clock,
  }
}
