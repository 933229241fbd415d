import {
  elapsed,
  type Instant,
  instant,
  SecretError,
  type SecretErrorCode,
  type SecretStatus,
  type SecretStore,
  type StoredSecret,
  sameValue,
  type Version,
} from "../core/index.ts"
import type { CallbackContext, Subscription } from "./callbacks.ts"
import { type Effect, type EntryEvent, type EntryState, emptyEntry, isWithdrawn, step } from "./entry.ts"
import { Gate } from "./gate.ts"
import type { Lens, Replaced, Watched } from "./lens.ts"
import { endsAfter } from "./lifetime.ts"
import { narrowed, type Policy } from "./options.ts"
import type { Recall } from "./overlap.ts"
import type { Flight } from "./single-flight.ts"
import { type About, tell } from "./tell.ts"
import { bounded } from "./timing.ts"
import type { Rejection } from "./use.ts"
import { invalid, type View } from "./view.ts"

/** What a keeper needs of the rest. */
export interface KeeperContext extends CallbackContext {
  readonly store: SecretStore
  /** Aborts when everything is closed. */
  readonly closing: AbortSignal
  closedError(secret: string): SecretError
  /** A secret that slept is wanted again: read it. */
  wake(keeper: Keeper): void
  /** The keeper wants to be looked at when its `wakeAt` comes. */
  planned(keeper: Keeper): void
}

const NO_WISHES: Partial<Policy> = {}

/** Most secrets have no subscribers: they share this. */
const NOBODY: ReadonlySet<Subscription> = new Set()

/** A name sleeps when it was not asked for in so many times its `ttl`. */
const TTLS_UNTIL_SLEEP = 10

/** Keeps one secret: drives its entry, shows what is accepted to its lenses, tells its subscribers. */
export class Keeper implements Watched {
  readonly name: string
  readonly gate: Gate = new Gate(this)
  subscriptions: ReadonlySet<Subscription> = NOBODY
  state: EntryState = emptyEntry
  policy: Policy
  touched = true
  /** The read that is under way. */
  flight: Flight | undefined
  /** When to read again, by the monotonic clock. */
  due: number = Number.POSITIVE_INFINITY
  /** The version that the far side refused last. */
  rejection: Rejection | undefined
  /** What came of asking the store for the version before the held one. */
  recall: Recall | undefined
  /** How many rounds of the schedule this secret was in. */
  roundsSeen = 0
  /** The place of the newest read that was begun. */
  startedOrder = 0
  readonly #context: KeeperContext
  #wishes: Partial<Policy> = NO_WISHES
  #lastTouched: number
  #readAfter = -1
  #asleep = false

  constructor(name: string, context: KeeperContext) {
    this.name = name
    this.#context = context
    this.policy = context.settings.policy
    this.#lastTouched = context.clock.monotonic()
  }

