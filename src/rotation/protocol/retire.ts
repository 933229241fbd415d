import type { Kept, Promoted, SecretValue } from "../../core/index.ts"
import type { OldCredential } from "../plan.ts"
import { discardAll, readCandidate, readMain } from "./facts.ts"
import { block, fence, type Patch, type Turn, write } from "./hold.ts"
import { change, refuseForeign } from "./promote.ts"
import { ask, type Part } from "./steps.ts"
import { TurnEnds } from "./terms.ts"

/** The grace is over: whoever still used the old credential has read the new one by now. */
export function* whenPromoted(turn: Turn): Part<void> {
  yield* stillPromoted(turn)
  const { oldId, newId } = turn.journal
  if (oldId !== undefined && oldId === newId) yield* block(turn, "same-credential")
  yield* write(turn, { state: "retiring" })
}

/** The old credential is ended, if the secret still holds the new one at the last moment. */
export function* whenRetiring(turn: Turn): Part<void> {
  const { terms, journal } = turn
  const { rotationId = "", oldId } = journal
  if (yield* dropOldKeys(turn)) return
  let fenced = turn
  const old = yield* oldCredential(turn)
  const isOurs = oldId !== undefined || (journal.adopted !== true && old.value !== undefined)
  if (terms.revokes && terms.overlap && isOurs) {
    fenced = yield* fence(turn, terms.deadlines.revoke)
    yield* stillPromoted(fenced)
    yield* ask({ do: "revoke", rotationId, credential: old })
  }
  yield* seeThatItIsDead(fenced, old, isOurs)
  fenced = yield* fence(fenced, terms.deadlines.store)
  yield* stillPromoted(fenced)
  yield* discardAll(fenced)
  yield* write(fenced, {
    state: "idle",
    oldId: undefined,
    adopted: undefined,
    candidate: undefined,
    previous: undefined,
    base: undefined,
    notBefore: undefined,
    compromised: undefined,
    rollback: undefined,
    attempt: 0,
    leaseUntil: 0,
  })
}

/** A set of keys is written once more, without those that are retired. Gives back whether the journal has moved by that. */
function* dropOldKeys(turn: Turn): Part<boolean> {
  const { terms, journal } = turn
  if (terms.withoutOld === undefined) return false
  yield* stillPromoted(turn)
  const main = yield* readMain()
  if (main.value === undefined) return false
  const value = terms.withoutOld(main.value)
  if (terms.same(value, main.value) && main.version === journal.promotedVersion) return false
  const patch = ({ version }: Promoted): Patch => ({ promotedVersion: version })
  yield* change(turn, main, { value, over: journal.promotedVersion, patch, from: () => ({}) })
  return true
}

function* seeThatItIsDead({ terms, journal }: Turn, old: OldCredential, isOurs: boolean): Part<void> {
  // Without an overlap it was the promotion of the new one that ended it.
  if (!terms.overlap || journal.base === undefined) return
  const isUnknown = old.id === undefined && old.value === undefined
  if ((terms.revokes && !isOurs) || (terms.verifiesOld && isUnknown)) {
    yield* ask({ do: "tell", notice: { about: "old-left-to-person" } })
    return
  }
  if (!terms.verifiesOld) return
  const rotationId = journal.rotationId ?? ""
  const verdict = yield* ask({ do: "verifyOld", rotationId, credential: old })
  if (verdict === "works") throw new TurnEnds({ end: "still-accepted" })
}

/** The old credential, as far as it is known: its id, and its value where the store still has it. */
function* oldCredential({ journal }: Turn): Part<OldCredential> {
  const value = yield* formerValue(journal)
  const { oldId } = journal
  return { ...(oldId === undefined ? {} : { id: oldId }), ...(value === undefined ? {} : { value }) }
}

function* formerValue(journal: Turn["journal"]): Part<SecretValue | undefined> {
  const kept = yield* keptFormer(journal)
  if (kept !== undefined || journal.base === undefined) return kept?.value
  return (yield* ask({ do: "main", version: journal.base })).value
}

/** What the secret held before the last promotion, and where it is; `undefined` where the store has not kept it. */
export function* keptFormer({ rotationId = "", previous, base }: Turn["journal"]): Part<Kept | undefined> {
  if (previous !== undefined) {
    const kept = yield* ask({ do: "kept", rotationId, reference: previous })
    if (kept !== undefined) return kept
  }
  // With the answer to a promotion that was lost it was lost where that is.
  return base === undefined ? undefined : yield* ask({ do: "former", rotationId, base })
}

/** The secret holds what was promoted, and nobody else has written since; otherwise a person has to look. */
function* stillPromoted(turn: Turn): Part<void> {
  const { terms, journal } = turn
  yield* refuseForeign(turn)
  const main = yield* readMain()
  if (main.version !== undefined && main.version === journal.promotedVersion) return
  const kept = yield* readCandidate(turn)
  if (kept === undefined || main.value === undefined) return yield* block(turn, "changed-by-hand")
  const { value } = main
  const wanted = [kept.value, ...(terms.withoutOld === undefined ? [] : [terms.withoutOld(kept.value)])]
  if (!wanted.some(one => terms.same(value, one))) yield* block(turn, "changed-by-hand")
}
