import { hold, type Turn, write } from "./hold.ts"
import { NO_JOURNAL, whenIdle } from "./idle.ts"
import { clean, whenClaimed, whenMinting } from "./make.ts"
import { startOfGrace, whenPublished, whenVerified } from "./promote.ts"
import { whenApplied, whenDiscarding, whenParked } from "./prove.ts"
import { watchOver } from "./repair.ts"
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
  const waiting = waitsUntil(turn, found)
  if (!asksForMore && waiting !== undefined) {
    yield* watchOver(turn, found)
    return { end: "waiting", until: waiting }
  }
  // The end of a grace is written down by the state that follows; holding it first would be one more write.
  const free = state === "promoted" && !asksForMore
  const held = free ? turn : yield* hold(turn, found, wish.force === true)
  if (asksForMore && (yield* grant(held, wish))) return { end: "moved" }
  const until = waitsUntil(held, found)
  if (until !== undefined) return { end: "waiting", until }
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

/**
 * Until when nothing goes on, in milliseconds since 1970; `undefined` where something may. By both clocks, as with a
 * lease: whoever has seen a grace begin goes on after so much time, and not because a clock was set forward.
 */
function waitsUntil({ journal, mind }: Turn, { at, monotonic, byStore }: Found): number | undefined {
  const { state, notBefore } = journal
  if ((state !== "promoted" && state !== "published") || notBefore === undefined) return undefined
  const left = notBefore - at
  if (!byStore && left > 0 && mind.wait?.notBefore !== notBefore) {
    mind.wait = { notBefore, until: monotonic + left }
  }
  const { wait } = mind
  const seen = !byStore && wait?.notBefore === notBefore ? wait.until - monotonic : left
  const longest = Math.max(left, seen)
  return longest > 0 ? at + longest : undefined
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
