import type { Kept, Promoted, RotationJournal, SecretValue, Version, VersionSince } from "../../core/index.ts"
import { readCandidate, readMain } from "./facts.ts"
import { block, fence, following, type Patch, type Turn, write } from "./hold.ts"
import { ask, type Main, type Part } from "./steps.ts"
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
  const { terms } = turn
  const kept = yield* candidateOrBlock(turn)
  const main = yield* readMain()
  const { value, version } = main
  // There is nobody yet who signs with another key.
  if (value === undefined || version === undefined) return yield* promote(turn)
  if (terms.same(value, kept.value)) return yield* promote(turn)
  const published = terms.publish?.(value, kept.value) ?? kept.value
  const aim: Aim = {
    value: published,
    over: turn.journal.base,
    patch: done => ({ state: "published", base: done.version, leaseUntil: 0 }),
    from: at => ({ notBefore: at + terms.propagation }),
  }
  yield* change(turn, main, aim)
}

function* promote(turn: Turn): Part<void> {
  const kept = yield* candidateOrBlock(turn)
  yield* change(turn, yield* readMain(), {
    ...kept,
    over: turn.journal.base,
    patch: ({ version, previous }) => ({
      state: "promoted",
      promotedVersion: version,
      previous,
      notBefore: undefined,
      leaseUntil: 0,
    }),
    from: at => startOfGrace(turn, at),
  })
}

/** When the grace begins, and so when it ends. */
export function startOfGrace({ terms, journal }: Turn, at: number): Patch {
  return { lastPromotedAt: at, notBefore: journal.compromised === true ? at : at + terms.grace }
}

/** What the secret is changed to, where that is kept, and what is written down about it. */
export interface Aim {
  readonly value: SecretValue
  /** The version that it must still have. */
  readonly over: Version | undefined
  readonly reference?: string
  readonly patch: (done: Promoted) => Patch
  /** What follows from the time, which is asked for after the change: whoever is stopped right before it changes it later. */
  readonly from: (at: number) => Patch
}

/** Changes the secret, if it is still what it was, and writes that down. */
export function* change(turn: Turn, main: Main, aim: Aim): Part<void> {
  const { terms, journal } = turn
  // The answer to the change was lost, or a faster replica has made the same one.
  if (holds(turn, main, aim.value)) return yield* writeChanged(turn, main.version, aim)
  if (main.version !== aim.over) yield* block(turn, "changed-by-hand")
  yield* refuseForeign(turn)
  const fenced = yield* fence(turn, terms.deadlines.store)
  const { value, reference, over } = aim
  const promotion = yield* ask({
    do: "promote",
    rotationId: journal.rotationId ?? "",
    value,
    ...(reference === undefined ? {} : { reference }),
    ...(over === undefined ? {} : { expectBase: over }),
    journal: (done: Promoted): RotationJournal => following(fenced, aim.patch(done)),
  })
  if (promotion === "refused") return yield* afterRefusal(fenced, aim)
  if (!promotion.journaled) yield* writePromoted(fenced, promotion, aim)
}

function* afterRefusal(turn: Turn, aim: Aim): Part<void> {
  const main = yield* readMain()
  if (!holds(turn, main, aim.value)) yield* block(turn, "changed-by-hand")
  yield* writeChanged(turn, main.version, aim)
}

function* writePromoted(turn: Turn, done: Promoted, aim: Aim): Part<void> {
  try {
    const since = yield* refuseForeign(turn)
    const { at } = yield* ask({ do: "load" })
    // Where it was written over what a faster replica had promoted, the value before is no former one.
    const known = since.length > 1 ? { version: done.version } : done
    yield* write({ ...turn, at }, { ...aim.patch(known), ...aim.from(at) })
  } catch (thrown) {
    // On a store without conditional writes, what was written just now may lie over what a faster replica has
    // promoted since. Only whoever holds the journal may mend that.
    if (thrown instanceof TurnEnds && thrown.ending.end === "lost" && turn.terms.promotion === "detected") {
      throw new TurnEnds({ end: "lost", alarm: true })
    }
    throw thrown
  }
}

/** The secret holds what it should, from a change whose answer was lost. */
function* writeChanged(turn: Turn, version: Version | undefined, aim: Aim): Part<void> {
  if (version === undefined) throw new TurnEnds({ end: "lost", alarm: false })
  yield* refuseForeign(turn)
  const { at } = yield* ask({ do: "load" })
  yield* write({ ...turn, at }, { ...aim.patch({ version }), ...aim.from(at) })
}

function holds({ terms }: Turn, { value }: Main, wanted: SecretValue): boolean {
  return value !== undefined && terms.same(value, wanted)
}

/**
 * Where a write over somebody else's can only be seen afterwards, it is looked for at every turn of the way. Gives back
 * what this rotation has written.
 */
export function* refuseForeign(turn: Turn): Part<readonly VersionSince[]> {
  const { terms, journal } = turn
  if (terms.promotion !== "detected") return []
  const base =
    journal.state === "promoted" || journal.state === "retiring" ? journal.promotedVersion : journal.base
  const since = yield* ask({ do: "since", ...(base === undefined ? {} : { base }) })
  if (since.some(({ rotationId }) => rotationId !== journal.rotationId)) yield* block(turn, "foreign-version")
  return since
}

function* candidateOrBlock(turn: Turn): Part<Kept> {
  return (yield* readCandidate(turn)) ?? (yield* block(turn, "candidate-gone"))
}
