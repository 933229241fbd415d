import { type Clock, type Duration, parseDuration, type Timer } from "../core/index.ts"

/** A timer that has been set on a {@link FakeClock} and has not fired. */
export interface PendingTimer {
  readonly kind: "waited-for" | "background"
  /** Milliseconds from now, by the monotonic reading. */
  readonly dueIn: number
}

/** A clock that moves only when it is told to. */
export interface FakeClock extends Clock {
  /**
   * Moves both readings on, fires what falls due in its order, and lets everything that follows from each timer
   * happen before the next one. Resolves when all that is pending waits for this clock, or for a store that has not
   * answered. Rejects with what a timer's callback throws.
   */
  advance(duration: Duration): Promise<void>
  /** Lets everything happen that does not wait for this clock. */
  settle(): Promise<void>
  /** Moves the wall clock alone, forward or back, as somebody who sets it does. */
  setWall(time: Date): void
  /** The machine sleeps: the wall clock moves on, the monotonic one and all timers stand still. */
  sleep(duration: Duration): Promise<void>
  /** What has been set and has not fired; a test ends with none. */
  readonly pending: readonly PendingTimer[]
}

/** More timers than this at one point in time are a timer that sets itself anew without any delay. */
const MOST_AT_ONCE = 1_000

// Kept from before a test puts fake timers in its place.
const { setImmediate } = globalThis

interface Entry {
  readonly kind: "waited-for" | "background"
  readonly at: number
  readonly callback: () => void
}

/**
 * Makes a clock for tests: `new Secrets(store, { clock: fakeClock() })`.
 *
 * @param start what the wall clock shows at first. Default: the start of 2026.
 */
export function fakeClock(start: Date = new Date("2026-01-01T00:00:00Z")): FakeClock {
  let monotonic = 0
  let wallOffset = start.getTime()
  const timers = new Set<Entry>()

  const nextDue = (until: number): Entry | undefined => {
    let next: Entry | undefined
    for (const timer of timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer
    }
    return next
  }

  async function moveTo(target: number): Promise<void> {
    await settle()
    let fired = 0
    for (let due = nextDue(target); due !== undefined; due = nextDue(target)) {
      fired = due.at > monotonic ? 1 : fired + 1
      if (fired > MOST_AT_ONCE)
        throw new RangeError(`more than ${MOST_AT_ONCE} timers fired at the same time`)
      timers.delete(due)
      monotonic = Math.max(monotonic, due.at)
      due.callback()
      await settle()
    }
    // Another call may have moved further meanwhile; time never goes back.
    monotonic = Math.max(monotonic, target)
  }

  return {
    monotonic: () => monotonic,
    wall: () => wallOffset + monotonic,
    timer(kind, milliseconds, callback): Timer {
      if (Number.isNaN(milliseconds)) throw new RangeError("a timer needs a number of milliseconds")
      const entry = { kind, at: monotonic + Math.max(0, milliseconds), callback }
      timers.add(entry)
      return { clear: () => void timers.delete(entry) }
    },
    advance: async duration => await moveTo(monotonic + parseDuration(duration, "advance", "allowed")),
    settle,
    setWall(time) {
      wallOffset = time.getTime() - monotonic
    },
    async sleep(duration) {
      wallOffset += parseDuration(duration, "sleep")
      await settle()
    },
    get pending() {
      return Array.from(timers, ({ kind, at }) => ({ kind, dueIn: at - monotonic }))
    },
  }
}

/** Turns of the event loop after which what is left waits for something outside: a clock, a store, a file. */
const QUIET_TURNS = 5

async function settle(): Promise<void> {
  // One turn runs every promise job there is; the others are for code that itself waits for a turn.
  for (let turn = 0; turn < QUIET_TURNS; turn++) await new Promise<void>(resolve => setImmediate(resolve))
}
