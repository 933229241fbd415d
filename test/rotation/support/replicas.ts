import { type Machine, type SimulatedTime, seeded } from "./simulated-time.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** One life of a replica: what it does until its signal aborts. */
export type Life = (machine: Machine, stopping: AbortSignal) => Promise<void>

/** When nobody is there, in days from the beginning. */
export interface Outage {
  readonly from: number
  readonly until: number
}

/**
 * Two replicas through a simulated time: each is started again every few days and sometimes every few minutes, the clocks
 * of their machines are set forward and back by up to a week, and now and then nobody is there for days.
 *
 * @param wrongBy how far from the true time the clocks are at most, in milliseconds.
 */
export async function liveThrough(
  time: SimulatedTime,
  days: number,
  outages: readonly Outage[],
  life: Life,
  wrongBy: number = 7 * DAY,
): Promise<{ readonly lives: number }> {
  const start = time.now
  const end = start + days * DAY
  let lives = 0
  const replica = async (seed: number): Promise<void> => {
    const random = seeded(seed)
    const machine = time.machine()
    const upTo = (at: number): Promise<void> =>
      new Promise(resolve => {
        machine.timer("background", at - time.now, resolve)
      })
    while (time.now < end) {
      const outage = outages.find(({ from, until }) => isIn(time.now - start, from, until))
      if (outage !== undefined) {
        await upTo(start + Math.round(outage.until * DAY))
        continue
      }
      const stopping = new AbortController()
      lives += 1
      // A clock that is right, a little wrong, or wrong by days; and it is set while the process lives.
      machine.offset = oddOffset(random, wrongBy)
      const living = life(machine, stopping.signal)
      // Some processes crash again and again for a while.
      const lasts = random() < 0.1 ? 5 * MINUTE : (0.5 + 4 * random()) * DAY
      const next =
        outages.map(({ from }) => start + Math.round(from * DAY)).find(from => from > time.now) ?? end
      const until = Math.min(end, next, time.now + lasts)
      await upTo(time.now + (until - time.now) / 2)
      machine.offset = oddOffset(random, wrongBy)
      await upTo(until)
      stopping.abort()
      await living
      await upTo(time.now + random() * 2 * MINUTE)
    }
  }
  const all = Promise.all([replica(1), replica(2)])
  await time.goTo(end)
  await time.goTo(end + HOUR)
  await all
  return { lives }
}

function isIn(since: number, from: number, until: number): boolean {
  return since >= Math.round(from * DAY) && since < Math.round(until * DAY)
}

function oddOffset(random: () => number, wrongBy: number): number {
  const kind = random()
  if (kind < 0.5) return 0
  const most = kind < 0.8 ? 10_000 : wrongBy
  return Math.round((2 * random() - 1) * most)
}

/** What one secret went through: the times at which it was promoted. */
export interface Gaps {
  /** The shortest and the longest time between two promotions, in hours; those over an outage left out. */
  readonly shortest: number
  readonly longest: number
  /** The longest time from the end of an outage to the next promotion of a secret that was due by then, in hours. */
  readonly madeUp: number
}

/** Looks at the times between promotions. @param start when the simulation began. */
export function gapsOf(
  promotions: Iterable<readonly number[]>,
  start: number,
  outages: readonly Outage[],
): Gaps {
  let [shortest, longest, madeUp] = [Number.POSITIVE_INFINITY, 0, 0]
  for (const times of promotions) {
    for (const [index, at] of times.entries()) {
      const before = times[index - 1]
      if (before === undefined) continue
      shortest = Math.min(shortest, at - before)
      const outage = outages.find(
        ({ from, until }) => before < start + until * DAY && at > start + from * DAY,
      )
      // What fell due while nobody was there is late.
      if (outage === undefined || at - before <= DAY) longest = Math.max(longest, at - before)
      else madeUp = Math.max(madeUp, at - (start + outage.until * DAY))
    }
  }
  return { shortest: shortest / HOUR, longest: longest / HOUR, madeUp: madeUp / HOUR }
}
