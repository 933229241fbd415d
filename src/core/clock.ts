/** A timer that has an owner, who can clear it. */
export interface Timer {
  /** Clears the timer; harmless when it has fired. */
  clear(): void
}

/**
 * What the library knows of time. Two readings, because they part on bad days: a wall clock is set, a monotonic
 * one stands still while a machine sleeps.
 */
export interface Clock {
  /** Milliseconds since an arbitrary point; never goes back. */
  monotonic(): number
  /** Milliseconds since the epoch, as the machine believes. */
  wall(): number
  /**
   * Calls back once, after at least `milliseconds`; any length works, also one that `setTimeout` cannot hold.
   *
   * @param kind `"waited-for"` keeps the process alive, because a caller waits for it; `"background"` does not.
   */
  timer(kind: "waited-for" | "background", milliseconds: number, callback: () => void): Timer
}

/** The longest delay that `setTimeout` holds; above it Node fires at once. */
const LONGEST_DELAY = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = Object.freeze({
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  timer(kind: "waited-for" | "background", milliseconds: number, callback: () => void): Timer {
    let remaining = Math.max(0, milliseconds)
    let handle: NodeJS.Timeout
    const arm = () => {
      const delay = Math.min(remaining, LONGEST_DELAY)
      remaining -= delay
      handle = setTimeout(() => (remaining > 0 ? arm() : callback()), delay)
      if (kind === "background") handle.unref()
    }
    arm()
    return { clear: () => clearTimeout(handle) }
  },
})

/** A point in time by both readings of a clock. */
export interface Instant {
  readonly monotonic: number
  readonly wall: number
}

/** The present, by both readings. */
export function instant(clock: Clock): Instant {
  return { monotonic: clock.monotonic(), wall: clock.wall() }
}

/**
 * Milliseconds from one instant to another: the larger of what both readings say. A clock that was set, or that
 * stood still while the machine slept, then makes a value look too old and causes a refresh, never too young.
 */
export function elapsed(since: Instant, until: Instant): number {
  return Math.max(0, until.monotonic - since.monotonic, until.wall - since.wall)
}
