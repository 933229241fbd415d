import { FixedSecret } from "./fixed.ts"
import type { Version } from "./store.ts"

/** A version of a secret that stays what it is, whatever the store does next. */
export interface Pinned<out T> {
  readonly version: Version
  /** The value of this version. */
  reveal(): T
}

/** What a rotation callback is told. `current` and `previous` are pinned: a live handle would lie in mid-callback. */
export interface Change<out T> {
  readonly name: string
  readonly current: Pinned<T>
  /** Absent where this process never held one, after a restart for example. */
  readonly previous: Pinned<T> | undefined
  readonly version: Version
  readonly previousVersion: Version | undefined
}

/** What can be known of a secret without revealing it. */
export interface SecretStatus {
  readonly version: Version
  /** Milliseconds since the store last answered for this secret. */
  readonly age: number
  /** Whether the store may hold another value by now: refreshing it has failed since, or has not happened in time. */
  readonly stale: boolean
  readonly expiresAt?: Date
}

/** What a function given to {@link Secret.use} is told beside the value. */
export interface Attempt {
  readonly version: Version
  /** Aborts when the caller's signal does. Hand it on. */
  readonly signal: AbortSignal
}

export interface UseOptions<R> {
  /**
   * Whether the far side refused the credential. Default: the result or the error has the `status` 401, as the
   * results of `fetch` have and the errors of most clients.
   */
  readonly rejected?: (outcome: { readonly value: R } | { readonly error: unknown }) => boolean
  readonly signal?: AbortSignal
}

export interface OnRotateOptions {
  /** The version that was seen last: a change that came between reading it and this call is delivered too. */
  readonly since?: Version
  /** Ends the subscription. */
  readonly signal?: AbortSignal
}

/**
 * A live handle on one secret. It shows its name and nothing else in whatever prints, serialises or inspects it;
 * only {@link reveal}, {@link use}, the callbacks and {@link map} give the value away.
 */
export interface Secret<out T> {
  /** The name it was asked for by: `"tally/api-token"`, `"db#password"`. */
  readonly name: string

  /**
   * The newest accepted value, at once. Reveal at the point of use, and rotation comes for free.
   *
   * @throws SecretError `NOT_FOUND`, `DISABLED` or `DENIED` when the secret was withdrawn; `STALE` when it could not
   * be refreshed for too long.
   */
  reveal(): T

  readonly status: SecretStatus

  /** The version before the current one, while the overlap window is open. */
  readonly previous: Pinned<T> | undefined

  /**
   * Calls a function with the value. If the far side rejects it, reads the secret again and, if there is another
   * value now, tries once more with that; else tries the previous one while the overlap window is open; else the
   * function's own result or error comes back untouched.
   *
   * @throws SecretError `ABORTED` if the signal has aborted before the function was called; `MISCONFIGURED` for an
   * option that does not exist.
   */
  use<R>(call: (value: T, attempt: Attempt) => R | PromiseLike<R>, options?: UseOptions<R>): Promise<R>

  /**
   * Calls back once per change of the value: one run at a time, the newest change if several came meanwhile, with a
   * time limit, and again with growing pauses when it throws. Keeps the secret fresh.
   */
  onRotate(callback: (change: Change<T>) => void | Promise<void>, options?: OnRotateOptions): Disposable

  /**
   * A secret derived from this one, as live as it: a connection string, a key object. A new version for which
   * `derive` throws is not accepted.
   *
   * @throws SecretError `INVALID_VALUE` if `derive` throws for the current value.
   */
  map<U>(derive: (value: T) => U): Secret<U>
}

/** Makes secrets that need no store. */
export const Secret: {
  /** A secret that never changes, for the tests of code that takes a {@link Secret}. */
  fixed<T>(name: string, value: T): Secret<T>
} = Object.freeze({
  fixed: <T>(name: string, value: T): Secret<T> => new FixedSecret(name, value),
})
