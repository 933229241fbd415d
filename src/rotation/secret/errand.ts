import { aborted, type Clock, SecretError, type Timer } from "../../core/index.ts"

/** How long what is under way is given to come to its end when its caller leaves, in milliseconds. */
export const LEAVE = 5_000

/**
 * The time of one call of a Rotator: until its caller leaves or the Rotator is closed. No turn begins after that. One that
 * is under way is given some seconds more, because a credential that was just made is lost if nobody writes it down.
 */
export class Errand implements Disposable {
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #closing: AbortSignal
  readonly #over = new AbortController()
  readonly #cut = new AbortController()
  #timer: Timer | undefined

  constructor(clock: Clock, closing: AbortSignal, signal?: AbortSignal) {
    this.#clock = clock
    this.#closing = closing
    this.#signal = signal
    for (const end of [signal, closing]) end?.addEventListener("abort", this.#leave, { once: true })
    if (signal?.aborted || closing.aborted) this.#leave()
  }

  /** Aborts when nothing more is to begin. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Aborts when what is under way is to end, too. */
  get cut(): AbortSignal {
    return this.#cut.signal
  }

  /** @throws SecretError `ABORTED`, `CLOSED` if nothing more is to begin. */
  check(): void {
    if (this.#over.signal.aborted) throw this.reason()
  }

  /** Why it is over. */
  reason(): SecretError {
    return this.#signal?.aborted
      ? aborted({})
      : new SecretError("CLOSED", { message: "the Rotator was closed" })
  }

  [Symbol.dispose](): void {
    this.#timer?.clear()
    for (const end of [this.#signal, this.#closing]) end?.removeEventListener("abort", this.#leave)
  }

  readonly #leave = (): void => {
    if (this.#over.signal.aborted) return
    this.#over.abort()
    this.#timer = this.#clock.timer("waited-for", LEAVE, () => this.#cut.abort())
  }
}
