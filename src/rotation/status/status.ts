import type { RotationJournal } from "../../core/index.ts"
import type { Notice } from "../protocol/steps.ts"
import type { Due, Moment } from "../schedule/due.ts"
import { blocked, nearExpiry, overdue, refused, retirementOverdue, strangeClock } from "./problems.ts"
import type { RotationProblem, RotationStatus } from "./report.ts"

/** What is known of one secret. */
export interface Known {
  readonly name: string
  /** Whether rotations begin on schedule. */
  readonly scheduled: boolean
  /** How late a rotation may be before it is called overdue, in milliseconds. */
  readonly tolerance: number
  /** The journal as it was seen last, and the present; absent before the first look. */
  readonly moment: Moment | undefined
  /** Absent without a schedule. */
  readonly due: Due | undefined
  /** When the value expires, where the store says so. */
  readonly expires: Date | undefined
  /** What the last call came to, if that was a problem. */
  readonly problem: RotationProblem | undefined
  /** What was left to a person. */
  readonly notices: readonly Notice[]
}

/** How soon an expiry is near for a secret that is not rotated on schedule, in milliseconds. */
const NEAR = 7 * 86_400_000

/** How the rotation of one secret is. */
export function statusOf(known: Known): RotationStatus {
  const { name, scheduled, moment, due, expires, notices } = known
  const journal = moment?.journal
  const problems = problemsOf(known)
  const isTimed = due !== undefined && Number.isFinite(due.at) && scheduled
  const { state = "idle", rotationId, notBefore = 0, leaseUntil = 0, lastPromotedAt } = journal ?? {}
  const now = moment?.at ?? 0
  const isWaiting = notBefore > now && state !== "blocked"
  return {
    name,
    state: moment === undefined ? undefined : state,
    ...(rotationId === undefined ? {} : { rotationId }),
    scheduled,
    ...(isTimed ? { due: new Date(due.at) } : {}),
    overdue: problems.some(({ kind }) => kind === "overdue"),
    ...(isWaiting ? { waitingUntil: new Date(notBefore) } : {}),
    ...(leaseUntil > now ? { heldUntil: new Date(leaseUntil) } : {}),
    // Before the first rotation it only says since when the secret is known.
    ...(lastPromotedAt === undefined || journal?.claimSeq === undefined
      ? {}
      : { lastPromoted: new Date(lastPromotedAt) }),
    ...(expires === undefined ? {} : { expires }),
    attempts: journal?.attempt ?? 0,
    problems,
    ...(notices.length === 0 ? {} : { notices }),
  }
}

/** Everything that is wrong, the most urgent first. */
function problemsOf({ name, tolerance, scheduled, moment, due, expires, problem }: Known): RotationProblem[] {
  const problems: RotationProblem[] = []
  const now = moment?.at
  const journal = moment?.journal
  if (journal?.state === "blocked") problems.push(blocked(name, journal.reason ?? "changed-by-hand"))
  if (problem !== undefined && problem.kind !== "blocked") problems.push(problem)
  else if (journal !== undefined && isPausing(journal)) problems.push(refused(name))
  if (now === undefined) return problems
  if (due?.strange) problems.push(strangeClock(name))
  const isIdle = journal === undefined || journal.state === "idle"
  if (isIdle && scheduled && due !== undefined && now - due.at > tolerance) problems.push(overdue(name))
  if (!isIdle && isLate(journal, now - tolerance)) problems.push(retirementOverdue(name))
  if (expires !== undefined) {
    const left = expires.getTime() - now
    const near = scheduled && due !== undefined && Number.isFinite(due.at) ? due.at - now : NEAR
    if (left <= Math.max(0, near)) problems.push(nearExpiry(name, left <= 0))
  }
  return problems
}

/** Whether the far side refused the last new credential, and another attempt follows after a pause. */
function isPausing({ state, attempt, notBefore }: RotationJournal): boolean {
  return state === "idle" && attempt > 0 && notBefore !== undefined
}

/** Whether a rotation that was begun could have gone on for so long, and did not. */
function isLate({ state, notBefore = 0, leaseUntil }: RotationJournal, limit: number): boolean {
  return state !== "blocked" && limit > Math.max(notBefore, leaseUntil)
}
