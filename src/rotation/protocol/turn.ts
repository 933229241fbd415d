import { hold, type Turn, write } from "./hold.ts"
import { NO_JOURNAL, whenIdle } from "./idle.ts"
import { clean, whenClaimed, whenMinting } from "./make.ts"
import { startOfGrace, whenPublished, whenVerified } from "./promote.ts"
import { whenApplied, whenDiscarding, whenParked } from "./prove.ts"
import { whenPromoted, whenRetiring } from "./retire.ts"
import { type Answer, ask, type Found, type Part, type Step } from "./steps.ts"
import { type Ending, type Mind, type Terms, TurnEnds, type Wish } from "./terms.ts"
import { grant } from "./wishes.ts"

/**
 * One turn of a rotation: from the journal as it is to the next one, or to the reason why it does not move. It begins
 * by reading the journal and remembers nothing else, so that each turn may be that of another process.
 *
 * Pure: it asks for steps and is given answers. A step that fails ends it, by leaving it where it is.
 */
export function* takeTurn(terms: Terms, mind: Mind, wish: Wish): Generator<Step, Ending, Answer> {
  try {
    return yield* turnFrom(terms, mind, wish)
  } catch (thrown) {
    if (thrown instanceof TurnEnds) return thrown.ending
    throw thrown
  }
}

function* turnFrom(terms: Terms, mind: Mind, wish: Wish): Part<Ending> {
  const found = yield* ask({ do: "load" })
  const turn: Turn = { terms, mind, journal: found.journal ?? NO_JOURNAL, at: found.at }
  const { state } = turn.journal
  if (state === "idle") return yield* fromIdle(turn, found, wish)
  if (state === "blocked" && !wish.resume && !wish.abort) {
    return { end: "blocked", reason: turn.journal.reason ?? "changed-by-hand" }
  }
  const asksForMore = wish.abort || wish.rollback || wish.compromised || (wish.resume && state === "blocked")
  if (!asksForMore && isWaiting(turn, found)) return { end: "waiting", until: turn.journal.notBefore ?? 0 }
  // The end of a grace is written down by the state that follows; holding it first would be one more write.
  const free = state === "promoted" && !asksForMore
  const held = free ? turn : yield* hold(turn, found, wish.force === true)
  if (asksForMore && (yield* grant(held, wish))) return { end: "moved" }
  if (isWaiting(held, found)) return { end: "waiting", until: held.journal.notBefore ?? 0 }
  if ((state === "promoted" || state === "published") && held.journal.notBefore === undefined) {
    // The secret and the journal were changed in one step, whose time nobody could know before.
    const from =
      state === "promoted" ? startOfGrace(held, found.at) : { notBefore: found.at + terms.propagation }
    yield* write(held, { ...from, leaseUntil: 0 })
    return { end: "moved" }
  }
  yield* go(held)
  return { end: "moved" }
}

function* fromIdle(turn: Turn, found: Found, wish: Wish): Part<Ending> {
  if (wish.abort) return { end: "not-granted", why: "nothing-to-abort" }
  if (wish.resume) return { end: "not-granted", why: "nothing-to-resume" }
  if (wish.rollback) return { end: "not-granted", why: "nothing-to-roll-back" }
  return yield* whenIdle(turn, found, wish)
}

function isWaiting({ journal: { state, notBefore = 0 } }: Turn, { at }: Found): boolean {
  return (state === "promoted" || state === "published") && at < notBefore
}

function* go(turn: Turn): Part<void> {
  switch (turn.journal.state) {
    case "claimed":
      return yield* whenClaimed(turn)
    case "minting":
      return yield* whenMinting(turn)
    case "cleaning":
      return yield* clean(turn)
    case "parked":
      return yield* whenParked(turn)
    case "applied":
      return yield* whenApplied(turn)
    case "discarding":
      return yield* whenDiscarding(turn)
    case "verified":
      return yield* whenVerified(turn)
    case "published":
      return yield* whenPublished(turn)
    case "promoted":
      return yield* whenPromoted(turn)
    case "retiring":
      return yield* whenRetiring(turn)
    case "idle":
    case "blocked":
      return
  }
}
