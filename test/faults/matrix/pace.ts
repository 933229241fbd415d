import { setTimeout as pause } from "node:timers/promises"
import type { FakeClock } from "../../../src/testing/index.ts"

/** How long the machine is given for what should take milliseconds. */
const PATIENCE = 15_000

/** Waits, by the clock of the machine, until something holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE / 1_000} s: ${what}`)
    await pause(1)
  }
}

/** A fake clock in front of a real service: its time moves only while nothing is under way there. */
export interface Pace {
  readonly clock: FakeClock
  /** How many calls are under way. */
  underWay(): number
  /** Whether to let time go on all the same, because nothing will come back. */
  readonly silent?: boolean
  /** How many milliseconds a second of the fake clock lasts at least: the SDK may have timers of its own. */
  readonly secondLasts?: number
}

/**
 * Lets time go on, second by second, until something holds.
 *
 * @param most how many seconds, at the most.
 */
export async function drive(pace: Pace, what: string, holds: () => boolean, most = 1_200): Promise<void> {
  for (let second = 0; second <= most; second++) {
    await rest(pace)
    if (holds()) return
    await oneSecond(pace)
  }
  throw new Error(`not within ${most} s of the fake clock: ${what}`)
}

/**
 * The outcome of a call that waits for time to go on.
 *
 * @param most how many seconds it may take, by the fake clock.
 */
export async function driven<T>(pace: Pace, what: string, call: Promise<T>, most: number): Promise<T> {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  call.then(settle, settle)
  await drive(pace, what, () => settled, most)
  return await call
}

/** Lets so many seconds go by. */
export async function wait(pace: Pace, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await oneSecond(pace)
    await rest(pace)
  }
}

async function oneSecond({ clock, secondLasts = 0 }: Pace): Promise<void> {
  if (secondLasts > 0) await pause(secondLasts)
  await clock.advance("1s")
}

/** Waits until nothing is under way, and nothing follows from what was. */
export async function rest({ clock, underWay, silent = false }: Pace): Promise<void> {
  await clock.settle()
  if (silent) return
  while (underWay() > 0) {
    await until("the service answers", () => underWay() === 0)
    await clock.settle()
  }
}
