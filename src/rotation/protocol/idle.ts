import type { RotationJournal } from "../../core/index.ts"
import type { ListedCredential } from "../plan.ts"
import { idOfMain, readMain } from "./facts.ts"
import { type Turn, write } from "./hold.ts"
import { repair } from "./repair.ts"
import { ask, type Found, type Main, type Part } from "./steps.ts"
import { type Ending, TurnEnds, type Wish } from "./terms.ts"

/** Where no rotation has ever begun. */
export const NO_JOURNAL: RotationJournal = {
  schema: 1,
  seq: 0,
  state: "idle",
  owner: "nobody",
  leaseUntil: 0,
  attempt: 0,
}

/** Nothing is on its way: clears up behind replicas that came too late, and begins a rotation if one is wanted. */
export function* whenIdle(turn: Turn, found: Found, wish: Wish): Part<Ending> {
  yield* sweep(turn)
  const main = yield* readMain()
  yield* repair(turn, found, main)
  if (!wish.rotate) return { end: "idle" }
  const { notBefore = 0 } = turn.journal
  if (!wish.impatient && !wish.compromised && found.at < notBefore)
    return { end: "waiting", until: notBefore }
  yield* claim(turn, main, wish)
  return { end: "moved" }
}

/**
 * Revokes what carries our label and is neither in use nor the last one that was promoted: it was made by a replica
 * that was stopped for a whole rotation before it noticed. Where nothing carries a label it is told of, and removed by
 * the next rotation: a person may be about to put it into the secret.
 *
 * The list comes first. What is made under a claim that comes later is not in it, so that the look at the journal
 * after it tells that nothing in the list belongs to a rotation that is on its way.
 */
function* sweep(turn: Turn): Part<void> {
  const { terms, journal } = turn
  if (terms.kind !== "minted" || !terms.lists || (!terms.labels && !terms.exclusive)) return
  const rotationId = journal.rotationId ?? terms.rotationId(0, 0)
  const listed = yield* ask({ do: "list", rotationId })
  const ours = listed.filter(credential => credential.id !== journal.newId && isOurs(turn, credential))
  if (ours.length === 0) return
  const main = yield* readMain()
  const current = yield* idOfMain(turn, main)
  const unused = ours.filter(({ id }) => id !== current).map(({ id }) => id)
  if (unused.length === 0) return
  // Perhaps one of them is what a person put back. Without knowing which it is, none is touched.
  if (!terms.labels || (main.version !== undefined && current === undefined)) {
    yield* ask({ do: "tell", notice: { about: "orphans-left", ids: unused } })
    return
  }
  for (const id of unused) {
    const again = yield* ask({ do: "load" })
    if ((again.journal?.seq ?? 0) !== journal.seq) throw new TurnEnds({ end: "lost", alarm: false })
    yield* ask({ do: "revoke", rotationId, credential: { id } })
    yield* ask({ do: "tell", notice: { about: "orphan-revoked", id } })
  }
}

function isOurs({ terms, journal }: Turn, { id, label }: ListedCredential): boolean {
  const { knownIds } = journal
  // What a person let go of with a rotation is left to that person.
  if (knownIds?.includes(id)) return false
  return terms.labels ? label !== undefined && terms.isOurLabel(label) : knownIds !== undefined
}

/** Nothing happens outside before this write is acknowledged. */
function* claim(turn: Turn, main: Main, wish: Wish): Part<void> {
  const { terms, journal } = turn
  const claimSeq = journal.seq + 1
  const rotationId = terms.rotationId(claimSeq, journal.attempt)
  const oldId = yield* idOfMain(turn, main)
  const ours = main.version === undefined || main.version === journal.promotedVersion
  yield* write(turn, {
    state: "claimed",
    claimSeq,
    rotationId,
    base: main.version,
    oldId,
    adopted: ours ? undefined : true,
    knownIds: yield* known(turn, rotationId),
    candidate: undefined,
    previous: undefined,
    notBefore: undefined,
    // An emergency whose first candidate was refused is still one.
    compromised: wish.compromised === true || journal.compromised === true ? true : undefined,
    rollback: undefined,
    reason: undefined,
    blockedFrom: undefined,
  })
}

/** What was there before latchkey was. Taken once: later it would take an orphan of ours for a friend. */
function* known({ terms, journal }: Turn, rotationId: string): Part<readonly string[] | undefined> {
  if (journal.knownIds !== undefined || terms.labels || !terms.lists) return journal.knownIds
  return (yield* ask({ do: "list", rotationId })).map(({ id }) => id)
}
