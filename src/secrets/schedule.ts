import { type Clock, elapsed, type Instant, instant, type Timer } from "../core/index.ts"
import type { Keeper } from "./keeper.ts"
import type { Settings } from "./options.ts"
import { retryDelay } from "./retry.ts"

/** What the schedule needs of the rest. */
export interface ScheduleContext {
  readonly clock: Clock
  readonly settings: Settings
  /** Everything that is kept. */
  keepers(): Iterable<Keeper>
  /** Reads these again, all in one turn. */
  round(keepers: readonly Keeper[]): void
}

/** The first pause after a refresh that failed; the longest one is the time to live. In milliseconds. */
const FIRST_PAUSE = 1_000

/** How long the one timer sleeps at most, in milliseconds: it stands still while the machine is suspended. */
const HEARTBEAT = 30_000

/** How far the two clocks have to part, in milliseconds, for the machine to count as having been suspended. */
const SUSPENSION = 5_000

/**
 * One timer for all secrets. Those that fall due at about the same time are read in one round; the first round comes at
 * a random point of the time to live, so that programs that start together do not stay together. With
 * `refresh: "on-read"` it only keeps the times, and whoever reads asks for them.
 */
export class Schedule {
  readonly #context: ScheduleContext
  /** Where in the time to live the first round lies, from 0 to below 1. */
  readonly #phase: number
  /** How much earlier than their time to live the names of this round come again, as a part of the jitter. */
  #spread: number
  #timer: Timer | undefined
  #armedFor = Number.POSITIVE_INFINITY
  #stopped: boolean

  constructor(context: ScheduleContext) {
    this.#context = context
    this.#phase = context.settings.random()
    this.#spread = context.settings.random()
    this.#stopped = context.settings.refresh === "on-read"
  }

  /**
   * Sets when a secret is due, after a refresh that ended, well or badly.
   *
   * @param notBefore when the store may be asked again, by the monotonic clock.
   */
  plan(keeper: Keeper, notBefore: number): void {
    if (keeper.asleep) return
    const now = this.#context.clock.monotonic()
    // Unless the refresh itself has said when to come back: to confirm that a secret is gone, or when the store, which
    // is down, is probed next.
    if (keeper.due === Number.POSITIVE_INFINITY) {
      const failing = keeper.state.failures > 0
      keeper.due = failing ? Math.max(notBefore, now + this.#pause(keeper)) : this.#nextRound(keeper, now)
    }
    this.planned(keeper)
  }

  /**
   * Makes a secret due, if it is not being read anyway.
   *
   * @param notBefore when the store may be asked again, by the monotonic clock. Default: now.
   */
  hurry(keeper: Keeper, notBefore = 0): void {
    if (keeper.asleep || keeper.flight !== undefined) return
    keeper.due = Math.max(this.#context.clock.monotonic(), notBefore)
    this.planned(keeper)
  }

  /** Sees to it that a secret is looked at when its time comes. */
  planned(keeper: Keeper): void {
    if (!this.#stopped && keeper.wakeAt < this.#armedFor) this.#arm(keeper.wakeAt)
  }

  /** Ends all rounds. */
  stop(): void {
    this.#stopped = true
    this.#timer?.clear()
  }

  #pause(keeper: Keeper): number {
    const { random } = this.#context.settings
    const { ttl } = keeper.policy
    const grown = retryDelay(keeper.state.failures, { first: FIRST_PAUSE, longest: ttl }, random())
    return Math.max(grown, Math.min(FIRST_PAUSE, ttl))
  }

  #nextRound(keeper: Keeper, now: number): number {
    const { goodFor } = keeper
    if (keeper.roundsSeen === 0) return now + goodFor * this.#phase
    return now + goodFor * (1 - this.#context.settings.jitter * this.#spread)
  }

  #arm(at: number): void {
    this.#timer?.clear()
    this.#armedFor = at
    const { clock } = this.#context
    const armed = instant(clock)
    const wait = Math.min(at - armed.monotonic, HEARTBEAT)
    this.#timer = clock.timer("background", wait, () => {
      const now = instant(clock)
      if (elapsed(armed, now) - (now.monotonic - armed.monotonic) > SUSPENSION) this.#resumed(now)
      if (this.#armedFor <= now.monotonic) this.#fire()
      else this.#arm(this.#armedFor)
    })
  }

  /** The machine was suspended, and its timers with it: what became too old meanwhile is due now. */
  #resumed(now: Instant): void {
    for (const keeper of this.#context.keepers()) {
      keeper.apply({ type: "time", now })
      if (keeper.age(now) >= keeper.goodFor) this.hurry(keeper)
    }
  }

  #fire(): void {
    const { clock, settings } = this.#context
    const now = instant(clock)
    this.#armedFor = Number.POSITIVE_INFINITY
    this.#spread = settings.random()
    const due: Keeper[] = []
    for (const keeper of this.#context.keepers()) {
      if (keeper.wakeAt > now.monotonic + settings.jitter * keeper.policy.ttl) continue
      keeper.apply({ type: "time", now })
      keeper.forgetPrevious(now)
      if (keeper.due > now.monotonic + settings.jitter * keeper.policy.ttl) continue
      if (!keeper.wanted(now.monotonic)) keeper.sleep()
      else due.push(keeper)
    }
    // The one that was read longest ago goes first and is the probe of a store that was down: then a single secret
    // that can never be read does not keep the others from it.
    due.sort((one, other) => one.startedOrder - other.startedOrder)
    for (const keeper of due) {
      keeper.due = Number.POSITIVE_INFINITY
      keeper.roundsSeen += 1
    }
    this.#context.round(due)
    let next = Number.POSITIVE_INFINITY
    for (const keeper of this.#context.keepers()) next = Math.min(next, keeper.wakeAt)
    // Never for this very moment, which is over, but for a difference in rounding.
    if (!this.#stopped && next < this.#armedFor) this.#arm(Math.max(next, now.monotonic + 1))
  }
}
