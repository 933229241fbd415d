import { type Clock, pause } from "../../core/index.ts"
import type { Verdict } from "../plan.ts"

/** The first pause between two tries, in milliseconds; each one is longer by the same. */
const FIRST_PAUSE = 1_000

/** How many times the first pause the others become at most. */
const MOST_PAUSES = 5

/** How long all tries and pauses may take, and what is hoped for. */
export interface VerdictTerms {
  readonly clock: Clock
  /** For how long what is not hoped for does not count yet, in milliseconds. */
  readonly settling: number
  /** What counts at once. */
  readonly wanted: Verdict
  readonly signal: AbortSignal
}

/**
 * Asks a far side again and again, with growing pauses, until it says what is wanted or has had the time to settle; what
 * it says then counts. It may also fail to answer: then it is asked again as well, and the last failure is thrown.
 *
 * @throws SecretError `ABORTED`; whatever the last try throws.
 */
export async function untilVerdict(terms: VerdictTerms, ask: () => Promise<Verdict>): Promise<Verdict> {
  const { clock, settling, wanted, signal } = terms
  const begun = clock.monotonic()
  // In a short time, too, it is asked several times.
  const first = Math.min(FIRST_PAUSE, settling / 5)
  for (let tried = 1; ; tried++) {
    const left = settling - (clock.monotonic() - begun)
    try {
      const verdict = await ask()
      if (verdict === wanted || left <= 0) return verdict
    } catch (thrown) {
      if (left <= 0 || signal.aborted) throw thrown
    }
    // The last try comes at the end, however long the answers took.
    const rest = Math.max(0, settling - (clock.monotonic() - begun))
    await pause(clock, Math.min(rest, first * Math.min(tried, MOST_PAUSES)), signal)
  }
}
