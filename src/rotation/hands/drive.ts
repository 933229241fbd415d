import { leave } from "../protocol/leave.ts"
import type { Answer, Found, Step } from "../protocol/steps.ts"
import type { Ending, Mind, Terms, Wish } from "../protocol/terms.ts"
import { takeTurn } from "../protocol/turn.ts"
import { type Hands, StepFailed } from "./hands.ts"

/** Who runs a turn, and by which terms. */
export interface Runner {
  readonly terms: Terms
  readonly mind: Mind
}

/** What a turn begins with. */
export interface Beginning extends Runner {
  readonly wish: Wish
  /**
   * The journal, where it was read already and decided upon: the turn goes on from just this one, and whoever has
   * changed it meanwhile wins.
   */
  readonly found?: Found | undefined
}

/**
 * Takes one turn: hands each step to those who do it, and the answer back.
 *
 * @throws StepFailed whatever a step throws; the turn is left where it is.
 */
export async function drive({ terms, mind, wish, found }: Beginning, hands: Hands): Promise<Ending> {
  return await runThrough(takeTurn(terms, mind, wish), mind, hands, found)
}

/** Gives back the lease that is held, if that harms nobody. @throws StepFailed */
export async function driveLeave({ terms, mind }: Runner, hands: Hands): Promise<void> {
  await runThrough(leave(terms, mind), mind, hands)
}

async function runThrough<Result>(
  steps: Generator<Step, Result, Answer>,
  mind: Mind,
  hands: Hands,
  found?: Found,
): Promise<Result> {
  let known = found
  // The first value that is handed in goes nowhere.
  for (let next = steps.next(undefined); ; ) {
    if (next.done === true) return next.value
    const answer =
      next.value.do === "load" && known !== undefined
        ? hands.take(known)
        : await performed(next.value, mind, hands)
    known = undefined
    next = steps.next(answer)
  }
}

async function performed(step: Step, mind: Mind, hands: Hands): Promise<Answer> {
  try {
    return await hands.perform(step)
  } catch (thrown) {
    const { held } = mind
    if (held !== undefined && thrown instanceof StepFailed && thrown.isOpen)
      mind.held = { ...held, open: true }
    throw thrown
  }
}
