import type { Kept } from "../../core/index.ts"
import type { Credential, ListedCredential } from "../plan.ts"
import { credentialOf, idOfCandidate, idOfMain, readCandidate, readMain, revokeEach } from "./facts.ts"
import { block, fence, isHeld, type Turn, write } from "./hold.ts"
import { ask, type Part } from "./steps.ts"
import { TurnEnds } from "./terms.ts"

/** The claim stands, and nothing has happened outside. */
export function* whenClaimed(turn: Turn): Part<void> {
  const parked = yield* readCandidate(turn)
  if (parked !== undefined) return yield* writeParked(turn, parked)
  const { kind, labels, exclusive } = turn.terms
  if (kind === "generated") return yield* create(turn)
  // Where nothing carries a label, what a replica made that came too late is found by nobody before the next claim.
  if (exclusive && !labels) return yield* clean(yield* write(turn, { state: "cleaning" }))
  yield* mint(yield* write(turn, { state: "minting" }))
}

/** A credential may have been made of which nobody knows. */
export function* whenMinting(turn: Turn): Part<void> {
  const parked = yield* readCandidate(turn)
  if (parked !== undefined) return yield* writeParked(turn, parked)
  const { terms, journal } = turn
  const attempt = journal.attempt + 1
  const rotationId = terms.rotationId(journal.claimSeq ?? 0, attempt)
  // Under an id of its own, so that what is still made under the one before can be told from what is made now.
  yield* clean(yield* write(turn, { state: "cleaning", attempt, rotationId }))
}

/** Removes what was made under the ids before, and only then makes another one. */
export function* clean(turn: Turn): Part<void> {
  const removed = yield* removeOrphans(turn)
  yield* mint(yield* write(removed, { state: "minting" }))
}

/** Removes every credential of ours that is neither that of this rotation nor one in use. */
export function* removeOrphans(turn: Turn): Part<Turn> {
  const { terms, journal } = turn
  if (!terms.lists || (!terms.labels && !terms.exclusive)) return yield* block(turn, "possible-orphan")
  const listed = yield* ask({ do: "list", rotationId: journal.rotationId ?? "" })
  const main = yield* readMain()
  const current = yield* idOfMain(turn, main)
  const spared = new Set([current, journal.oldId, journal.newId])
  const unknown = main.version !== undefined && current === undefined
  // What the secret holds might be in the list, and must not be revoked. It was there at the claim, though, if the
  // secret has not changed, and then it carries no label of this claim.
  if (unknown && (!terms.labels || main.version !== journal.base))
    return yield* block(turn, "possible-orphan")
  const isOrphan = unknown ? ofThisClaim(turn) : terms.labels ? ofOurs(turn) : strange(turn)
  const orphans = listed.filter(credential => isOrphan(credential) && !spared.has(credential.id))
  return yield* revokeEach(
    turn,
    orphans.map(({ id }) => id),
  )
}

type Selection = (credential: ListedCredential) => boolean

function ofThisClaim({ terms, journal: { claimSeq = 0, attempt } }: Turn): Selection {
  const labels = Array.from({ length: attempt }, (_, before) =>
    terms.label(terms.rotationId(claimSeq, before)),
  )
  return ({ label }) => label !== undefined && labels.includes(label)
}

function ofOurs({ terms, journal: { rotationId = "", knownIds = [] } }: Turn): Selection {
  return ({ id, label }) =>
    label !== undefined &&
    terms.isOurLabel(label) &&
    label !== terms.label(rotationId) &&
    !knownIds.includes(id)
}

function strange({ journal: { knownIds = [] } }: Turn): Selection {
  return ({ id }) => !knownIds.includes(id)
}

function* create(turn: Turn): Part<void> {
  const { terms, journal } = turn
  const rotationId = journal.rotationId ?? ""
  const main = yield* readMain()
  const current = credentialOf(main, journal.oldId)
  const made = yield* ask({ do: "create", rotationId, current })
  const fenced = yield* fence(turn, terms.deadlines.store)
  const { reference, mine } = yield* ask({ do: "park", rotationId, value: made.value })
  if (mine) return yield* ownParked(fenced, reference, made.id)
  yield* useParked(fenced)
}

function* mint(turn: Turn): Part<void> {
  const { terms, journal } = turn
  const rotationId = journal.rotationId ?? ""
  const main = yield* readMain()
  const fenced = yield* fence(turn, terms.deadlines.make)
  const current = credentialOf(main, journal.oldId)
  const made = yield* ask({ do: "mint", rotationId, current })
  if ("notMade" in made) {
    // Nothing is there that could be an orphan, so that the next run need not look for one.
    yield* write(fenced, { state: "claimed" })
    throw made.notMade
  }
  const after = yield* ask({ do: "load" })
  if (!isHeld(fenced, after, terms.deadlines.store)) {
    yield* ask({ do: "revoke", rotationId, credential: made })
    throw new TurnEnds({ end: "lost", alarm: false })
  }
  const { reference, mine } = yield* ask({ do: "park", rotationId, value: made.value })
  if (mine) return yield* ownParked(fenced, reference, made.id)
  yield* useParked(fenced, made)
}

/** Somebody else's candidate of this rotation was there first, so what was minted here is nobody's. */
function* useParked(turn: Turn, minted?: Credential): Part<void> {
  const kept = yield* readCandidate(turn)
  // A far side that knows the label may have answered with the very same credential again.
  if (minted !== undefined && (kept === undefined || !turn.terms.same(kept.value, minted.value))) {
    yield* ask({ do: "revoke", rotationId: turn.journal.rotationId ?? "", credential: minted })
  }
  if (kept === undefined) throw new TurnEnds({ end: "lost", alarm: false })
  yield* writeParked(turn, kept)
}

function* writeParked(turn: Turn, kept: Kept): Part<void> {
  yield* parked(turn, kept.reference, yield* idOfCandidate(turn, kept))
}

/** What this replica has parked itself. If it came too late for that, nobody else would ever remove it. */
function* ownParked(turn: Turn, candidate: string, newId: string | undefined): Part<void> {
  try {
    yield* parked(turn, candidate, newId)
  } catch (thrown) {
    const { rotationId = "" } = turn.journal
    const { journal } = yield* ask({ do: "load" })
    const isOver = journal?.state === "idle" || journal?.rotationId !== rotationId
    if (isOver) yield* ask({ do: "discard", rotationId, reference: candidate })
    throw thrown
  }
}

function* parked(turn: Turn, candidate: string, newId: string | undefined): Part<void> {
  yield* write(turn, { state: "parked", candidate, newId })
}
