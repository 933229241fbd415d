import { type Clock, systemClock } from "./clock.ts"
import { untilAborted } from "./until-aborted.ts"

/** How old work may be for others to join it, in milliseconds; what takes longer may never be answered. */
const JOINED_FOR = 10_000

/** When work is given up, in milliseconds after its beginning. */
const GIVEN_UP_AFTER = 30_000

/**
 * Begins some work, or waits for that of the same key which is under way.
 *
 * @param work is given a signal that aborts when it is given up. It keeps by itself what it has got: work goes on when
 * all who waited for it have left, so that it is there for the next.
 */
export type SharedWork<T> = (key: string, work: (signal: AbortSignal) => Promise<T>) => Promise<T>

/** See {@link sharedWork}. */
export interface SharedWorkOptions {
  /** Aborts when the store is closed, and with it all work. */
  readonly closing?: AbortSignal
  /** Default: the machine's. Its timers do not keep the process alive. */
  readonly clock?: Clock
}

/** All work of one key: the newest, which is joined, and what has been going on for longer. */
interface UnderWay<T> {
  newest: Promise<T>
  since: number
  /** Settles when one of them has succeeded. */
  readonly done: Promise<T>
  succeed(value: T): void
}

/**
 * Lets work be done once for all who want it at the same time: a thousand calls whose token has run out log in once.
 *
 * A request to a login service that is never answered must not stop a store for good. So whoever comes ten seconds after
 * the beginning begins anew, and what that comes to is there for all who wait; after thirty the work is given up, and
 * whoever still waits for it is told so. What is slow and no more than that still comes to its end, however soon those
 * leave who wait for it.
 *
 * @param givenUp makes what those are told who have waited in vain: a failure of the backend's own.
 */
export function sharedWork<T>(givenUp: () => Error, options: SharedWorkOptions = {}): SharedWork<T> {
  const { closing, clock = systemClock } = options
  const all = new Map<string, UnderWay<T>>()

  async function bounded(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController()
    const timer = clock.timer("background", GIVEN_UP_AFTER, () => late.abort())
    try {
      return await untilAborted(late.signal, work, closing)
    } catch (thrown) {
      throw late.signal.aborted ? givenUp() : thrown
    } finally {
      timer.clear()
    }
  }

  function begin(key: string, work: (signal: AbortSignal) => Promise<T>): UnderWay<T> {
    const newest = bounded(work)
    const since = clock.monotonic()
    const begun = Object.assign(all.get(key) ?? succeeding<T>(), { newest, since })
    all.set(key, begun)
    const over = (): void => {
      if (all.get(key) === begun) all.delete(key)
    }
    newest.then(
      value => {
        begun.succeed(value)
        over()
      },
      // Also so that work which nobody waits for any more fails quietly.
      () => {
        if (begun.newest === newest) over()
      },
    )
    return begun
  }

  return async (key, work) => {
    const joined = all.get(key)
    const isJoined = joined !== undefined && clock.monotonic() - joined.since < JOINED_FOR
    const { newest, done } = isJoined ? joined : begin(key, work)
    return await Promise.race([newest, done])
  }
}

function succeeding<T>(): Pick<UnderWay<T>, "done" | "succeed"> {
  let succeed = (_: T): void => undefined
  const done = new Promise<T>(resolve => {
    succeed = resolve
  })
  return { done, succeed }
}
