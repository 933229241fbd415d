import { refuseNoFunction, SecretError, type SecretErrorCode, type Version } from "../core/index.ts"

/** What `Secrets` tells whoever listens. No event holds a value. */
export interface SecretEvents {
  /** A version was taken in: the first one, a new one, or the same value under a new id (`changed` is false). */
  accepted: {
    readonly secret: string
    readonly version: Version
    /** Absent for the first one. The same id as `version` where a store changed a value without a new version. */
    readonly previousVersion?: Version
    readonly changed: boolean
  }
  /** A new version cannot be used, because a schema does not accept it or its form is wrong; the old one stays. */
  refused: {
    readonly secret: string
    readonly version: Version
    readonly code: SecretErrorCode
    /** Who refused it: the reference, and the field of it, that was asked for with a schema. */
    readonly by: string
  }
  /** A refresh failed, or the watch on the store did; then `secret` is absent. */
  failed: { readonly secret?: string; readonly code: SecretErrorCode; readonly error: SecretError }
  /** A secret that was stale, too old or withdrawn can be used again. */
  recovered: { readonly secret: string; readonly version: Version }
  /** The value is served although it could not be refreshed; with `ended` it no longer is. `age` in milliseconds. */
  stale: { readonly secret: string; readonly age: number; readonly ended: boolean }
  /** The secret was deleted or disabled, or may no longer be read; it is not revealed any more. */
  withdrawn: { readonly secret: string; readonly code: SecretErrorCode }
  /** The newest version is gone or disabled, but the held one can still be read: it stays. */
  kept: { readonly secret: string; readonly code: SecretErrorCode; readonly version: Version }
  /** A rotation callback, or the making of a rotating resource, threw or took too long. */
  callbackFailed: {
    readonly secret: string
    readonly version: Version
    /** Counted from one. */
    readonly attempt: number
    /** Whether it is tried again for this version. */
    readonly retried: boolean
    /** `TIMEOUT`, or the class of what was thrown. The thrown thing itself may hold the value. */
    readonly reason: string
  }
  /** `close()` is through. `error` is what the store failed with when it was closed. */
  closed: { readonly error?: SecretError }
}

export type SecretEventName = keyof SecretEvents
export type SecretEventListener<Name extends SecretEventName> = (event: SecretEvents[Name]) => void

/** Each event once: a name that is missing here does not compile. */
const NAMES: Readonly<Record<SecretEventName, true>> = {
  accepted: true,
  refused: true,
  failed: true,
  recovered: true,
  stale: true,
  withdrawn: true,
  kept: true,
  callbackFailed: true,
  closed: true,
}

/** Hands events to listeners, one after another. */
export class Events {
  readonly #listeners = new Map<SecretEventName, Set<(event: never) => void>>()
  /** How often a listener threw: there is nobody to tell, so it is counted, for `health()`. */
  failures = 0

  /** @throws SecretError `MISCONFIGURED` for an event that does not exist, and for no function. */
  on<Name extends SecretEventName>(name: Name, listener: SecretEventListener<Name>): Disposable {
    if (!Object.hasOwn(NAMES, name)) {
      throw new SecretError("MISCONFIGURED", {
        message: "on() was given an event that does not exist",
        hint: `the events are ${Object.keys(NAMES).join(", ")}`,
      })
    }
    refuseNoFunction("on()", listener)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    // A wrapper of its own lets the same function listen twice, each with its own end.
    const own = (event: SecretEvents[Name]): unknown => listener(event)
    listeners.add(own)
    return { [Symbol.dispose]: () => void listeners.delete(own) }
  }

  emit<Name extends SecretEventName>(name: Name, event: SecretEvents[Name]): void {
    // Of those who listen now: one who begins to in answer to an event hears of the next one.
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        const ended: unknown = (listener as (event: Readonly<SecretEvents[Name]>) => unknown)(
          Object.freeze(event),
        )
        if (ended instanceof Promise) ended.catch(this.#failed)
      } catch {
        // A listener must not stop the others, nor the refresh that it was told of.
        this.#failed()
      }
    }
  }

  readonly #failed = (): void => {
    this.failures += 1
  }
}
