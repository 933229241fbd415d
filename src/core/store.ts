import type { SecretError } from "./error.ts"
import type { RotationLedger } from "./rotation-ledger.ts"

/** What a secret is: text, or bytes that are no valid UTF-8. An empty string is a value. */
export type SecretValue = string | Uint8Array

/** The backend's own id of a version: opaque, compared for equality and nothing else. */
export type Version = string

/** One version of a secret as a backend gives it: the only object of this library that shows a value when printed. */
export interface StoredSecret {
  readonly value: SecretValue
  readonly version: Version
  readonly createdAt?: Date
  readonly expiresAt?: Date
  readonly labels?: Readonly<Record<string, string>>
}

/** One version, without its value. */
export interface VersionInfo {
  readonly version: Version
  /** Whether a read without a version answers with this one. */
  readonly current: boolean
  /** Whether its value can be read. */
  readonly readable: boolean
  /** The labels that stand on it, where the backend has such that are moved from version to version: `AWSPREVIOUS`. */
  readonly stages?: readonly string[]
  readonly createdAt?: Date
  readonly expiresAt?: Date
}

/** One secret, without its value. */
export interface SecretInfo {
  /** The portable name, or the backend's own where it has no portable one. */
  readonly name: string
  readonly createdAt?: Date
  readonly expiresAt?: Date
  readonly labels?: Readonly<Record<string, string>>
}

/** What every call takes. A store honours the signal before and during the call. */
export interface CallOptions {
  readonly signal: AbortSignal
}

export interface ReadOptions extends CallOptions {
  /** Read this version instead of the current one. `UNSUPPORTED` where `capabilities.versionedReads` is false. */
  readonly version?: Version
}

export interface WriteOptions extends CallOptions {
  /**
   * Write only if this version is the current one, or only if there is no such secret. Otherwise `CONFLICT`.
   * A precondition that the backend does not have (`capabilities.preconditions`) is `UNSUPPORTED`, never ignored.
   */
  readonly expect?: Version | "absent"
  readonly expiresAt?: Date
}

export interface ListOptions extends CallOptions {
  /** Only names that are this one or stand below it: `"tally"` lists `tally` and `tally/api-token`. */
  readonly under?: string
}

export interface WatchOptions extends CallOptions {
  /** Called when the watch cannot go on; it has then ended, and whoever armed it may arm it again. */
  failed(error: SecretError): void
}

/** What a backend can do beyond the methods that it has. Declared once; the contract suite asserts it both ways. */
export interface StoreCapabilities {
  /** Which preconditions `write` has. */
  readonly preconditions: { readonly absent: boolean; readonly version: boolean }
  /** Whether an older version can be read. */
  readonly versionedReads: boolean
  /** How many names one `readMany` takes. */
  readonly batchSize: number
  /** Whether bytes that are no valid UTF-8 can be stored. */
  readonly binary: boolean
  /** Whether `write` takes `expiresAt`. */
  readonly expiry: boolean
  /** Whether the name of a deleted secret stays taken for a while. */
  readonly softDelete: boolean
  /** Whether listing costs no request and needs no permission, so that a near name may be looked for in an error. */
  readonly local: boolean
}

/**
 * What a backend implements, best through {@link defineStore}.
 *
 * A store knows one service. It has no cache, no retries, no timeouts, no policy: those are in `Secrets`.
 * All methods may be called at the same time, also for the same name. A failure is a {@link SecretError} with
 * one of the closed codes; anything else that is thrown becomes `UNAVAILABLE`.
 */
export interface SecretStore {
  /** Which backend this is: `"vault"`. */
  readonly kind: string
  /** Where it is, as a URL that is safe to print and never holds a credential: `"vault://127.0.0.1:8200/secret"`. */
  readonly location: string
  readonly capabilities: StoreCapabilities

  /**
   * The one spelling of a name, under which it is cached: the portable name where there is one, else the backend's
   * own, in the case that the backend folds to.
   *
   * @throws SecretError `INVALID_NAME` with the rule, for a name that the backend cannot hold.
   */
  canonical(name: string): string

  /**
   * The current version of a secret, or the one that is asked for.
   *
   * Must read what the service holds now, never a copy of its own. A secret that is missing is `NOT_FOUND`,
   * one that is switched off `DISABLED`, one that this identity may not read `DENIED`; an empty value is a value.
   */
  read(name: string, options: ReadOptions): Promise<StoredSecret>

  /**
   * Many secrets in one request. Answers for each name that was asked, with a secret or with an error of its own:
   * one denied secret does not sink the rest. Rejects only when the whole request failed: with `DENIED`, `UNSUPPORTED`
   * or `THROTTLED` the caller goes on with single reads, with the first two for good, unless the error is transient,
   * because other names may fare better. Is never asked for more than `capabilities.batchSize` names.
   */
  readMany?(
    names: readonly string[],
    options: CallOptions,
  ): Promise<ReadonlyMap<string, StoredSecret | SecretError>>

  /**
   * Makes the value the current version, creating the secret if it is missing, in one step: nobody ever reads half
   * of it. When the answer is lost after the request was sent, rejects with `outcome: "unknown"` and does not send
   * it again.
   */
  write?(name: string, value: SecretValue, options: WriteOptions): Promise<VersionInfo>

  /** All secrets that can be read, in no order, without those under the reserved first segment `latchkey`. */
  list?(options: ListOptions): AsyncIterable<SecretInfo>

  /** All versions of a secret, newest first where the backend knows the order. */
  versions?(name: string, options: CallOptions): AsyncIterable<VersionInfo>

  /** Removes a secret with all its versions. A secret that is missing is `NOT_FOUND`. */
  delete?(name: string, options: CallOptions): Promise<void>

  /**
   * Begins to watch; resolves when it is armed, so that whoever reads after that misses no change. Calls `hint` when
   * something may have changed, with the name if it is known: a hint to read again and no more, it may come too
   * often. Ends when the signal aborts.
   */
  watch?(hint: (name?: string) => void, options: WatchOptions): Promise<void>

  /**
   * What this store does for the rotation of its secrets; the same object every time. Asks nothing of the service.
   *
   * Names are those that the store takes everywhere else. What the ledger keeps is hidden from `list`, and cannot be
   * read by name.
   *
   * @throws SecretError `UNSUPPORTED` or `MISCONFIGURED` where this store, as it was made, cannot rotate.
   */
  rotation?(): RotationLedger

  /** Resolves if the store can be reached and would let this identity in. */
  ping(options: CallOptions): Promise<void>

  /** Gives back what the store holds: connections, watches. May be called twice. */
  close(): Promise<void>
}

/** The operations that not every backend has. */
export type OptionalOperation = "readMany" | "write" | "list" | "versions" | "delete" | "watch" | "rotation"

/** A store that is known to have certain operations: `StoreWith<"write" | "list">`. */
export type StoreWith<Operations extends OptionalOperation> = SecretStore &
  Required<Pick<SecretStore, Operations>>
