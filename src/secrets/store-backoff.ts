import { type Clock, isSecretError, type SecretError, type Timer } from "../core/index.ts"
import type { Answer } from "./reader.ts"

/** The longest pause between two probes of a store that is down, in milliseconds. */
const LONGEST_PAUSE = 30_000

/**
 * The longest that a store is left alone because it asked for it (`Retry-After`), in milliseconds: one absurd answer of
 * something in between, about one secret, must not stop all the others.
 */
const LONGEST_RETRY_AFTER = 5 * 60_000

/** From the second probe on, they are at least this far apart: never more than two a second. */
const SHORTEST_PAUSE = 500

/** Whether a caller waits until the store is back, or would rather be told at once. */
export type Patience = "patient" | "impatient"

/** What an impatient caller gets instead of an answer while the store is known to be down. */
export interface Postponed {
  /** When the next probe is due, by the monotonic clock. */
  readonly postponedUntil: number
  /** What the store was last heard to fail with. */
  readonly error: SecretError
}

interface Waiter {
  readonly patience: () => Patience
  go(decision: "call" | "probe" | SecretError): void
}

type State =
  | { readonly is: "closed" }
  | { readonly is: "open"; readonly until: number; readonly error: SecretError }
  | { readonly is: "probing"; readonly since: number; readonly error: SecretError }

export interface BackoffHooks {
  /** In milliseconds, so that no pause outlasts a short time to live, or the patience of those who wait. */
  longestPause(): number
  /** A store that was down has answered. */
  recovered(): void
}

/**
 * Keeps a thousand names from hammering a store that is down. Once a call did not reach it, calls wait; after a pause
 * that grows with every failure, one of them goes as a probe. When the probe is answered all go, when not all wait on,
 * behind the next one in the queue: a single secret that cannot be read does not keep the others from being tried.
 */
export class StoreBackoff {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #hooks: BackoffHooks
  #state: State = { is: "closed" }
  #failures = 0
  /** Calls that began before the state last changed say nothing about the present one. */
  #epoch = 0
  #queue: Waiter[] = []
  #timer: Timer | undefined

  constructor(clock: Clock, random: () => number, hooks: BackoffHooks) {
    this.#clock = clock
    this.#random = random
    this.#hooks = hooks
  }

  /** What a store that is down was last heard to fail with. */
  get error(): SecretError | undefined {
    return this.#state.is === "closed" ? undefined : this.#state.error
  }

  /** The same, while not even a probe may go. */
  get postponing(): SecretError | undefined {
    return this.#state.is === "open" && this.#state.until > this.#clock.monotonic()
      ? this.#state.error
      : undefined
  }

  /** When calls may go again, by the monotonic clock; now, if they may. */
  get nextProbe(): number {
    return this.#state.is === "open" ? this.#state.until : this.#clock.monotonic()
  }

