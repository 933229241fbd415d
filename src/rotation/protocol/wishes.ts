import type { RotationState } from "../../core/index.ts"
import { discardAll, readMain } from "./facts.ts"
import { fence, type Turn, write } from "./hold.ts"
import { stay } from "./prove.ts"
import { keptFormer } from "./retire.ts"
import { ask, type Part } from "./steps.ts"
import { type Refusal, TurnEnds, type Wish } from "./terms.ts"

/** Where the new credential is in nobody's hands yet, so that it can be taken back. */
const CAN_BE_TAKEN_BACK: readonly RotationState[] = ["claimed", "cleaning", "minting", "parked", "applied"]

/**
 * Writes down what a person wants of a rotation that is on its way: the next turn acts on it. Gives back whether
 * anything was written.
 *
 * The turn is held: nobody else works on it.
 */
export function* grant(turn: Turn, wish: Wish): Part<boolean> {
  if (wish.abort) return yield* abort(turn)
  if (wish.resume && turn.journal.state === "blocked") return yield* resume(turn)
  if (wish.rollback) return yield* rollBack(turn)
  if (wish.compromised) return yield* hurry(turn)
  return false
}

function refuse(why: Refusal): never {
  throw new TurnEnds({ end: "not-granted", why })
}

function* abort(turn: Turn): Part<boolean> {
  const { terms, journal } = turn
  const from = journal.state === "blocked" ? (journal.blockedFrom ?? "blocked") : journal.state
  // What a person has put into the secret is neither of the two: nothing but to let go of both.
  const isStrange = journal.reason === "changed-by-hand" || journal.reason === "foreign-version"
  if (journal.rollback === true && from === "applied" && terms.overlap && !isStrange) {
    yield* stay(turn)
    return true
  }
  // Without an overlap the far side may accept nothing but the new one by now, also when nobody has heard of that.
  const untouched = terms.overlap || (from !== "parked" && from !== "applied")
  if (CAN_BE_TAKEN_BACK.includes(from) && untouched && journal.rollback !== true) {
    const orphans = from === "claimed" || from === "cleaning" || from === "minting"
    // A person who ends a rotation that was blocked for a possible orphan has looked for it.
    const looked = journal.reason === "possible-orphan"
    if (looked || (orphans && terms.kind === "generated")) return yield* leave(turn)
    yield* write(turn, {
      state: "discarding",
      reason: undefined,
      blockedFrom: undefined,
      compromised: undefined,
    })
    return true
  }
  if (journal.state === "discarding") return false
  // From here on the new credential may be in use: only a person who has looked may let go of it. One that is being
  // retired is in use for certain, and all that is let go of is the old one.
  if (journal.state !== "blocked" && journal.state !== "retiring") refuse("too-late-to-abort")
  return yield* leave(turn)
}

/** Lets go of everything and revokes nothing: what the secret holds now is adopted by the next rotation. */
function* leave(turn: Turn): Part<boolean> {
  const { terms, journal } = turn
  const { newId, oldId } = journal
  const main = yield* readMain()
  const isPromoted = main.version !== undefined && main.version === journal.promotedVersion
  const about = isPromoted ? "old-left-to-person" : "new-left-to-person"
  const id = isPromoted ? oldId : newId
  if (journal.candidate !== undefined && isAtFarSide(terms)) {
    yield* ask({ do: "tell", notice: { about, ...(id === undefined ? {} : { id }) } })
  }
  // What the secret holds now is its own copy; nobody would find these again.
  yield* discardAll(yield* fence(turn, terms.deadlines.store))
  const left = [isPromoted ? undefined : newId, oldId].filter(one => one !== undefined)
  const knownIds = [...new Set([...(journal.knownIds ?? []), ...left])]
  yield* write(turn, {
    state: "idle",
    knownIds: terms.labels && knownIds.length > 0 ? knownIds : journal.knownIds,
    newId: isPromoted ? journal.newId : undefined,
    promotedVersion: isPromoted ? journal.promotedVersion : undefined,
    oldId: undefined,
    adopted: undefined,
    candidate: undefined,
    previous: undefined,
    base: undefined,
    notBefore: undefined,
    compromised: undefined,
    rollback: undefined,
    reason: undefined,
    blockedFrom: undefined,
    leaseUntil: 0,
  })
  return true
}

/** Whether anybody but the readers of the secret knows of credentials, so that one can be left there. */
function isAtFarSide({ kind, applies, revokes, verifiesOld }: Turn["terms"]): boolean {
  return kind === "minted" || applies || revokes || verifiesOld
}

function* resume(turn: Turn): Part<boolean> {
  const { terms, journal } = turn
  const { reason, blockedFrom = "idle", claimSeq = 0, attempt } = journal
  const cleared = { reason: undefined, blockedFrom: undefined }
  if (reason === "possible-orphan") {
    // The person has looked for what may have been made under the id before.
    const next = { attempt: attempt + 1, rotationId: terms.rotationId(claimSeq, attempt + 1) }
    yield* write(turn, { ...cleared, ...next, state: "claimed" })
    return true
  }
  const state = reason === "refused-without-overlap" ? "parked" : blockedFrom
  const released = state === "promoted" || state === "published" ? { leaseUntil: 0 } : {}
  yield* write(turn, { ...cleared, ...released, state, ...(state === "parked" ? { attempt: 0 } : {}) })
  return true
}

/** Goes back to the value before, as a promotion of its own: the same looks, the same grace. */
function* rollBack(turn: Turn): Part<boolean> {
  const { terms, journal } = turn
  const { state, oldId, newId, promotedVersion } = journal
  if (state !== "promoted" || journal.rollback === true) refuse("nothing-to-roll-back")
  const former = (yield* keptFormer(journal)) ?? refuse("nothing-to-roll-back")
  yield* write(turn, {
    // Without an overlap the far side has to be made to accept it again; with one it still does, and is asked.
    state: terms.overlap ? "applied" : "parked",
    candidate: former.reference,
    base: promotedVersion,
    previous: undefined,
    newId: oldId,
    oldId: newId,
    adopted: undefined,
    rollback: true,
    compromised: undefined,
    notBefore: undefined,
    attempt: 0,
  })
  return true
}

function* hurry(turn: Turn): Part<boolean> {
  const { journal } = turn
  if (journal.compromised === true) return false
  const waits = journal.state === "promoted" || journal.state === "published"
  yield* write(turn, { compromised: true, ...(waits ? { notBefore: 0, leaseUntil: 0 } : {}) })
  return true
}
