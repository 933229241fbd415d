import { isSecretError, type RotationState, SecretError } from "../../../core/index.ts"
import type { Ending, Wish } from "../../protocol/terms.ts"
import type { OwnEvent } from "./event.ts"
import { refusals } from "./refusals.ts"
import { writeDown } from "./steps.ts"
import { type Errand, type Household, type Planned, Work } from "./work.ts"

/** How one secret is, after its function was called by a schedule or a person. */
export interface RetirementReport {
  readonly secret: string
  /** Where its rotation stands; absent where that could not be read. */
  readonly state?: RotationState
  /** What became of this call: nothing was to do, the old credential was ended, or something is waited for. */
  readonly happened: "nothing" | "retired" | "taken-back" | "moved" | "waiting" | "under-way" | "failed"
  /** When the grace is over, as in ISO 8601. */
  readonly until?: string
}

/** What a rotation function gives back when it was called by a schedule or a person. */
export interface FunctionReport {
  readonly secrets: readonly RetirementReport[]
}

/** What is left after the four steps of the service, and is nobody's but this function's. */
const OURS: readonly RotationState[] = ["discarding", "promoted", "retiring"]

/** More turns than this nothing needs that is done here. */
const MOST_TURNS = 20

/**
 * Does what a schedule or a person asks for.
 *
 * @throws SecretError if it fails for a secret; for each of the others it is done all the same, and the error has all
 * that failed in `problems`.
 */
export async function doErrand(
  event: OwnEvent,
  plans: ReadonlyMap<string, Planned>,
  household: Household,
  errand: Errand,
): Promise<FunctionReport> {
  const { secret } = event
  const asked = secret === undefined ? [...plans.values()] : [plans.get(secret)]
  const reports: RetirementReport[] = []
  const problems: SecretError[] = []
  for (const planned of asked) {
    if (planned === undefined) throw refusals.unplanned(secret ?? "")
    const work = new Work(planned, household, errand)
    try {
      reports.push(await (event.latchkey === "retire" ? retire(work, event) : grant(work, event)))
    } catch (thrown) {
      await work.leave()
      if (!isSecretError(thrown)) throw thrown
      problems.push(thrown)
      reports.push({ secret: planned.name, state: work.watch.state, happened: "failed" })
    }
  }
  const [first, ...more] = problems
  if (first === undefined) return { secrets: reports }
  if (more.length === 0 && asked.length === 1) throw first
  throw new SecretError(first.code, {
    message: `${problems.length} of ${asked.length} secrets need another call, or a person`,
    transient: problems.every(({ transient }) => transient),
    problems,
  })
}

/** Ends the old credential if its grace is over; in idle, clears up behind invocations that came too late. */
async function retire(work: Work, { compromised }: OwnEvent): Promise<RetirementReport> {
  const { name } = work
  let hurries = compromised === true
  let began: RotationState | undefined
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const found = await work.load()
    const state = found.journal?.state ?? "idle"
    const token = work.tokenIn(found.journal)
    began ??= state
    if (state === "blocked") throw refusals.blocked(name, found.journal?.reason ?? "changed-by-hand")
    if (state === "verified" && token !== undefined && (await work.currentVersion()) === token) {
      await writeDown(work, token)
      continue
    }
    if (state !== "idle" && !OURS.includes(state)) return { secret: name, state, happened: "under-way" }
    if (state === "idle" && turns > 0)
      return { secret: name, state, happened: began === "discarding" ? "taken-back" : "retired" }
    const wish: Wish = { rotate: false, ...(hurries && state === "promoted" && { compromised: true }) }
    hurries = false
    const ending = await work.turn(wish, found, token)
    if (ending.end === "waiting")
      return { secret: name, state, happened: "waiting", until: new Date(ending.until).toISOString() }
    if (ending.end === "idle") return { secret: name, state, happened: "nothing" }
    refuse(ending, work, found.at)
  }
  throw refusals.endless(name)
}

/** Does what a person wants of a rotation that is on its way, and what follows from it. */
async function grant(work: Work, { latchkey }: OwnEvent): Promise<RetirementReport> {
  const { name } = work
  let asks = true
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const found = await work.load()
    const state = found.journal?.state ?? "idle"
    const follows = followsFrom(latchkey, state)
    if (!asks && !follows) return { secret: name, state, happened: state === "idle" ? "taken-back" : "moved" }
    if (asks && latchkey === "resume" && state !== "blocked") throw refusals.notGranted(name, latchkey)
    const wish: Wish = asks ? { rotate: false, [latchkey]: true } : { rotate: false }
    const ending = await work.turn(wish, found, work.tokenIn(found.journal))
    if (ending.end === "not-granted") throw refusals.notGranted(name, latchkey)
    refuse(ending, work, found.at)
    if (ending.end === "moved") asks = false
  }
  throw refusals.endless(name)
}

/** Whether there is more to be done of what a person asked for; the rest is the service's, or comes after the grace. */
function followsFrom(event: OwnEvent["latchkey"], state: RotationState): boolean {
  if (event === "abort") return state === "discarding"
  return event === "rollback" && ["parked", "applied", "verified", "discarding"].includes(state)
}

function refuse(ending: Ending, { name, planned }: Work, at: number): void {
  if (ending.end === "held") throw refusals.busy(name, ending.until - at)
  if (ending.end === "blocked") throw refusals.blocked(name, ending.reason)
  if (ending.end === "still-accepted") throw refusals.stillAccepted(name, planned.plan.revokedByHand)
}
