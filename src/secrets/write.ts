import {
  atCaller,
  instant,
  isSecretError,
  parseReference,
  SecretError,
  type SecretValue,
  type StoredSecret,
  sameValue,
  type Version,
  type WriteOptions,
} from "../core/index.ts"
import type { Engine } from "./engine.ts"
import type { EntryState } from "./entry.ts"

/** The options of `put`. */
export interface PutOptions {
  /** Write only if this version is the current one, or only if there is none. Otherwise `CONFLICT`. */
  readonly expect?: Version | "absent"
  readonly expiresAt?: Date
  readonly signal?: AbortSignal
}

/** Makes changes to the store, one at a time per name, and lets handles know of them. */
export class Writer {
  readonly #engine: Engine
  /** The last change under way for a name: the next one waits for it. */
  readonly #last = new Map<string, Promise<unknown>>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Writes a value. It is sent once: when its answer is lost, reading tells whether it arrived.
   *
   * @returns the version, which handles show from now on, unless one of their schemas refuses it. If a read that was made
   * during the write has brought something else, the store is asked once more, and what it says is shown, as soon as it
   * answers.
   * @throws SecretError with `outcome: "unknown"` if not even reading tells.
   */
  async put(reference: string, given: SecretValue, options: PutOptions): Promise<Version> {
    const name = this.#nameOf(reference)
    const value = ownCopy(name, given)
    return await this.#inTurn(name, async () => {
      const begun = this.#engine.reader.nextOrder()
      const version = await this.#write(name, value, options)
      const expiry = options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt }
      await this.#finish(name, begun, { value, version, ...expiry })
      return version
    })
  }

  /** Removes a secret; handles on it stop revealing at once. @throws SecretError */
  async delete(reference: string, signal: AbortSignal | undefined): Promise<void> {
    const name = this.#nameOf(reference)
    await this.#inTurn(name, async () => {
      const begun = this.#engine.reader.nextOrder()
      await this.#call(name, signal, async within => {
        const { store } = this.#engine
        if (store.delete === undefined) throw unsupported(name, "deleted", store.location)
        await store.delete(name, { signal: within })
      })
      await this.#finish(name, begun, undefined)
    })
  }

  /**
   * Lets handles know of a change that the store has answered.
   *
   * @param begun the change's place in the order of beginnings.
   */
  async #finish(name: string, begun: number, written: StoredSecret | undefined): Promise<void> {
    const engine = this.#engine
    const keeper = engine.find(name)
    if (keeper === undefined) return
    const order = engine.reader.nextOrder()
    if (isContradicted(begun, keeper.state, written)) {
      // Somebody else may have changed it too, before us or after us: only the store knows whose change was the last.
      const failure = await engine.refresh(keeper, {}, order)
      if (written !== undefined || failure?.code !== "NOT_FOUND") return
      keeper.apply({ type: "removed", order: engine.reader.nextOrder() })
    } else if (written === undefined) keeper.apply({ type: "removed", order })
    else await keeper.offer(order, instant(engine.clock), written)
  }

  async #write(name: string, value: SecretValue, options: PutOptions): Promise<Version> {
    const { store } = this.#engine
    const { expect, expiresAt, signal } = options
    try {
      const written = await this.#call(name, signal, async within => {
        if (store.write === undefined) throw unsupported(name, "written", store.location)
        const preconditions: WriteOptions = {
          signal: within,
          ...(expect === undefined ? {} : { expect }),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        }
        return await store.write(name, value, preconditions)
      })
      return written.version
    } catch (thrown) {
      const error = thrown as SecretError
      // Whoever has aborted does not wait for a reading either.
      if (error.outcome !== "unknown" || error.code === "ABORTED") throw error
      const version = await this.#arrived(name, value, expect)
      if (version === undefined) throw error
      return version
    }
  }

  /** The version under which a value arrived whose answer was lost, if it did. */
  async #arrived(
    name: string,
    value: SecretValue,
    expect: PutOptions["expect"],
  ): Promise<Version | undefined> {
    const { reader, settings, closing } = this.#engine
    const { result } = await reader.read(name, { timeout: settings.policy.callTimeout, signal: closing })
    // The version that was to be replaced, still there, only proves that nothing has happened yet.
    if (isSecretError(result) || result.version === expect) return undefined
    return sameValue(result.value, value) ? result.version : undefined
  }

  async #call<T>(
    name: string,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { reader, settings, closing } = this.#engine
    if (closing.aborted) throw this.#engine.closedError(name)
    const either = signal === undefined ? closing : AbortSignal.any([signal, closing])
    const begun = !either.aborted
    try {
      return await reader.call({ secret: name, timeout: settings.policy.callTimeout, signal: either }, run)
    } catch (thrown) {
      const left = closing.aborted && !signal?.aborted && (thrown as SecretError).code === "ABORTED"
      const error = left ? this.#engine.closedError(name) : (thrown as SecretError)
      // Our own limits end the waiting, not what is on its way already.
      throw begun && (left || error.code === "TIMEOUT" || error.code === "ABORTED")
        ? withUnknownOutcome(error)
        : error
    }
  }

  #nameOf(reference: string): string {
    const { name, field } = parseReference(reference)
    if (field === undefined) return this.#engine.store.canonical(name)
    throw new SecretError("UNSUPPORTED", {
      secret: reference,
      message: "a single field cannot be written",
      hint: "read the whole secret, change the field, and write the whole secret with its version as expect",
    })
  }

  async #inTurn<T>(name: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const mine = (before ?? Promise.resolve()).then(change)
    const settled = mine.catch(() => {})
    this.#last.set(name, settled)
    try {
      return await mine
    } catch (thrown) {
      throw isSecretError(thrown) ? atCaller(thrown) : thrown
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name)
    }
  }
}

/** Whether a read that began after the change has brought something else than what was written. */
function isContradicted(begun: number, now: EntryState, written: StoredSecret | undefined): boolean {
  const { held, answeredOrder } = now
  if (held === undefined || answeredOrder <= begun) return false
  return written === undefined || !sameValue(held.value, written.value)
}

/** The error of an operation that the store lacks. */
export function unsupported(secret: string | undefined, done: string, store: string): SecretError {
  return new SecretError("UNSUPPORTED", { secret, store, message: `secrets cannot be ${done} here` })
}

/** The value as it is now, whatever the caller does to its buffer later. @throws SecretError `INVALID_VALUE` */
function ownCopy(secret: string, value: SecretValue): SecretValue {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (typeof value === "string" && value.isWellFormed()) return value
  throw new SecretError("INVALID_VALUE", {
    secret,
    message: "the value is neither well-formed text nor bytes",
    hint: "write a string without lone surrogates, or a Uint8Array",
  })
}

function withUnknownOutcome(error: SecretError): SecretError {
  const { code, secret, store, plainMessage } = error
  return new SecretError(code, {
    secret,
    store,
    outcome: "unknown",
    message: `${plainMessage}; it may have been done all the same`,
    hint: "read the secret to see what became of it",
  })
}
