import { type Clock, pause, SecretError, sharedWork, untilAborted } from "../../src/core/index.ts"
import { type Stage, VaultFailure } from "./failure.ts"

/** How long a store that is closed waits for what is being made for it, in milliseconds. */
const LAST_WAIT = 1_000

/** Begins some work for all who want it, or waits for that which is under way, until the signal aborts. */
export type Together<T> = (
  key: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>

/**
 * What a store does for several of its callers together. It goes on when all of them have left: a request that makes
 * something (a token, a database's user) makes it on the far side, whoever waits for it on this one.
 */
export interface Works {
  /** Aborts when the store is closed. What has been made by then is nobody's, and is given back. */
  readonly closing: AbortSignal
  /**
   * Work of one kind, once for each key: see `sharedWork`. Whoever waits for it is let go with `CLOSED` when the store is
   * closed, and with `UNAVAILABLE` when no answer comes.
   *
   * @param stage what its requests are for
   */
  together<T>(stage: Stage): Together<T>
  /** Lets all go who wait, and gives what is under way a second to come to its end. */
  close(): Promise<void>
}

/** The works of one store, by its clock. */
export function worksOf(clock: Clock): Works {
  const ending = new AbortController()
  const underWay = new Set<Promise<unknown>>()

  return {
    closing: ending.signal,
    together<T>(stage: Stage): Together<T> {
      const share = sharedWork<T>(() => new VaultFailure({ stage, network: "ETIMEDOUT" }), { clock })
      const followed = (work: (signal: AbortSignal) => Promise<T>) => async (signal: AbortSignal) => {
        const outcome = work(signal)
        underWay.add(outcome)
        return await outcome.finally(() => underWay.delete(outcome))
      }
      return (key, work, signal) => untilAborted(signal, () => share(key, followed(work)), ending.signal)
    },
    async close() {
      ending.abort()
      if (underWay.size === 0) return
      const over = new AbortController()
      await Promise.race([Promise.allSettled(underWay), pause(clock, LAST_WAIT, over.signal)])
      over.abort()
    },
  }
}

/** What those are told who ask a store that is closed. */
export function closed(): SecretError {
  return new SecretError("CLOSED", { message: "the store was closed" })
}
