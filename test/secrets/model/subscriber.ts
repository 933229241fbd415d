import type { Change, Clock, Secret } from "../../../src/core/index.ts"
import { isEnded, outcomeOf } from "./outcome.ts"
import { holds } from "./promises.ts"

/** What a callback does beside looking at the change. */
export const BEHAVIOURS = [
  "fine",
  "throws",
  "throws once",
  "hangs",
  "waits",
  "refreshes",
  "gets",
  "uses",
  "ends",
  "closes",
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

interface Run {
  readonly value: string
  readonly began: number
  outcome: "running" | "fine" | "threw"
}

export interface SubscriberContext {
  readonly clock: Clock
  readonly callbackTimeout: number
  readonly callbackAttempts: number
  /** What the callback does that calls back into the library. */
  act(behaviour: Behaviour): Promise<void>
  /** Whether `close()` was called. */
  isClosing(): boolean
}

/** A rotation callback that watches how it is called. */
export class Subscriber {
  readonly secret: Secret<string>
  /** Ends the subscription. Set by whoever subscribed. */
  registration: Disposable | undefined
  ended = false
  readonly #behaviour: Behaviour
  readonly #context: SubscriberContext
  readonly #runs: Run[] = []
  #release: (() => void) | undefined
  /** What was shown when the subscription began: nothing if it was told of an older version, `null` if nobody knows. */
  readonly #seen: string | null | undefined
  #healthy = false
  /** What went wrong within a run: it is not thrown there, or it would be taken for the callback's own. */
  broken: unknown

  constructor(
    secret: Secret<string>,
    behaviour: Behaviour,
    seen: string | null | undefined,
    context: SubscriberContext,
  ) {
    this.secret = secret
    this.#behaviour = behaviour
    this.#seen = seen
    this.#context = context
  }

  end(): void {
    this.ended = true
    this.registration?.[Symbol.dispose]()
  }

  /** Lets a run go on that waits. */
  release(): void {
    this.#release?.()
    this.#release = undefined
  }

  /** Does nothing odd any more. */
  heal(): void {
    this.#healthy = true
    this.release()
  }

  readonly callback = async (change: Change<string>): Promise<void> => {
    const run: Run = {
      value: change.current.reveal(),
      began: this.#context.clock.monotonic(),
      outcome: "running",
    }
    try {
      this.#watch(change, run)
    } catch (thrown) {
      this.broken ??= thrown
    }
    this.#runs.push(run)
    try {
      await this.#behave()
      // One that took too long counts as one that failed, whatever it came to.
      const late = this.#context.clock.monotonic() - run.began >= this.#context.callbackTimeout
      run.outcome = late ? "threw" : "fine"
    } catch (thrown) {
      run.outcome = "threw"
      throw thrown
    }
  }

  /** When nothing is going on: what was delivered last is what is revealed, unless it runs, or its run failed. */
  checkSettled(): void {
    const last = this.#runs.at(-1)
    if (this.ended || (last !== undefined && last.outcome !== "fine")) return
    const outcome = outcomeOf(this.secret)
    const seen = last === undefined ? this.#seen : last.value
    if (seen === null) return
    holds("delivered", isEnded(outcome) || seen === outcome, () => `${outcome} was not: ${this.#story()}`)
  }

  /** When much time has passed: what failed was tried as often as promised. */
  checkRetried(): void {
    const last = this.#runs.at(-1)
    if (this.ended || last?.outcome !== "threw" || isEnded(outcomeOf(this.secret))) return
    holds("retried", this.#triesOf(last.value) >= this.#context.callbackAttempts, () => this.#story())
  }

  /** When all is quiet: what was delivered last is what is revealed. */
  checkQuiet(): void {
    if (this.ended) return
    const revealed = this.secret.reveal()
    const last = this.#runs.at(-1)
    const seen = last === undefined ? this.#seen : last.value
    holds("delivered", seen === revealed && last?.outcome !== "threw", () => this.#story())
  }

  #watch(change: Change<string>, run: Run): void {
    const { clock, callbackTimeout, callbackAttempts } = this.#context
    holds("single", !this.ended && !this.#context.isClosing(), () => `called after the end: ${this.#story()}`)
    const before = this.#runs.at(-1)
    const overdue = before !== undefined && clock.monotonic() - before.began >= callbackTimeout
    holds("single", before?.outcome !== "running" || overdue, () => this.#story())
    const outcome = outcomeOf(this.secret)
    holds("accepted", !isEnded(outcome), () => `a callback is shown what is ${outcome}`)
    holds("newest", run.value === outcome, () => `shown ${run.value}, revealed ${outcome}`)
    holds("newest", change.version === change.current.version, () => "two versions in one change")
    holds(
      "once",
      before === undefined
        ? run.value !== this.#seen
        : before.outcome !== "fine" || before.value !== run.value,
      () => `${run.value} again: ${this.#story()}`,
    )
    holds("once", this.#triesOf(run.value) < callbackAttempts, () => `tried too often: ${this.#story()}`)
  }

  /** How often a value was tried in vain, of late. */
  #triesOf(value: string): number {
    return (
      this.#runs.length - this.#runs.findLastIndex(one => one.value !== value || one.outcome === "fine") - 1
    )
  }

  async #behave(): Promise<void> {
    if (this.#healthy) return
    switch (this.#behaviour) {
      case "fine":
        return
      case "throws":
        throw new Error("the callback throws")
      case "throws once":
        if (this.#runs.at(-2)?.outcome !== "threw") throw new Error("the callback throws")
        return
      case "hangs":
      case "waits":
        await new Promise<void>(resolve => {
          this.#release = resolve
        })
        return
      default:
        await this.#context.act(this.#behaviour)
    }
  }

  #story(): string {
    return this.#runs.map(({ value, began, outcome }) => `${value} at ${began}: ${outcome}`).join("; ")
  }
}
