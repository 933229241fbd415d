import type { RotationState } from "../../../core/index.ts"
import type { Found } from "../../protocol/steps.ts"
import type { Ending, Wish } from "../../protocol/terms.ts"
import type { AwsRotationEvent, AwsStep } from "./event.ts"
import { refusals } from "./refusals.ts"
import { type Errand, type Household, type Planned, Work } from "./work.ts"

/** How far each step brings a rotation. */
const TARGETS: Readonly<Record<AwsStep, RotationState>> = {
  createSecret: "parked",
  setSecret: "applied",
  testSecret: "verified",
  finishSecret: "promoted",
}

/** The states in which a rotation has come so far, and those after it. */
const WAY: readonly RotationState[] = ["parked", "applied", "verified", "promoted", "retiring"]

/** While one of these is written down, a credential may be on its way from the far side. */
const MAKING: readonly RotationState[] = ["claimed", "cleaning", "minting"]

/** In these the new credential is in nobody's hands, and can be taken back. */
const CAN_BE_TAKEN_BACK: readonly RotationState[] = [...MAKING, "parked", "applied"]

/** How often others may be faster before the service is to call again. */
const MOST_LOST = 3

/** More turns than this no rotation has. */
const MOST_TURNS = 40

/**
 * Does one step of a rotation that the service has begun: brings it as far as the step is to bring it, from wherever it
 * is. So each step may be repeated, and come in any order: one that comes too early does what belongs before it as well,
 * and none promotes what was not verified.
 *
 * @param plannedBy the plan of a secret by its name.
 * @throws SecretError whatever keeps it from that: then the service has to call again, or a person to look.
 */
export async function doStep(
  { Step, SecretId, ClientRequestToken: token }: AwsRotationEvent,
  plannedBy: (name: string) => Planned | undefined,
  household: Household,
  errand: Errand,
): Promise<void> {
  const { service } = household
  const look = async () => await service.look(SecretId, { token, signal: errand.signal })
  const { name, ownName, place, labels } = await look()
  const planned = name === undefined ? undefined : plannedBy(name)
  if (planned === undefined) throw refusals.unplanned(name ?? ownName)
  const work = new Work(planned, household, errand, place)
  const isStaged = labels.includes("AWSPENDING")
  const finish = async () => await service.finish(ownName, { token, signal: errand.signal })

  if (labels.includes("AWSCURRENT")) {
    // What a finishSecret has left that was cut off after its move.
    await writeDown(work, token)
    if (isStaged) await finish()
    return
  }
  if (!isStaged) throw refusals.notStaged(planned.name)
  try {
    await bringTo(TARGETS[Step], work, token, async () => (await look()).labels.includes("AWSPENDING"))
  } catch (thrown) {
    // The service calls again soon, and that is another invocation.
    await work.leave()
    throw thrown
  }
  if (Step === "finishSecret") await finish()
}

/** Takes turns until the rotation of a token has come so far. */
async function bringTo(
  target: RotationState,
  work: Work,
  token: string,
  isStaged: () => Promise<boolean>,
): Promise<void> {
  const { name } = work
  const enough = WAY.slice(WAY.indexOf(target))
  let lost = 0
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const found = await work.load()
    const state = found.journal?.state ?? "idle"
    const under = work.tokenIn(found.journal)
    const isThis = under === token
    if (isThis && enough.includes(state)) return
    if (state === "idle") {
      if (work.watch.refused) throw refusals.refused(name)
      // What was taken back was perhaps this very rotation.
      if (turns > 0 && !(await isStaged())) throw refusals.notStaged(name)
      const what = await work.awaits()
      if (what !== undefined) {
        work.watch.tell({ type: "awaits", what })
        throw refusals.awaits(name, what)
      }
    }
    const wish = isThis || state === "idle" ? goOn(state, lost === 0) : endFormer(state)
    const ending = await work.turn(wish, found, state === "idle" ? token : under)
    lost = ending.end === "lost" ? lost + 1 : 0
    if (ending.end === "lost" && lost <= MOST_LOST) continue
    refuseToWait(ending, work, found)
  }
  throw refusals.endless(name)
}

/**
 * The service calls one step after another, so the invocation that wrote the journal is over: its lease need not be waited
 * for. Unless it may have been cut off while it made a credential, which is then perhaps not known yet.
 */
function goOn(state: RotationState, force: boolean): Wish {
  if (state === "idle") return { rotate: true, impatient: true }
  return { rotate: false, force: force && !MAKING.includes(state) }
}

/** A rotation that was begun before this one, and got stuck: it is taken back, unless its credential may be in use. */
function endFormer(state: RotationState): Wish {
  return CAN_BE_TAKEN_BACK.includes(state) ? { rotate: false, abort: true } : { rotate: false }
}

function refuseToWait(ending: Ending, { name, planned }: Work, { at }: Found): void {
  switch (ending.end) {
    case "moved":
    case "idle":
    case "not-granted":
      return
    case "waiting":
      throw refusals.inGrace(name, ending.until)
    case "held":
      throw refusals.busy(name, ending.until - at)
    case "lost":
      throw refusals.busy(name, 0)
    case "blocked":
      throw refusals.blocked(name, ending.reason)
    case "still-accepted":
      throw refusals.stillAccepted(name, planned.plan.revokedByHand)
  }
}

/** The secret holds the candidate, and the journal does not know it yet: from here on the grace is counted. */
export async function writeDown(work: Work, token: string): Promise<void> {
  for (let lost = 0; lost <= MOST_LOST; lost++) {
    const found = await work.load()
    if (found.journal?.state !== "verified" || work.tokenIn(found.journal) !== token) return
    const ending = await work.turn({ rotate: false, force: true }, found, token)
    if (ending.end !== "lost") refuseToWait(ending, work, found)
  }
}
