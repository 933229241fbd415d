import type { Ending, Mind, Terms, Wish } from "../protocol/terms.ts"
import { takeTurn } from "../protocol/turn.ts"
import type { Hands } from "./hands.ts"
import type { FoundByClock } from "./store-steps.ts"

/** What a turn begins with. */
export interface Beginning {
  readonly terms: Terms
  readonly mind: Mind
  readonly wish: Wish
  /**
   * The journal, where it was read already and decided upon: the turn goes on from just this one, and whoever has
   * changed it meanwhile wins.
   */
  readonly found?: FoundByClock | undefined
}

/**
 * Takes one turn: hands each step to those who do it, and the answer back.
 *
 * @throws StepFailed whatever a step throws; the turn is left where it is.
 */
export async function drive({ terms, mind, wish, found }: Beginning, hands: Hands): Promise<Ending> {
  const turn = takeTurn(terms, mind, wish)
  let known = found
  // The first value that is handed in goes nowhere.
  for (let next = turn.next(undefined); ; ) {
    if (next.done === true) return next.value
    const answer = next.value.do === "load" && known !== undefined ? known : await hands.perform(next.value)
    known = undefined
    next = turn.next(answer)
  }
}
