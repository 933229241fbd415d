import { SecretError } from "../../core/index.ts"
import type { RotationPlan } from "../plan.ts"
import type { Ending, Refusal } from "../protocol/terms.ts"
import type { Due } from "../schedule/due.ts"
import { blocked, failed, refused, rollbackRefused, stillAccepted } from "../status/problems.ts"
import type { Happened, RotationOutcome, RotationProblem } from "../status/report.ts"
import { backoff } from "../terms.ts"
import type { Chronicle } from "./chronicle.ts"
import type { Memory } from "./memory.ts"

/** What a call came to, and in how many milliseconds the next one is worth while. */
export interface Result {
  readonly outcome: RotationOutcome
  readonly delay: number
}

/** What is known when a call has ended. */
export interface Facts {
  readonly name: string
  readonly plan: RotationPlan
  /** Milliseconds since 1970, by the clock of this process. */
  readonly wall: number
  readonly lookEvery: number
  readonly memory: Memory
  readonly chronicle: Chronicle
  /** When the next rotation is due, where it has a schedule that is not switched off. */
  readonly due: Due | undefined
  /** What a person has to do before it begins. */
  readonly awaiting: RotationProblem | undefined
  /** Whether it was called to take back what was begun. */
  readonly takesBack: boolean
}

/** How often one looks whether a person has done what is waited for, in milliseconds. */
const AWAITED = 60_000
/** How often one looks whether a person has let go of what is blocked, in milliseconds. */
const BLOCKED = 300_000
/** How soon one comes back to what another one was faster with, in milliseconds, and spread over how much. */
const LOST = 1_000
const LOST_SPREAD = 4_000
/** Over how much time those are spread who wait for the same moment, in milliseconds. */
const SAME_MOMENT = 1_000

/** What a turn that ended so means for whoever called. @param phase where in a spread, from 0 to below 1. */
export function resultOf(
  facts: Facts,
  ending: Exclude<Ending, { end: "not-granted" }>,
  phase: number,
): Result {
  const { name, plan, memory, lookEvery, chronicle } = facts
  switch (ending.end) {
    case "idle":
    case "moved":
      return whenIdle(facts)
    case "waiting":
      if (chronicle.refusedFormer) {
        return timed(facts, "failed", until(facts, ending.until), rollbackRefused(name))
      }
      // Nothing is on its way: it is the pause after an attempt that was given up.
      return timed(
        facts,
        "waiting",
        until(facts, ending.until),
        memory.state === "idle" ? refused(name) : undefined,
      )
    case "held":
      return timed(facts, "held", until(facts, ending.until) + phase * SAME_MOMENT)
    case "lost":
      return timed(facts, "held", LOST + phase * LOST_SPREAD)
    case "blocked":
      return untimed(facts, "blocked", Math.min(BLOCKED, lookEvery), blocked(name, ending.reason))
    case "still-accepted": {
      const problem = stillAccepted(name, plan.revokedByHand)
      const happened = problem.kind === "awaits" ? "awaits" : "failed"
      return timed(facts, happened, backoff(memory.failures, phase), problem)
    }
  }
}

function whenIdle(facts: Facts): Result {
  const { name, memory, chronicle, lookEvery, due, awaiting } = facts
  if (awaiting !== undefined) return untimed(facts, "awaits", Math.min(AWAITED, lookEvery), awaiting)
  const { attempt = 0, notBefore = 0 } = memory.journal ?? {}
  const now = memory.moment()?.at ?? facts.wall
  const delay = due === undefined ? Number.POSITIVE_INFINITY : Math.max(due.at, notBefore) - now
  const happened = ended(chronicle, attempt)
  const isGivenUp = happened === "taken-back" && !facts.takesBack
  if (chronicle.refused || isGivenUp) return timed(facts, "failed", delay, refused(name))
  const isPausing = attempt > 0 && notBefore > now
  return happened === "nothing" && isPausing
    ? timed(facts, "waiting", delay, refused(name))
    : timed(facts, happened, delay)
}

function ended({ from, to, moved }: Chronicle, attempt: number): Happened {
  if (!moved) return "nothing"
  // Another replica has ended it meanwhile: an attempt that was given up is counted in the journal.
  if (to !== "idle") return attempt > 0 ? "taken-back" : "rotated"
  if (from === "idle" || from === undefined) return "nothing"
  return from === "retiring" ? "rotated" : "taken-back"
}

/** A step failed. */
export function resultOfFailure(facts: Facts, error: SecretError, phase: number): Result {
  const pause = Math.max(backoff(facts.memory.failures, phase), error.retryAfterMs ?? 0)
  return timed(facts, "failed", pause, failed(facts.name, error))
}

/** Nothing was done, because the pause after a failure is not over. */
export function resultOfPause(facts: Facts, pause: number): Result {
  const { problem } = facts.memory
  return timed(facts, problem?.kind === "awaits" ? "awaits" : "failed", pause, problem)
}

/** Why a wish was not granted. */
export function notGranted(name: string, why: Refusal): SecretError {
  return new SecretError("CONFLICT", { secret: name, ...REFUSALS[why] })
}

const REFUSALS: Readonly<Record<Refusal, { readonly message: string; readonly hint: string }>> = {
  "nothing-to-roll-back": {
    message: "there is no value before that could be gone back to",
    hint: "going back is for the time between a promotion and the retirement of the old credential: rotate it again instead",
  },
  "nothing-to-abort": {
    message: "no rotation is on its way",
    hint: "there is nothing to take back; latchkey rotate --status shows how it is",
  },
  "nothing-to-resume": {
    message: "no rotation is on its way",
    hint: "there is nothing to go on with; latchkey rotate --status shows how it is",
  },
  "too-late-to-abort": {
    message: "the new credential may be in use already, so that it cannot be taken back",
    hint: "let the rotation come to its end; while it waits for the end of the grace, --rollback goes back",
  },
}

function until({ memory, wall }: Facts, time: number): number {
  return time - (memory.moment()?.at ?? wall)
}

/** Somebody comes back when the time is over. */
function timed(facts: Facts, happened: Happened, delay: number, problem?: RotationProblem): Result {
  const pause = Math.max(0, delay)
  const result = untimed(facts, happened, Math.min(pause, facts.lookEvery), problem)
  if (!Number.isFinite(pause)) return result
  return { ...result, outcome: { ...result.outcome, next: new Date(facts.wall + pause) } }
}

/** Nobody knows when it goes on. */
function untimed(
  { name, memory, chronicle }: Facts,
  happened: Happened,
  delay: number,
  problem?: RotationProblem,
): Result {
  const { rotationId } = memory
  const isKnown = memory.moment() !== undefined
  const outcome = {
    name,
    happened,
    moved: chronicle.moved,
    state: isKnown ? memory.state : undefined,
    ...(rotationId === undefined ? {} : { rotationId }),
    ...(problem === undefined ? {} : { problem }),
    ...(chronicle.notices.length === 0 ? {} : { notices: [...chronicle.notices] }),
  }
  return { outcome, delay }
}
