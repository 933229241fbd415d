const WINDOW_MS = 60_000

/** Lets a key make so many requests in any minute, and says how long to wait above that. */
export class RateLimit {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #recent = new Map<string, number[]>()

  /** @param perMinute `Infinity` lifts the limit. */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute
    this.#now = now
  }

  /** Counts a request; 0 if it may pass, else the whole seconds after which one will. */
  secondsToWait(key: string): number {
    if (this.#perMinute === Number.POSITIVE_INFINITY) return 0
    const now = this.#now()
    const recent = (this.#recent.get(key) ?? []).filter(at => now - at < WINDOW_MS)
    this.#recent.set(key, recent)
    const oldest = recent[0]
    if (recent.length < this.#perMinute || oldest === undefined) {
      recent.push(now)
      return 0
    }
    return Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000))
  }
}
