import type { BlockedReason, RotationJournal } from "../../core/index.ts"
import { ask, type Found, type Part } from "./steps.ts"
import { type Mind, type Terms, TurnEnds } from "./terms.ts"

/** What a part of a turn works with. */
export interface Turn {
  readonly terms: Terms
  readonly mind: Mind
  /** The journal as it is, to the best of this replica's knowledge. */
  readonly journal: RotationJournal
  /** When it was read or written, in milliseconds since 1970. */
  readonly at: number
}

/** What the next journal says differently; what is `undefined` is left out of it. */
export type Patch = { readonly [K in keyof RotationJournal]?: RotationJournal[K] | undefined }

/** The journal that follows: one number higher, signed, and held for a lease unless the patch says otherwise. */
export function following({ terms, mind, journal, at }: Turn, patch: Patch): RotationJournal {
  const next = {
    ...journal,
    owner: mind.me,
    leaseUntil: at + terms.lease,
    ...patch,
    seq: journal.seq + 1,
  }
  return Object.fromEntries(
    Object.entries(next).filter(([, value]) => value !== undefined),
  ) as unknown as RotationJournal
}

/** Writes the next journal. Whoever was first with another one ends this turn. */
export function* write(turn: Turn, patch: Patch): Part<Turn> {
  const journal = following(turn, patch)
  const saving = yield* ask({ do: "save", journal })
  if (!saving.saved) throw new TurnEnds({ end: "lost", alarm: false })
  turn.mind.held = { seq: journal.seq, until: saving.sent + turn.terms.lease }
  return { ...turn, journal }
}

/** Writes down that a person has to look, and ends the turn. */
export function* block(turn: Turn, reason: BlockedReason): Part<never> {
  yield* write(turn, { state: "blocked", reason, blockedFrom: turn.journal.state, leaseUntil: 0 })
  throw new TurnEnds({ end: "blocked", reason })
}

/** Nothing may follow on the journal that was read unless its lease is ours: takes it, or goes on with the one it has. */
export function* hold(turn: Turn, found: Found, force: boolean): Part<Turn> {
  const { terms, mind, journal } = turn
  const mine = journal.owner === mind.me
  const longest = Math.max(...Object.values(terms.deadlines))
  if (mine && isHeld(turn, found, longest)) return turn
  if (!mine && !force && found.at <= journal.leaseUntil + terms.margin) {
    throw new TurnEnds({ end: "held", until: journal.leaseUntil + terms.margin })
  }
  return yield* write(turn, {})
}

/**
 * The last look before an effect outside: the journal is the one that this replica wrote, and its lease is longer
 * than the step may take, by both clocks. Otherwise the turn ends and nothing is touched.
 */
export function* fence(turn: Turn, deadline: number): Part<Turn> {
  const found = yield* ask({ do: "load" })
  if (!isHeld(turn, found, deadline)) throw new TurnEnds({ end: "lost", alarm: false })
  return { ...turn, at: found.at }
}

/** Whether the journal that was found is still the one of this turn, with time enough. */
export function isHeld({ mind, journal }: Turn, found: Found, deadline: number): boolean {
  return (
    found.journal?.seq === journal.seq &&
    mind.held?.seq === journal.seq &&
    found.at + deadline < journal.leaseUntil &&
    found.monotonic + deadline < mind.held.until
  )
}
