import type { Clock, Timer } from "../../core/index.ts"
import { Timeline } from "./timeline.ts"

/** Goes to one secret. @returns in how many milliseconds it wants to be gone to again. It never rejects. */
export type Visit = (name: string) => Promise<number>

/** How long the one timer sleeps at most, in milliseconds: it stands still while the machine is suspended. */
const HEARTBEAT = 30_000

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
  /** Not later than the earliest entry: what is before it need not be looked through. */
  #earliest = 0
  #wake: (() => void) | undefined

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
    if (entry.at >= this.#earliest) return
    this.#earliest = entry.at
    this.#wake?.()
  }

  /** Goes to each secret when its time comes. Resolves when the signal aborts and nobody is on the way any more. */
  async run(signal: AbortSignal, visit: Visit): Promise<void> {
    const underWay = new Set<Promise<void>>()
    const go = async (entry: Entry): Promise<void> => {
      const delay = await visit(entry.name)
      // Unless it was set meanwhile.
      if (entry.at === Number.POSITIVE_INFINITY) this.set(entry.name, delay)
    }
    while (!signal.aborted) {
      for (const entry of this.#due()) {
        const going = go(entry)
        underWay.add(going)
        going.then(() => underWay.delete(going))
      }
      await this.#sleep(signal)
    }
    await Promise.all(underWay)
  }

  /** All whose time has come; nobody else is sent to them until they have been gone to. */
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

  async #sleep(signal: AbortSignal): Promise<void> {
    const pause = Math.min(HEARTBEAT, Math.max(0, this.#earliest - this.#timeline.now()))
    if (signal.aborted) return
    await new Promise<void>(resolve => {
      let timer: Timer | undefined
      const wake = (): void => {
        timer?.clear()
        this.#wake = undefined
        signal.removeEventListener("abort", wake)
        resolve()
      }
      this.#wake = wake
      signal.addEventListener("abort", wake, { once: true })
      timer = this.#clock.timer("waited-for", pause, wake)
    })
  }
}
