import type { Clock, Timer } from "../../../src/core/index.ts"

interface Entry {
  readonly at: number
  readonly order: number
  readonly callback: () => void
  cleared: boolean
}

// Kept from before any test puts fake timers in their place.
const { setImmediate } = globalThis

/**
 * The true time of a simulated world, in milliseconds since 1970, and the clocks of the machines in it: quick enough for
 * years of thousands of timers.
 */
export class SimulatedTime {
  #now: number
  #order = 0
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = []
  /** The time as it truly is, for a store that tells it. */
  readonly clock: Clock

  constructor(start: string) {
    this.#now = new Date(start).getTime()
    const machine = new Machine(this)
    this.clock = machine
  }

  get now(): number {
    return this.#now
  }

  /** A machine whose clock is right for now. */
  machine(): Machine {
    return new Machine(this)
  }

  /** Goes on until a time, and fires what falls due, each when all that followed from the one before has happened. */
  async goTo(time: number): Promise<void> {
    await turn()
    for (let next = this.#heap[0]; next !== undefined && next.at <= time; next = this.#heap[0]) {
      this.#remove()
      if (next.cleared) continue
      this.#now = Math.max(this.#now, next.at)
      next.callback()
      await turn()
    }
    this.#now = time
  }

  set(milliseconds: number, callback: () => void): Timer {
    const at = this.#now + Math.max(0, milliseconds)
    const entry: Entry = { at, order: this.#order++, callback, cleared: false }
    this.#add(entry)
    return {
      clear: () => {
        entry.cleared = true
      },
    }
  }

  #add(entry: Entry): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #remove(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const [one, other] = [heap[left], heap[left + 1]]
      if (one === undefined) break
      const [child, at] = other !== undefined && isBefore(other, one) ? [other, left + 1] : [one, left]
      if (!isBefore(child, last)) break
      heap[index] = child
      index = at
    }
    heap[index] = last
  }
}

/** One machine, whose clock can be set. Its timers go by the true time. */
export class Machine implements Clock {
  readonly #time: SimulatedTime
  /** How far its clock is off, in milliseconds. */
  offset = 0

  constructor(time: SimulatedTime) {
    this.#time = time
  }

  monotonic(): number {
    return this.#time.now
  }

  wall(): number {
    return this.#time.now + this.offset
  }

  timer(_: "waited-for" | "background", milliseconds: number, callback: () => void): Timer {
    return this.#time.set(milliseconds, callback)
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

/** Runs every promise job there is. */
async function turn(): Promise<void> {
  await new Promise<void>(resolve => setImmediate(resolve))
}

/** A source of random numbers that is the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
