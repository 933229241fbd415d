/** What came of calls that were made at a steady pace. */
export interface CallCount {
  made: number
  failed: number
  /** How often each failure was seen, by its text. */
  readonly failures: Map<string, number>
}

const TICK_MS = 10

/**
 * Calls at a steady pace until it is stopped. New calls do not wait for older ones to be answered: a slow answer
 * does not lighten the load.
 */
export class Pace {
  readonly count: CallCount = { made: 0, failed: 0, failures: new Map() }
  readonly #call: () => Promise<void>
  readonly #perMs: number
  readonly #open = new Set<Promise<void>>()
  readonly #started = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor(callsPerSecond: number, call: () => Promise<void>) {
    this.#perMs = callsPerSecond / 1000
    this.#call = call
    this.#timer = setInterval(() => this.#catchUp(), TICK_MS)
  }

  /** Makes no more calls; resolves when all that were made have ended. */
  async stop(): Promise<CallCount> {
    clearInterval(this.#timer)
    await Promise.all(this.#open)
    return this.count
  }

  #catchUp(): void {
    const due = Math.floor((performance.now() - this.#started) * this.#perMs)
    while (this.count.made < due) {
      this.count.made += 1
      const call = this.#one()
      this.#open.add(call)
      void call.finally(() => this.#open.delete(call))
    }
  }

  async #one(): Promise<void> {
    try {
      await this.#call()
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown)
      this.count.failed += 1
      this.count.failures.set(text, (this.count.failures.get(text) ?? 0) + 1)
    }
  }
}
