import { pause, systemClock } from "../../core/index.ts"
import type { RotationOutcome, RotationStatus, Rotator } from "../../rotation/index.ts"
import type { Task } from "./wish.ts"

/** Where the store's clock is behind this one, its time is not there yet when it is here: it is not asked without a pause. */
const LEAST_PAUSE = 500

type Change = Exclude<Task, { readonly do: "status" | "dry-run" | "watch" }>
type ChangeOfOne = Exclude<Change, { readonly do: "tick" }>

/** What a change is done with. */
export interface Means {
  readonly signal: AbortSignal
  /** Whether the end of the grace is waited for. */
  readonly wait: boolean
  /** Hears of what it is waited for, once. */
  readonly waiting: (outcome: RotationOutcome) => void
}

/** Carries out what changes something, and waits for its end where that is wanted. @throws SecretError as the Rotator */
export async function outcomesOf(
  rotator: Rotator,
  task: Change,
  { signal, wait, waiting }: Means,
): Promise<readonly RotationOutcome[]> {
  if (task.do === "tick") return (await rotator.tick({ signal })).outcomes
  let outcome = await change(rotator, task, signal)
  const { rotationId } = outcome
  let told: RotationOutcome | undefined
  for (;;) {
    const next = wait ? untilItGoesOn(outcome) : undefined
    if (next === undefined || outcome.rotationId !== rotationId) return [outcome]
    if (told?.happened !== outcome.happened || told.state !== outcome.state) waiting(outcome)
    told = outcome
    await pause(systemClock, next, signal)
    const isHeld = outcome.happened === "held"
    const seen = await rotator.status(task.name, { signal })
    const isOver = seen.state === "idle" || (seen.state !== undefined && seen.rotationId !== rotationId)
    // What leaked may be what the other one left in use.
    if (isOver && !(isHeld && task.do === "rotate" && task.compromised))
      return [endedByAnother(outcome, seen)]
    // What was not granted yet is asked for again. Beyond that nobody has looked: what became blocked meanwhile stays so.
    outcome = isHeld ? await change(rotator, task, signal) : await ticked(rotator, outcome, signal)
  }
}

async function ticked(
  rotator: Rotator,
  before: RotationOutcome,
  signal: AbortSignal,
): Promise<RotationOutcome> {
  const { outcomes } = await rotator.tick({ names: [before.name], signal })
  return outcomes[0] ?? before
}

/** Somebody else has brought it to its end. What comes after it is not what was asked for. */
function endedByAnother({ name }: RotationOutcome, { state, due }: RotationStatus): RotationOutcome {
  return { name, happened: "nothing", moved: false, state, ...(due === undefined ? {} : { next: due }) }
}

/** In how many milliseconds it goes on by itself; `undefined` where it does not, or has failed. */
export function untilItGoesOn({ happened, next, problem }: RotationOutcome): number | undefined {
  if (next === undefined || problem !== undefined) return undefined
  const goesOn = happened === "waiting" || happened === "held"
  return goesOn ? Math.max(LEAST_PAUSE, next.getTime() - systemClock.wall()) : undefined
}

async function change(rotator: Rotator, task: ChangeOfOne, signal: AbortSignal): Promise<RotationOutcome> {
  switch (task.do) {
    case "rotate": {
      const { name, compromised, impatient } = task
      return await rotator.rotate(name, { signal, compromised, impatient })
    }
    case "rollback":
      return await rotator.rollback(task.name, { signal })
    case "abort":
      return await rotator.abort(task.name, { signal })
    case "resume":
      return await rotator.resume(task.name, { signal, force: task.force })
  }
}
