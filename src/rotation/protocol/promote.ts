import type { Kept, Promoted, RotationJournal, SecretValue, Version } from "../../core/index.ts"
import { readCandidate, readMain } from "./facts.ts"
import { block, fence, following, type Patch, type Turn, write } from "./hold.ts"
import { ask, type Main, type Part, type Promotion } from "./steps.ts"
import { TurnEnds } from "./terms.ts"

/** The new credential works: from here the rotation goes forward, or a person is asked. */
export function* whenVerified(turn: Turn): Part<void> {
  const { terms, journal } = turn
  const publishes = terms.publish !== undefined && journal.compromised !== true && journal.rollback !== true
  yield* publishes ? publish(turn) : promote(turn)
}

/** The new key was published for long enough: it becomes the one that is used. */
export function* whenPublished(turn: Turn): Part<void> {
  yield* promote(turn)
}

function* publish(turn: Turn): Part<void> {
  const { terms, journal } = turn
  const kept = yield* candidateOrBlock(turn)
  const main = yield* readMain()
  const { value, version } = main
  // There is nobody yet who signs with another key.
  if (value === undefined || version === undefined) return yield* promote(turn)
  if (terms.same(value, kept.value)) return yield* promote(turn)
  const published = terms.publish?.(value, kept.value) ?? kept.value
  const patch = (done: Promoted): Patch => ({
    state: "published",
    base: done.version,
    notBefore: turn.at + terms.propagation,
    leaseUntil: 0,
  })
  // The answer to the write was lost: the set holds the new key already.
  if (version !== journal.base && terms.same(value, published)) {
    yield* write(turn, patch({ version }))
    return
  }
  yield* change(turn, main, { value: published }, patch)
}

function* promote(turn: Turn): Part<void> {
  const { journal } = turn
  const kept = yield* candidateOrBlock(turn)
  const former = journal.rollback === true ? { former: true } : {}
  yield* change(turn, yield* readMain(), { ...kept, ...former }, done => promotedPatch(turn, done))
}

function promotedPatch({ terms, journal, at }: Turn, done: Promoted): Patch {
  return {
    state: "promoted",
    promotedVersion: done.version,
    previous: done.previous,
    lastPromotedAt: at,
    notBefore: journal.compromised === true ? at : at + terms.grace,
    leaseUntil: 0,
  }
}

/** What the secret is changed to, and where that is kept. */
interface Aim {
  readonly value: SecretValue
  readonly reference?: string
  readonly former?: boolean
}

/** Changes the secret, if it is still what it was, and writes that down. */
function* change(turn: Turn, main: Main, aim: Aim, patch: (done: Promoted) => Patch): Part<void> {
  const { terms, journal } = turn
  if (holds(turn, main, aim.value)) return yield* writeChanged(turn, main.version, patch)
  if (main.version !== journal.base) yield* block(turn, "changed-by-hand")
  yield* refuseForeign(turn)
  const fenced = yield* fence(turn, terms.deadlines.store)
  const { base } = journal
  const promotion = yield* ask({
    do: "promote",
    rotationId: journal.rotationId ?? "",
    ...aim,
    ...(base === undefined ? {} : { expectBase: base }),
    journal: (done: Promoted): RotationJournal => following(fenced, patch(done)),
  })
  if (promotion === "refused") return yield* afterRefusal(fenced, aim, patch)
  yield* afterChange(fenced, promotion, patch)
}

function* afterRefusal(turn: Turn, aim: Aim, patch: (done: Promoted) => Patch): Part<void> {
  const main = yield* readMain()
  if (!holds(turn, main, aim.value)) yield* block(turn, "changed-by-hand")
  yield* writeChanged(turn, main.version, patch)
}

function* afterChange(
  turn: Turn,
  promotion: Exclude<Promotion, "refused">,
  patch: (done: Promoted) => Patch,
): Part<void> {
  if (promotion.journaled) return
  try {
    yield* refuseForeign(turn)
    yield* write(turn, patch(promotion))
  } catch (thrown) {
    // On a store without conditional writes, what was written just now may lie over what a faster replica has
    // promoted since. Only whoever holds the journal may mend that.
    if (thrown instanceof TurnEnds && thrown.ending.end === "lost" && turn.terms.promotion === "detected") {
      throw new TurnEnds({ end: "lost", alarm: true })
    }
    throw thrown
  }
}

/** The secret holds what it should, from a write whose answer was lost. */
function* writeChanged(
  turn: Turn,
  version: Version | undefined,
  patch: (done: Promoted) => Patch,
): Part<void> {
  if (version === undefined) throw new TurnEnds({ end: "lost", alarm: false })
  yield* refuseForeign(turn)
  const previous = turn.journal.base
  yield* write(turn, patch({ version, ...(previous === undefined ? {} : { previous }) }))
}

function holds({ terms }: Turn, { value }: Main, wanted: SecretValue): boolean {
  return value !== undefined && terms.same(value, wanted)
}

/** Where a write over somebody else's can only be seen afterwards, it is looked for at every turn of the way. */
export function* refuseForeign(turn: Turn): Part<void> {
  const { terms, journal } = turn
  if (terms.promotion !== "detected") return
  const base =
    journal.state === "promoted" || journal.state === "retiring" ? journal.promotedVersion : journal.base
  const since = yield* ask({ do: "since", ...(base === undefined ? {} : { base }) })
  if (since.some(({ rotationId }) => rotationId !== journal.rotationId)) yield* block(turn, "foreign-version")
}

function* candidateOrBlock(turn: Turn): Part<Kept> {
  return (yield* readCandidate(turn)) ?? (yield* block(turn, "candidate-gone"))
}
