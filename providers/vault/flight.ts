import { aborted, untilAborted } from "../../src/core/index.ts"

/** One piece of work that many wait for. */
export interface Flight<T> {
  /** Whether somebody waits for it now. */
  readonly isUnderWay: boolean
  /**
   * Starts the work, or waits for the one that is under way. Whoever waits gets its outcome, its failure too; whoever's
   * signal aborts waits no longer, and the work ends when nobody waits.
   *
   * @throws SecretError `ABORTED` when the signal aborts.
   */
  join(signal: AbortSignal): Promise<T>
}

interface Running<T> {
  readonly ending: AbortController
  readonly outcome: Promise<T>
  waiting: number
}

/** Work that is done once for all who want it at the same time: a thousand names with a dead token log in once. */
export function flight<T>(work: (signal: AbortSignal) => Promise<T>): Flight<T> {
  let running: Running<T> | undefined

  function start(): Running<T> {
    const ending = new AbortController()
    const outcome = work(ending.signal)
    const started = { ending, outcome, waiting: 0 }
    const over = () => {
      if (running === started) running = undefined
    }
    // Both, so that work which nobody waits for any more fails quietly.
    outcome.then(over, over)
    return started
  }

  return {
    get isUnderWay() {
      return running !== undefined
    },
    async join(signal) {
      if (signal.aborted) throw aborted({})
      running ??= start()
      const joined = running
      joined.waiting += 1
      try {
        return await untilAborted(signal, () => joined.outcome)
      } finally {
        joined.waiting -= 1
        if (joined.waiting === 0 && running === joined) {
          running = undefined
          joined.ending.abort()
        }
      }
    },
  }
}