  /** Takes in what one more caller wishes. */
  wish(wishes: Partial<Policy>): void {
    if (Object.keys(wishes).length === 0) return
    this.#wishes = narrowed(this.#wishes, wishes)
    this.policy = { ...this.#context.settings.policy, ...this.#wishes }
    const soonest = this.#context.clock.monotonic() + this.policy.ttl
    if (this.due === Number.POSITIVE_INFINITY || this.due <= soonest) return
    this.due = soonest
    this.#context.planned(this)
  }

  /** Tells a subscriber of changes from now on. */
  subscribe(subscription: Subscription): void {
    this.subscriptions = new Set([...this.subscriptions, subscription])
    this.wake()
  }

  unsubscribe(subscription: Subscription): void {
    const others = [...this.subscriptions].filter(other => other !== subscription)
    this.subscriptions = others.length === 0 ? NOBODY : new Set(others)
  }

  /** Takes in that only a read that begins after this place in the order of beginnings will do. */
  readAfter(order: number): void {
    this.#readAfter = Math.max(this.#readAfter, order)
  }

  /** Whether somebody has asked for a newer read than the newest that was begun. */
  get owesRead(): boolean {
    return this.startedOrder <= this.#readAfter
  }

  /** Whether there is a value that may be revealed. */
  get revealable(): boolean {
    return this.state.held !== undefined && this.state.end === undefined
  }

  get asleep(): boolean {
    return this.#asleep
  }

  /** When the schedule has to look at this secret: when it is due, or when its value becomes too old. */
  get wakeAt(): number {
    const { failure, end, answeredAt, held } = this.state
    if (held === undefined || failure === undefined || end !== undefined) return this.due
    return Math.min(this.due, answeredAt.monotonic + this.policy.ttl + this.policy.maxStale)
  }

  /** How long what is held is used before it is read again, in milliseconds: its time to live, or less if it ends before. */
  get goodFor(): number {
    return Math.min(this.policy.ttl, this.endsAfter)
  }

  /** At which age what is held comes too close to the end that it names, in milliseconds. */
  get endsAfter(): number {
    return endsAfter(this.state.held?.expiresAt, this.state.answeredAt)
  }

  /** Whether somebody would miss this secret if it were not refreshed. */
  wanted(now: number): boolean {
    if (this.touched) {
      this.touched = false
      this.#lastTouched = now
    }
    return this.subscriptions.size > 0 || now - this.#lastTouched <= TTLS_UNTIL_SLEEP * this.policy.ttl
  }

  /** Stops being refreshed until it is revealed again. */
  sleep(): void {
    this.#asleep = true
    this.due = Number.POSITIVE_INFINITY
    this.#openOrShut()
  }

  /** Is refreshed again, from now on if it slept. */
  wake(): void {
    this.touched = true
    if (!this.#asleep) return
    this.#asleep = false
    this.#openOrShut()
    this.#context.wake(this)
  }

  /** Ends a value that has become too old where no timer could look: none runs, or the machine was asleep. */
  look(): void {
    if (this.state.failure !== undefined) this.apply({ type: "time", now: instant(this.#context.clock) })
  }

  /** Whether it should have been refreshed long ago and was not: the machine was suspended, or nothing refreshes it. */
  overslept(now: Instant): boolean {
    if (this.#asleep || this.flight !== undefined || this.state.held === undefined) return false
    return this.age(now) > this.goodFor + this.policy.callTimeout
  }

  /** Reveals when the quick way is shut. @throws SecretError the code that the secret ended with. */
  beforeReveal(reference: string): void {
    // One that has ended is wanted all the same: as soon as the store answers it is revealed again.
    this.wake()
    if (this.state.end !== undefined) throw this.endError(reference)
  }

  async judged<T>(reference: string, judgement: Promise<T>): Promise<T> {
    const limit = this.policy.callTimeout
    const { clock, closing } = this.#context
    const ended = await bounded(clock, "waited-for", limit, judgement, closing)
    if (typeof ended === "object" && "done" in ended) return ended.done
    if (typeof ended === "object") throw ended.threw
    if (ended === "aborted") throw this.#context.closedError(reference)
    throw invalid(reference, `the schema came to no end within ${limit} ms`, "see what the schema waits for")
  }

  /** Why the secret is not revealed. */
  endError(reference: string): SecretError {
    const { code, lastCode } = this.state.end ?? { code: "NOT_FOUND" as const, lastCode: undefined }
    return new SecretError(code, {
      secret: reference,
      store: this.#context.store.location,
      lastCode,
      hint: END_HINTS[code],
    })
  }

  age(now: Instant): number {
    return elapsed(this.state.answeredAt, now)
  }

  status(now: Instant = instant(this.#context.clock)): SecretStatus {
    const { held, stale, end } = this.state
    const status = {
      version: held?.version ?? "",
      age: Math.round(this.age(now)),
      stale: stale || end !== undefined || this.overslept(now),
    }
    return held?.expiresAt === undefined ? status : { ...status, expiresAt: held.expiresAt }
  }

  /**
   * Takes in what happened.
   *
   * @param about what listeners are told of a failure or a refusal.
   * @returns what is left to be done by whoever reads.
   */
  apply(event: EntryEvent, about: About = {}): readonly Effect[] {
    const { state, effects } = step(this.state, event, {
      ...this.policy,
      versionedReads: this.#context.store.capabilities.versionedReads,
    })
    const ended = this.state.end !== state.end || this.state.held === undefined
    this.state = state
    if (ended) this.#openOrShut()
    for (const effect of effects) this.#perform(effect, about)
    return effects
  }

  /**
   * Offers a version that was read or written. It is shown if no newer answer is known and all lenses accept it.
   *
   * @returns the error with which a lens refused it.
   */
  async offer(order: number, at: Instant, secret: StoredSecret): Promise<SecretError | undefined> {
    const { clock } = this.#context
    const { held } = this.state
    if (held !== undefined && sameValue(held.value, secret.value)) {
      this.apply({ type: "accepted", order, at, now: instant(clock), secret })
      if (this.state.held === secret) this.gate.move(secret.version)
      return undefined
    }
    for (;;) {
      const verdict = await this.gate.ask(secret)
      // While schemas were thinking, a newer answer may have come.
      if (order < this.state.order) return undefined
      const now = instant(clock)
      if ("refusedBy" in verdict) {
        const { refusedBy: by, error } = verdict
        // Nobody has refused it: there was no time left for that.
        if (error.code === "CLOSED") return error
        this.apply({ type: "refused", order, at, now, version: secret.version, code: error.code }, { by })
        return error
      }
      const shown = this.gate.show(
        verdict.accepted,
        secret.version,
        isWithdrawn(this.state) ? undefined : now,
      )
      if (!shown) continue
      this.apply({ type: "accepted", order, at, now, secret })
      return undefined
    }
  }

  /** The lens for a view of what is held, which must be something. @throws SecretError `INVALID_VALUE` */
  async lens(reference: string, view: View): Promise<Lens> {
    return await this.gate.lens(reference, view, () => this.state as EntryState & { held: StoredSecret })
  }

  /** The version before the one that a lens shows, while the overlap window is open and that one may be revealed. */
  previousOf(lens: Lens): Replaced | undefined {
    if (!this.revealable) return undefined
    const now = instant(this.#context.clock)
    this.forgetPrevious(now)
    this.gate.forgetOlder(this.policy.overlap, now)
    return lens.previous
  }

  /** Lets go of previous values whose overlap window has closed. */
  forgetPrevious(now: Instant): void {
    const { previous } = this.state
    if (previous === undefined || elapsed(previous.replacedAt, now) < this.policy.overlap) return
    this.state = { ...this.state, previous: undefined }
    this.gate.forgetOlder(this.policy.overlap, now)
  }

  /** Takes in a previous version that was read from the store. */
  async takeBack(heldVersion: Version, secret: StoredSecret, replacedAt: Instant): Promise<void> {
    this.apply({ type: "recalled", heldVersion, secret, replacedAt })
    const stillThere = () => this.state.previous?.secret === secret
    if (this.state.previous?.secret === secret) await this.gate.recall(this.state.previous, stillThere)
  }

  #openOrShut(): void {
    this.gate.open = this.revealable && !this.#asleep
  }

  #perform(effect: Effect, about: About): void {
    tell(this.#context.events, effect, { secret: this.name, store: this.#context.store.location, ...about })
    if (effect.type === "changed" || effect.type === "recovered") {
      for (const subscription of this.subscriptions) subscription.notify()
    } else if (effect.type === "withdrawn") {
      this.gate.forgetPrevious()
    } else if (effect.type === "confirm") {
      this.due = this.#context.clock.monotonic() + effect.after
      this.#context.planned(this)
    }
  }
}

const END_HINTS: Partial<Record<SecretErrorCode, string>> = {
  NOT_FOUND: "it was there and has been deleted; write it again, and it is revealed again",
  DISABLED: "it was there and has been disabled; enable it, and it is revealed again",
  DENIED: "the permission to read it was withdrawn; grant it, and it is revealed again",
  STALE: "see the last cause; it is revealed again as soon as the store answers",
}
