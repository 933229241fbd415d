import { type Clock, SecretError } from "../core/index.ts"
import { CALL_GROWTH, retryDelay } from "./retry.ts"
import type { Patience } from "./store-backoff.ts"
import { pause } from "./timing.ts"

/** How long somebody goes on waiting for a read. */
export interface Wish {
  /** Until when to go on trying, by the monotonic clock. Without it one attempt is enough. */
  readonly until?: number
  /** The name of the time limit, for the message. */
  readonly limit?: string
  readonly signal?: AbortSignal | undefined
}

/** One attempt: `undefined` when it succeeded. */
export type AttemptRead = (signal: AbortSignal, patience: () => Patience) => Promise<SecretError | undefined>

interface Waiter {
  readonly until: number | undefined
  settle(outcome: SecretError | undefined): void
}

export interface FlightContext {
  readonly secret: string
  readonly store: string
  readonly clock: Clock
  readonly random: () => number
  /** What a store that is down was last heard to fail with: whoever only waited for it has no cause of their own. */
  storeError(): SecretError | undefined
}

/**
 * All concurrent readers of one name share one flight: one attempt at a time, and more of them while there is somebody
 * who waits for that. Whoever has waited long enough leaves with the last error; when nobody is left, the flight ends.
 */
export class Flight {
  readonly #context: FlightContext
  readonly #attempt: AttemptRead
  readonly #waiters = new Set<Waiter>()
  readonly #controller = new AbortController()
  #over = false
  /** Whether there is anything to abort: an abort that nobody listens to is not free. */
  #busy = false
  #last: SecretError | undefined
  #pausing = false
  #failures = 0

  constructor(context: FlightContext, attempt: AttemptRead) {
    this.#context = context
    this.#attempt = attempt
  }

  /** Whether nobody waits any more: whoever comes next needs another flight. */
  get over(): boolean {
    return this.#over
  }

  /** What the last attempt failed with, while the next one has not begun. */
  get pausedAfter(): SecretError | undefined {
    return this.#pausing ? this.#last : undefined
  }

  /** Waits for the flight. Resolves with what it ended with for this waiter, and never rejects. */
  async join(wish: Wish): Promise<SecretError | undefined> {
    const { until, limit = "the time limit", signal } = wish
    const { clock, secret, store } = this.#context
    return await new Promise(resolve => {
      const waiter: Waiter = {
        until,
        settle: outcome => {
          timer?.clear()
          signal?.removeEventListener("abort", abort)
          this.#waiters.delete(waiter)
          resolve(outcome?.transient && until !== undefined ? this.#tooLate(outcome, limit) : outcome)
          if (this.#waiters.size === 0) this.#end()
        },
      }
      const abort = () => waiter.settle(new SecretError("ABORTED", { secret, store }))
      const late = () =>
        waiter.settle(
          this.#last ?? this.#context.storeError() ?? new SecretError("TIMEOUT", { secret, store }),
        )
      const timer =
        until === undefined ? undefined : clock.timer("waited-for", until - clock.monotonic(), late)
      signal?.addEventListener("abort", abort)
      this.#waiters.add(waiter)
      if (signal?.aborted) abort()
    })
  }

  /** Flies until everybody has what they waited for. */
  async fly(): Promise<void> {
    const { clock, random } = this.#context
    const { signal } = this.#controller
    while (!this.#over) {
      this.#busy = true
      const error = await this.#attempt(signal, () => this.#patience())
      this.#busy = false
      if (this.#over) return
      if (error === undefined || !error.transient) return this.#settleAll(error)
      this.#last = error
      this.#failures += 1
      const delay = retryDelay(this.#failures, CALL_GROWTH, random(), error.retryAfterMs)
      const next = clock.monotonic() + delay
      this.#settleAll(error, waiter => waiter.until === undefined || waiter.until < next)
      this.#busy = !this.#over
      this.#pausing = true
      if (!this.#over) await pause(clock, "waited-for", delay, signal)
      this.#pausing = false
    }
  }

  /** Ends the flight for everybody, with an error. */
  cancel(error: SecretError): void {
    this.#settleAll(error)
  }

  #end(): void {
    this.#over = true
    if (this.#busy) this.#controller.abort()
  }

  /** Asked whenever the store turns out to be down. */
  #patience(): Patience {
    const waiters = [...this.#waiters]
    if (waiters.every(waiter => waiter.until === undefined)) return "impatient"
    // Those who do not wait for it to come back are not kept waiting by those who do.
    const error = this.#context.storeError()
    if (error !== undefined) this.#settleAll(error, waiter => waiter.until === undefined)
    return "patient"
  }

  #settleAll(outcome: SecretError | undefined, which: (waiter: Waiter) => boolean = () => true): void {
    for (const waiter of [...this.#waiters]) if (which(waiter)) waiter.settle(outcome)
  }

  #tooLate(last: SecretError, limit: string): SecretError {
    const { secret, store } = this.#context
    return new SecretError("TIMEOUT", {
      secret,
      store,
      message: `could not be read within ${limit}, after ${plural(Math.max(1, this.#failures), "attempt")}`,
      lastCode: last.lastCode ?? last.code,
      retryAfterMs: last.retryAfterMs,
      hint: last.hint,
    })
  }
}

function plural(count: number, word: string): string {
  return count === 1 ? `1 ${word}` : `${count} ${word}s`
}
