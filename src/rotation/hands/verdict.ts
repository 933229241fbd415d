import { type Clock, pause } from "../../core/index.ts"
import type { Verdict } from "../plan.ts"

/** How often a far side is asked before what it says counts, though it is not what one hopes for. */
const TRIES = 3

/** The first pause between two tries, in milliseconds; the second one is twice as long. */
const FIRST_PAUSE = 1_000

/** How long all tries and pauses may take, and what is hoped for. */
export interface VerdictTerms {
  readonly clock: Clock
  /** Of all tries together, in milliseconds. */
  readonly deadline: number
  /** What counts at once. */
  readonly wanted: Verdict
  readonly signal: AbortSignal
}

/**
 * Asks a far side up to three times, with pauses, until it says what is wanted; what it says at last counts. It may also
 * fail to answer: then it is asked again as well, and the last failure is thrown.
 *
 * @throws SecretError `ABORTED`; whatever the last try throws.
 */
export async function untilVerdict(terms: VerdictTerms, ask: () => Promise<Verdict>): Promise<Verdict> {
  const { clock, deadline, wanted, signal } = terms
  // Of a short deadline, too, most is left for the answers.
  const first = Math.min(FIRST_PAUSE, deadline / 10)
  for (let tried = 1; ; tried++) {
    try {
      const verdict = await ask()
      if (verdict === wanted || tried === TRIES) return verdict
    } catch (thrown) {
      if (tried === TRIES || signal.aborted) throw thrown
    }
    await pause(clock, first * tried, signal)
  }
}
