import { type Clock, type Instant, instant } from "../../core/index.ts"

/**
 * Milliseconds that never go back, and that move by what the faster of the two clocks says: so what was to come after an
 * hour comes also when the machine slept through it, and no setting of the clock puts it off.
 */
export class Timeline {
  readonly #clock: Clock
  #last: Instant
  #passed = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#last = instant(clock)
  }

  now(): number {
    const { monotonic, wall } = instant(this.#clock)
    this.#passed += Math.max(0, monotonic - this.#last.monotonic, wall - this.#last.wall)
    this.#last = { monotonic, wall }
    return this.#passed
  }
}
