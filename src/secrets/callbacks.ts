import { type Change, type Clock, className, sameValue, type Version } from "../core/index.ts"
import type { Events } from "./events.ts"
import { type Lens, pin, type Shown } from "./lens.ts"
import type { Settings } from "./options.ts"
import { CALLBACK_GROWTH, retryDelay } from "./retry.ts"
import { bounded, pause, promised } from "./timing.ts"

/** What a subscription needs of the rest. */
export interface CallbackContext {
  readonly clock: Clock
  readonly settings: Settings
  readonly events: Events
}

/**
 * The queue of one rotation callback. It holds nothing but what the callback has seen: whatever the lens shows beyond
 * that is owed. So changes that come while it runs are one change to the newest value, it never goes back in time, and
 * it is called once for each.
 */
export class Subscription {
  readonly #lens: Lens
  readonly #callback: (change: Change<unknown>) => void | Promise<void>
  readonly #context: CallbackContext
  readonly #ending = new AbortController()
  /** What the callback got through with. */
  #delivered: Shown | undefined
  /** What a run was begun with that did not get through: its effects may be there by half. */
  #attempted: Shown | undefined
  /** What was given up, until something newer comes. */
  #givenUp: Shown | undefined
  /** What was tried last, and how often in a row: also over a time in which it could not be shown. */
  #last: Shown | undefined
  #attempts = 0
  #running: Promise<void> | undefined

  /** @param delivered what the subscriber has seen already, or `undefined` if that is another value than is shown. */
  constructor(
    lens: Lens,
    callback: (change: Change<unknown>) => void | Promise<void>,
    delivered: Shown | undefined,
    context: CallbackContext,
  ) {
    this.#lens = lens
    this.#callback = callback
    this.#delivered = delivered
    this.#context = context
  }

  /** Looks whether the callback is owed a change, and runs it. */
  notify(): void {
    if (this.#running !== undefined || this.#ending.signal.aborted) return
    this.#running = this.#run()
  }

  /** Ends the subscription; a run that is under way is let go on. */
  end(): void {
    this.#ending.abort()
  }

  /** Resolves when no run is under way. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // A callback never runs inside the step of which it is told, or it could see half of it.
    await Promise.resolve()
    for (let target = this.#owed(); target !== undefined; target = this.#owed()) {
      this.#attempts = isSame(this.#last, target) ? this.#attempts + 1 : 1
      this.#last = target
      await this.#attempt(target, this.#attempts)
    }
    // In the same step as the last look: a change that comes after it finds nobody running, and starts the next run.
    this.#running = undefined
  }

  /** The change that the callback has not seen, if there is one. What was withdrawn is not shown to it either. */
  #owed(): Shown | undefined {
    const { shown, open } = this.#lens
    if (shown === undefined || !open || this.#ending.signal.aborted) return undefined
    if (isSame(this.#givenUp, shown)) return undefined
    if (this.#attempted === undefined && isSame(this.#delivered, shown)) return undefined
    return shown
  }

  async #attempt(target: Shown, attempt: number): Promise<void> {
    const { clock, settings } = this.#context
    const change = this.#change(target)
    // On the way back to what was delivered, what has to be undone stays what it was, however often that is tried.
    if (!isSame(this.#delivered, target)) this.#attempted = target
    this.#givenUp = undefined
    const run = promised(() => this.#callback(change))
    const ended = await bounded(clock, "background", settings.callbackTimeout, run, this.#ending.signal)
    if (ended === "aborted") {
      // A run that is under way when its subscription ends is let go on; whoever closes does not wait for ever.
      return await run.catch((thrown: unknown) => this.#failed(target, attempt, false, className(thrown)))
    }
    if (typeof ended === "object" && "done" in ended) {
      this.#delivered = target
      this.#attempted = undefined
      return
    }
    const retried = attempt < settings.callbackAttempts
    if (!retried) this.#givenUp = target
    this.#failed(target, attempt, retried, ended === "late" ? "TIMEOUT" : className(ended.threw))
    if (retried) {
      const delay = retryDelay(attempt, CALLBACK_GROWTH, settings.random())
      await pause(clock, "background", delay, this.#ending.signal)
    }
  }

  #failed({ version }: Shown, attempt: number, retried: boolean, reason: string): void {
    const secret = this.#lens.reference
    this.#context.events.emit("callbackFailed", { secret, version, attempt, retried, reason })
  }

  #change(target: Shown): Change<unknown> {
    const lens = this.#lens
    // After a run that failed and a way back to what was there before, that run's value is what has to be undone.
    const before = isSame(this.#delivered, target) ? this.#attempted : (this.#delivered ?? lens.previous)
    return Object.freeze({
      name: lens.reference,
      current: pin(lens, target),
      previous: before === undefined ? undefined : pin(lens, before),
      version: target.version,
      previousVersion: before?.version,
    })
  }
}

/**
 * What a subscriber has seen who names the version that it saw last: what is shown now, if that has this version or
 * had it while the value was the same.
 */
export function seenSince(
  since: Version | undefined,
  lens: Lens,
  aliases: readonly Version[],
): Shown | undefined {
  const { shown } = lens
  if (since === undefined || shown === undefined) return shown
  return shown.version === since || aliases.includes(since) ? shown : undefined
}

function isSame(one: Shown | undefined, other: Shown): boolean {
  return one !== undefined && sameValue(one.raw, other.raw)
}
