import type { RotationJournal, Version } from "../../core/index.ts"
import { readMain } from "./facts.ts"
import { block, hold, type Patch, type Turn, write } from "./hold.ts"
import { ask, type Found, type Main, type Part } from "./steps.ts"
import { TurnEnds } from "./terms.ts"

/**
 * On a store without conditional writes a replica that was stopped right before it promoted may promote long after:
 * then the secret holds a credential that was retired, or is about to be. The value that was promoted last is put back.
 *
 * What a person has written meanwhile is adopted by the next rotation where none is on its way. Where one waits, that
 * person is asked.
 */
export function* repair(turn: Turn, found: Found, main: Main): Part<void> {
  const { terms, journal } = turn
  const stands = standing(journal)
  if (terms.promotion !== "detected" || stands === undefined) return
  if (main.version === undefined || main.version === stands) return
  const since = yield* ask({ do: "since", base: stands })
  const newest = since.find(({ version }) => version === main.version)
  const isIdle = journal.state === "idle"
  const isForeign = isIdle
    ? newest?.rotationId === undefined
    : since.some(({ rotationId }) => rotationId === undefined)
  if (isForeign && isIdle) return
  // It was not there yet when the versions were listed: the next look sees what it is.
  if (newest === undefined) return
  const held = yield* hold(turn, found, false)
  if (isForeign || newest.rotationId === undefined) return yield* block(held, "foreign-version")
  yield* putBack(held, main.version, newest.rotationId, stands)
}

/** Looks at the secret while a rotation waits, where nothing refuses a write that comes late. */
export function* watchOver(turn: Turn, found: Found): Part<void> {
  if (turn.terms.promotion === "detected") yield* repair(turn, found, yield* readMain())
}

/** The version that the secret should have, as long as nobody changes it. */
function standing({ state, base, promotedVersion }: RotationJournal): Version | undefined {
  return state === "published" ? base : promotedVersion
}

function* putBack(held: Turn, wrong: Version, late: string, stands: Version): Part<void> {
  const { journal } = held
  const rotationId = journal.rotationId ?? ""
  const good = yield* ask({ do: "main", version: stands })
  // Nobody but a person can say now what the secret should hold.
  if (good.value === undefined) return yield* block(held, "foreign-version")
  const patch = (version: Version): Patch => ({
    leaseUntil: 0,
    ...(journal.state === "published" ? { base: version } : { promotedVersion: version }),
  })
  const done = ({ version }: { version: Version }): RotationJournal =>
    ({ ...journal, ...patch(version), seq: journal.seq + 1 }) as RotationJournal
  const promotion = yield* ask({
    do: "promote",
    rotationId,
    value: good.value,
    expectBase: wrong,
    journal: done,
  })
  if (promotion === "refused") {
    // Somebody has written meanwhile: the next look sees who.
    yield* write(held, { leaseUntil: 0 })
    throw new TurnEnds({ end: "lost", alarm: false })
  }
  if (!promotion.journaled) yield* write(held, patch(promotion.version))
  yield* ask({ do: "tell", notice: { about: "repaired" } })
  // Whatever a store writes down beside a promotion was removed before these two; what a rotation waits with, it needs.
  const over = new Set([rotationId, late])
  if (journal.state !== "idle") over.delete(rotationId)
  for (const one of over) yield* ask({ do: "discard", rotationId: one })
  throw new TurnEnds({ end: "moved" })
}
