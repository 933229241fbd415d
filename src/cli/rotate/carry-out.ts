import { parseDuration, pause, SecretError, systemClock } from "../../core/index.ts"
import type { RotationOutcome, Rotator } from "../../rotation/index.ts"
import { type ExitCode, exitCodeOf } from "../exit-codes.ts"
import type { RotateFlags, Task } from "./wish.ts"

type Change = Exclude<Task, { readonly do: "status" | "dry-run" | "watch" }>

/** What became of a change, and the number that the command ends with. */
export interface Done {
  readonly outcomes: readonly RotationOutcome[]
  readonly exitCode: ExitCode
}

/** Who stops a change, and who hears that it waits. */
export interface Company {
  readonly signal: AbortSignal
  readonly waiting: (outcome: RotationOutcome) => void
}

/** Carries out what changes something, and waits for its end where that is wanted. @throws SecretError as the Rotator */
export async function outcomeOf(
  rotator: Rotator,
  task: Change,
  { wait, timeout }: RotateFlags,
  { signal: asked, waiting }: Company,
): Promise<Done> {
  const late = new AbortController()
  const timer =
    timeout === undefined
      ? undefined
      : systemClock.timer("waited-for", parseDuration(timeout as "1m", "--timeout"), () => late.abort())
  const signal = AbortSignal.any([asked, late.signal])
  try {
    if (task.do === "tick") {
      const { outcomes } = await rotator.tick({ signal })
      return { outcomes, exitCode: exitCodeOf(outcomes, false) }
    }
    let outcome = await change(rotator, task, signal)
    while (wait === true && outcome.happened === "waiting" && outcome.next !== undefined) {
      waiting(outcome)
      await pause(systemClock, Math.max(0, outcome.next.getTime() - systemClock.wall()), signal)
      // Goes on with the one that is on its way, and begins no other one if somebody else has ended it meanwhile.
      outcome = await rotator.resume(task.name, { signal })
    }
    return { outcomes: [outcome], exitCode: exitCodeOf([outcome], true) }
  } catch (thrown) {
    if (!late.signal.aborted || asked.aborted) throw thrown
    throw new SecretError("TIMEOUT", {
      message: `it was not done within ${timeout}`,
      hint: "nothing is lost: the next run goes on where this one was",
    })
  } finally {
    timer?.clear()
  }
}

async function change(
  rotator: Rotator,
  task: Exclude<Change, { readonly do: "tick" }>,
  signal: AbortSignal,
): Promise<RotationOutcome> {
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
