import { pause, systemClock } from "../../core/index.ts"
import type { RotationOutcome, Rotator } from "../../rotation/index.ts"
import type { Task } from "./wish.ts"

type Change = Exclude<Task, { readonly do: "status" | "dry-run" | "watch" }>
type ChangeOfOne = Exclude<Change, { readonly do: "tick" }>

/** What a change is done with. */
export interface Means {
  readonly signal: AbortSignal
  /** Whether the end of the grace is waited for. */
  readonly wait: boolean
  /** Hears of each time that it is waited for. */
  readonly waiting: (outcome: RotationOutcome) => void
}

/** Carries out what changes something, and waits for its end where that is wanted. @throws SecretError as the Rotator */
export async function outcomesOf(
  rotator: Rotator,
  task: Change,
  { signal, wait, waiting }: Means,
): Promise<readonly RotationOutcome[]> {
  if (task.do === "tick") return (await rotator.tick({ signal })).outcomes
  const first = await change(rotator, task, signal)
  let outcome = first
  let next = wait ? untilItGoesOn(outcome) : undefined
  while (next !== undefined) {
    waiting(outcome)
    await pause(systemClock, next, signal)
    const { state, rotationId, due } = await rotator.status(task.name, { signal })
    if (state === "idle" || (state !== undefined && rotationId !== first.rotationId)) {
      // Somebody else has brought it to its end. What comes after it is not what was asked for.
      return [{ name: outcome.name, happened: "nothing", moved: false, state, ...(due && { next: due }) }]
    }
    // What became blocked meanwhile stays so, as resume() would not leave it: nobody has looked.
    const { outcomes } = await rotator.tick({ names: [task.name], signal })
    outcome = outcomes[0] ?? outcome
    next = outcome.rotationId === first.rotationId ? untilItGoesOn(outcome, "held") : undefined
  }
  return [outcome]
}

/** In how many milliseconds it goes on by itself; `undefined` where it does not, or has failed. */
function untilItGoesOn({ happened, next, problem }: RotationOutcome, orElse?: "held"): number | undefined {
  if (next === undefined || problem !== undefined) return undefined
  const isWaiting = happened === "waiting" || happened === orElse
  return isWaiting ? Math.max(0, next.getTime() - systemClock.wall()) : undefined
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