  /**
   * Makes a call when it may be made.
   *
   * @param call asks once more, just before it sends anything, whether it may: it resolves with nothing if not, or if
   * the signal has aborted.
   * @returns the answer; or, for the impatient, when to come back; or, for those who waited behind a probe that
   * failed, its error; or "left", if the signal aborted before anything was sent.
   */
  async pass(
    call: (mayGo: () => boolean) => Promise<Answer | undefined>,
    patience: () => Patience,
    signal: AbortSignal,
  ): Promise<Answer | Postponed | SecretError | "left"> {
    for (;;) {
      const decision = this.#decide(patience) ?? (await this.#wait(patience, signal))
      if (typeof decision !== "string") return decision
      const epoch = this.#epoch
      let answer: Answer | undefined
      try {
        answer = await call(() => decision === "probe" || this.#state.is === "closed")
      } finally {
        if (decision === "probe") this.#probed(answer, signal)
        else if (epoch === this.#epoch && !signal.aborted && answer?.reached === false) {
          this.#open(answer.result as SecretError)
        }
      }
      if (answer !== undefined) return answer
      if (signal.aborted) return "left"
    }
  }

  /** Lets go of everybody who waits; their signals have aborted. */
  close(): void {
    this.#timer?.clear()
    this.#timer = undefined
    for (const waiter of this.#queue.splice(0)) waiter.go("call")
  }

  #decide(patience: () => Patience): "call" | "probe" | Postponed | undefined {
    if (this.#state.is === "closed") return "call"
    if (this.#state.is === "probing") return undefined
    // What will not pass by itself is not waited for: whoever needs an answer tries, one after another.
    const tries = patience() === "patient" && !this.#state.error.transient
    if (tries || this.#state.until <= this.#clock.monotonic()) {
      // Somebody in the queue is about to go as the probe, whose outcome even the impatient wait for.
      if (this.#queue.length > 0) return undefined
      this.#beginProbe()
      return "probe"
    }
    if (patience() === "patient") return undefined
    return { postponedUntil: this.#state.until, error: this.#state.error }
  }

  async #wait(patience: () => Patience, signal: AbortSignal): Promise<"call" | "probe" | SecretError> {
    return await new Promise(resolve => {
      const leave = () => {
        this.#queue = this.#queue.filter(other => other !== waiter)
        waiter.go("call")
        // A timer that nobody waits for any more would keep the process alive.
        this.#arm()
      }
      const waiter: Waiter = {
        patience,
        go(decision) {
          signal.removeEventListener("abort", leave)
          resolve(decision)
        },
      }
      this.#queue.push(waiter)
      signal.addEventListener("abort", leave)
      this.#arm()
    })
  }

  #probed(answer: Answer | undefined, signal: AbortSignal): void {
    if (answer === undefined || signal.aborted) {
      // Nobody waits for this probe any more, so it says nothing: the next in the queue goes in its place. It has been
      // sent all the same, and callers who leave quickly must not make more of them than those who stay.
      const { since, error } = this.#state as State & { is: "probing" }
      this.#state = { is: "open", until: Math.max(this.#clock.monotonic(), since + SHORTEST_PAUSE), error }
      this.#arm()
    } else if (answer.reached) {
      this.#state = { is: "closed" }
      this.#failures = 0
      this.#epoch += 1
      for (const waiter of this.#queue.splice(0)) waiter.go("call")
      this.#hooks.recovered()
    } else {
      this.#open(answer.result as SecretError)
    }
  }

  #open(error: SecretError): void {
    this.#failures += 1
    this.#epoch += 1
    this.#state = { is: "open", until: this.#clock.monotonic() + this.#pause(error), error }
    const stays = (waiter: Waiter) => error.transient && waiter.patience() === "patient"
    const waiters = this.#queue
    this.#queue = []
    for (const waiter of waiters) {
      if (stays(waiter)) this.#queue.push(waiter)
      else waiter.go(error)
    }
    this.#arm()
  }

  #pause(error: SecretError): number {
    const longest = Math.min(LONGEST_PAUSE, this.#hooks.longestPause())
    const grown = Math.min(longest, SHORTEST_PAUSE * 2 ** (this.#failures - 2))
    const jittered = this.#failures === 1 ? 0 : SHORTEST_PAUSE
    return Math.max(Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER), jittered + this.#random() * grown)
  }

  #beginProbe(): void {
    const { error } = this.#state as State & { is: "open" }
    this.#state = { is: "probing", since: this.#clock.monotonic(), error }
  }

  #arm(): void {
    this.#timer?.clear()
    this.#timer = undefined
    if (this.#state.is !== "open" || this.#queue.length === 0) return
    const wait = this.#state.until - this.#clock.monotonic()
    this.#timer = this.#clock.timer("waited-for", wait, () => {
      const next = this.#queue.shift()
      if (next === undefined) return
      this.#beginProbe()
      next.go("probe")
    })
  }
}

/** Whether a caller got no answer of its own from {@link StoreBackoff.pass}. */
export function isPostponed(outcome: Answer | Postponed | SecretError): outcome is Postponed {
  return !isSecretError(outcome) && "postponedUntil" in outcome
}
