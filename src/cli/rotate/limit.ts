import { parseDuration, SecretError, systemClock, type Timer } from "../../core/index.ts"

/** Its lease was given back, unless an answer is missing: then it is waited for. */
const GOES_ON = "nothing is lost: a later run goes on where it was"

/** What ends a command before it is done: a signal to the process, a person at the terminal, `--timeout`. */
export class Limit implements Disposable {
  /** Aborts when the command is to end. */
  readonly signal: AbortSignal
  readonly #timeout: string | undefined
  readonly #late = new AbortController()
  readonly #interrupted = new AbortController()
  readonly #stopped: AbortSignal
  readonly #timer: Timer | undefined

  /** @throws SecretError `MISCONFIGURED` for a timeout that is no duration. */
  constructor(stopped: AbortSignal, timeout: string | undefined) {
    this.#timeout = timeout
    this.#stopped = AbortSignal.any([stopped, this.#interrupted.signal])
    this.signal = AbortSignal.any([this.#stopped, this.#late.signal])
    if (timeout !== undefined) {
      const milliseconds = parseDuration(timeout as "1m", "--timeout")
      this.#timer = systemClock.timer("waited-for", milliseconds, () => this.#late.abort())
    }
  }

  /** A person does not want to go on. */
  interrupt(): void {
    this.#interrupted.abort()
  }

  /** Why the command ended early; `undefined` where it did not. */
  get reason(): SecretError | undefined {
    if (this.#stopped.aborted) {
      return new SecretError("ABORTED", {
        message: "stopped before it was done",
        hint: GOES_ON,
      })
    }
    if (!this.#late.signal.aborted) return undefined
    return new SecretError("TIMEOUT", {
      message: `it was not done within ${this.#timeout}`,
      hint: GOES_ON,
    })
  }

  [Symbol.dispose](): void {
    this.#timer?.clear()
  }
}
