import type { Clock } from "./clock.ts"
import { aborted } from "./foreign.ts"

/**
 * Waits on a clock, for a caller who waits in turn: the process stays alive meanwhile.
 *
 * @throws SecretError `ABORTED` as soon as the signal aborts.
 */
export async function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw aborted({})
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      timer.clear()
      reject(aborted({}))
    }
    const timer = clock.timer("waited-for", milliseconds, () => {
      signal.removeEventListener("abort", abort)
      resolve()
    })
    signal.addEventListener("abort", abort, { once: true })
  })
}
