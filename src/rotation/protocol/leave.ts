import { write } from "./hold.ts"
import { type Answer, ask, type Step } from "./steps.ts"
import { type Mind, type Terms, TurnEnds } from "./terms.ts"

/**
 * Gives back the lease that this replica holds, so that whoever comes next need not wait for its end. Not where something
 * that it has sent may still be on its way, nor where another one has written since: then the lease is left to run out.
 */
export function* leave(terms: Terms, mind: Mind): Generator<Step, void, Answer> {
  const { held } = mind
  if (held === undefined || held.open === true) return
  const { journal, at } = yield* ask({ do: "load" })
  if (journal === undefined || journal.seq !== held.seq || journal.leaseUntil <= at) return
  try {
    yield* write({ terms, mind, journal, at }, { leaseUntil: 0 })
  } catch (thrown) {
    // Another one was faster, and has it already.
    if (!(thrown instanceof TurnEnds)) throw thrown
  }
}
