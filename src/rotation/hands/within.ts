import { type Clock, SecretError, untilAborted } from "../../core/index.ts"
import { durationText } from "../plan-times.ts"

/** How long a call may take, and what it is called when it does not. */
export interface Bounds {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** In milliseconds. */
  readonly deadline: number
  /** What is late then, for the message: `"verify of the plan"`. */
  readonly what: string
  readonly secret: string
}

/**
 * Runs a call until it ends, its deadline passes or the signal aborts, whichever comes first: also a call that looks at
 * no signal. What it comes to afterwards is dropped.
 *
 * @throws SecretError `TIMEOUT`, `ABORTED`; whatever the call throws before.
 */
export async function within<T>(
  { clock, signal, deadline, what, secret }: Bounds,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const timer = clock.timer("waited-for", deadline, () => late.abort())
  try {
    return await untilAborted(signal, call, late.signal)
  } catch (thrown) {
    if (!late.signal.aborted || signal.aborted) throw thrown
    throw new SecretError("TIMEOUT", {
      secret,
      message: `${what} took longer than ${durationText(deadline)}`,
    })
  } finally {
    timer.clear()
  }
}
