import type { Clock } from "../../core/index.ts"

/**
 * Something that is done for all who want it at the same time, and not again before an interval has passed since it was
 * begun: made-up ids, however many, cause no more requests than one.
 */
export class RareRefresh {
  readonly #clock: Clock
  readonly #interval: number
  readonly #refresh: () => Promise<void>
  #underWay: Promise<void> | undefined
  #begunAt: number | undefined

  /** @param interval in milliseconds, by the monotonic clock. */
  constructor(clock: Clock, interval: number, refresh: () => Promise<void>) {
    this.#clock = clock
    this.#interval = interval
    this.#refresh = refresh
  }

  /** Resolves when what is under way is done; at once where nothing is, and it is too soon to begin again. */
  async run(): Promise<void> {
    if (this.#underWay === undefined) {
      const now = this.#clock.monotonic()
      if (this.#begunAt !== undefined && now - this.#begunAt < this.#interval) return
      this.#begunAt = now
      this.#underWay = this.#refresh().finally(() => {
        this.#underWay = undefined
      })
    }
    await this.#underWay
  }
}
