import type { Kept } from "../../core/index.ts"
import type { Credential } from "../plan.ts"
import { credentialOf, discardAll, readCandidate, readMain } from "./facts.ts"
import { block, fence, type Turn, write } from "./hold.ts"
import { removeOrphans } from "./make.ts"
import { ask, type Main, type Part } from "./steps.ts"

/** How often a far side without an overlap is given the new credential again before a person is asked. */
const MOST_APPLIED = 3

/** The candidate is kept: the far side is made to accept it. */
export function* whenParked(turn: Turn): Part<void> {
  const { kept, main } = yield* untouched(turn)
  const { terms, journal } = turn
  if (!terms.applies) {
    yield* write(turn, { state: "applied" })
    return
  }
  const fenced = yield* fence(turn, terms.deadlines.apply)
  yield* ask({
    do: "apply",
    rotationId: journal.rotationId ?? "",
    credential: candidate(turn, kept),
    current: credentialOf(main, journal.oldId),
    fence: journal.seq,
  })
  yield* write(fenced, { state: "applied" })
}

/** The far side was made to accept the candidate: it is asked whether it does. */
export function* whenApplied(turn: Turn): Part<void> {
  const { kept } = yield* untouched(turn)
  const { terms, journal } = turn
  const rotationId = journal.rotationId ?? ""
  const verdict = yield* ask({ do: "verify", rotationId, credential: candidate(turn, kept) })
  if (verdict === "works") {
    yield* write(turn, { state: "verified" })
    return
  }
  yield* ask({ do: "tell", notice: { about: "candidate-refused", attempt: journal.attempt } })
  if (journal.rollback === true && terms.overlap) {
    yield* stay(turn)
    yield* ask({ do: "tell", notice: { about: "rollback-refused" } })
    return
  }
  if (terms.overlap) {
    yield* write(turn, { state: "discarding" })
    return
  }
  // The far side may hold either of the two by now: only forward is safe.
  if (journal.attempt + 1 >= MOST_APPLIED) yield* block(turn, "refused-without-overlap")
  yield* write(turn, { state: "parked", attempt: journal.attempt + 1 })
}

/** There is no way back, so the credential that was to be left stays. */
export function* stay(turn: Turn): Part<void> {
  const { oldId, newId, base } = turn.journal
  yield* write(turn, {
    state: "promoted",
    newId: oldId,
    oldId: newId,
    promotedVersion: base,
    candidate: undefined,
    adopted: undefined,
    rollback: undefined,
    notBefore: turn.at + turn.terms.grace,
    leaseUntil: 0,
  })
}

/** The candidate is of no use: everything that was made of it is removed, and the old credential stays. */
export function* whenDiscarding(turn: Turn): Part<void> {
  const { terms, journal } = turn
  const { rotationId = "", candidate: reference, newId, oldId } = journal
  const kept = yield* readCandidate(turn)
  const main = yield* readMain()
  // Somebody has put the candidate into the secret by hand: it is in use.
  if (kept !== undefined && main.value !== undefined && terms.same(main.value, kept.value)) {
    yield* block(turn, "changed-by-hand")
  }
  let fenced = yield* fence(turn, terms.deadlines.revoke)
  if (reference === undefined && terms.kind === "minted") fenced = yield* removeOrphans(fenced)
  else if (terms.revokes && (newId === undefined || newId !== oldId)) {
    const credential = { ...(newId === undefined ? {} : { id: newId }), ...(kept && { value: kept.value }) }
    // Whoever has found the candidate parked by another one may not know its id.
    if (newId !== undefined || kept !== undefined) yield* ask({ do: "revoke", rotationId, credential })
  }
  fenced = yield* fence(fenced, terms.deadlines.store)
  yield* discardAll(fenced)
  yield* write(fenced, {
    state: "idle",
    newId: oldId,
    oldId: undefined,
    adopted: undefined,
    candidate: undefined,
    base: undefined,
    attempt: journal.attempt + 1,
    notBefore: turn.at + terms.backoff(journal.attempt + 1),
    leaseUntil: 0,
  })
}

/** The candidate and the secret, as long as both are what they were. */
function* untouched(turn: Turn): Part<{ kept: Kept; main: Main }> {
  const kept = yield* readCandidate(turn)
  if (kept === undefined) return yield* block(turn, "candidate-gone")
  const main = yield* readMain()
  if (main.version !== turn.journal.base) return yield* block(turn, "changed-by-hand")
  return { kept, main }
}

function candidate({ journal }: Turn, { value }: Kept): Credential {
  return { value, ...(journal.newId === undefined ? {} : { id: journal.newId }) }
}
