import type { Clock, Timer } from "../../core/index.ts"
import { Timeline } from "./timeline.ts"

/** Goes to one secret. @returns in how many milliseconds it wants to be gone to again. It never rejects. */
export type Visit = (name: string) => Promise<number>

/** How long the one timer sleeps at most, in milliseconds: it stands still while the machine is suspended. */
const HEARTBEAT = 60_000

/** The shortest pause between two visits of one secret, in milliseconds, so that no mistake makes a loop without one. */
const SHORTEST_PAUSE = 100

/** One secret, and when it is gone to. */
interface Entry {
  readonly name: string
  /** By the timeline; `Infinity` while somebody is there. */
  at: number
}

/** When each secret is gone to next. One timer for all of them, and none while nobody runs it. */
export class Agenda {
  readonly #clock: Clock
  readonly #timeline: Timeline
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #underWay: Set<Promise<void>> = new Set()
  /** Not later than the earliest entry: what is before it need not be looked through. */
  #earliest = 0
  #visit: Visit | undefined
  #timer: Timer | undefined
  /** When the timer fires, by the timeline. */
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock, names: readonly string[]) {
    this.#clock = clock
    this.#timeline = new Timeline(clock)
    this.#entries = new Map(names.map(name => [name, { name, at: 0 }]))
  }

  /** Sets when a secret is gone to next, after something was done for it elsewhere. */
  set(name: string, delay: number): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    entry.at = this.#timeline.now() + Math.max(SHORTEST_PAUSE, delay)
    this.#earliest = Math.min(this.#earliest, entry.at)
    this.#arm()
  }

  /**
   * Goes to each secret when its time comes. Resolves when the signal aborts and nobody is on the way any more. Not to be
   * called again before that.
   */
  async run(signal: AbortSignal, visit: Visit): Promise<void> {
    if (signal.aborted) return
    this.#visit = visit
    await new Promise<void>(resolve => {
      signal.addEventListener("abort", () => resolve(), { once: true })
      this.#go()
    })
    this.#visit = undefined
    this.#timer?.clear()
    this.#armedFor = Number.POSITIVE_INFINITY
    await Promise.all(this.#underWay)
  }

  /** Sends somebody to each secret whose time has come, and nobody else until that one is back. */
  #go(): void {
    const visit = this.#visit
    this.#armedFor = Number.POSITIVE_INFINITY
    if (visit === undefined) return
    for (const entry of this.#due()) {
      const going = this.#goTo(entry, visit)
      this.#underWay.add(going)
      void going.then(() => this.#underWay.delete(going))
    }
    this.#arm()
  }

  async #goTo(entry: Entry, visit: Visit): Promise<void> {
    const delay = await visit(entry.name)
    // Unless it was set meanwhile.
    if (entry.at === Number.POSITIVE_INFINITY) this.set(entry.name, delay)
  }

  #due(): Entry[] {
    const now = this.#timeline.now()
    if (now < this.#earliest) return []
    const due: Entry[] = []
    this.#earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) {
      if (entry.at <= now) {
        entry.at = Number.POSITIVE_INFINITY
        due.push(entry)
      } else if (entry.at < this.#earliest) this.#earliest = entry.at
    }
    return due
  }

  #arm(): void {
    if (this.#visit === undefined) return
    const now = this.#timeline.now()
    const at = Math.min(now + HEARTBEAT, Math.max(now, this.#earliest))
    if (at >= this.#armedFor) return
    this.#timer?.clear()
    this.#armedFor = at
    // Rounded up, because a clock may be too coarse for the rest of a millisecond.
    this.#timer = this.#clock.timer("waited-for", Math.ceil(at - now), () => this.#go())
  }
}
