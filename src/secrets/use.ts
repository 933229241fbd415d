import {
  type Attempt,
  aborted,
  elapsed,
  type Instant,
  instant,
  sameValue,
  type UseOptions,
  type Version,
} from "../core/index.ts"
import type { Engine } from "./engine.ts"
import type { Keeper } from "./keeper.ts"
import type { Lens, Shown } from "./lens.ts"
import { recallPrevious } from "./overlap.ts"
import { bounded } from "./timing.ts"

/**
 * How long a version that the far side refuses is not read again on that account, in milliseconds, or its time to live
 * if that is shorter: a revoked token must not turn every call into a read of the store.
 */
const REJECTION_INTERVAL = 5_000

/** How one call of the caller's function ended. */
type Outcome<R> = { readonly value: R } | { readonly error: unknown }

/** A version that the far side refused, and when it was last read again because of that. */
export interface Rejection {
  readonly version: Version
  readonly at: Instant
  /** A read that began after this place in the order of beginnings is the one that was made because of that. */
  readonly after: number
}

/** See `Secret.use`. */
export async function use<R>(
  engine: Engine,
  keeper: Keeper,
  lens: Lens,
  call: (value: unknown, attempt: Attempt) => Promise<R>,
  options: UseOptions<R>,
): Promise<R> {
  const signal = options.signal ?? new AbortController().signal
  const rejected = options.rejected ?? hasStatus401
  keeper.touched = true
  if (!engine.closing.aborted) keeper.look()
  const old =
    engine.tooOld(keeper) || (keeper.state.failure === undefined && keeper.overslept(instant(engine.clock)))
  if (!engine.closing.aborted && (!keeper.revealable || old)) {
    keeper.wake()
    await engine.refresh(keeper, { signal })
  }
  // Whoever has left by now does not want a call made, nor with an old value.
  if (signal.aborted) throw aborted({ secret: lens.reference, store: engine.store.location })
  if (!lens.open) lens.watched.beforeReveal(lens.reference)

  const used = lens.shown as Shown
  const first = await attempt(call, used, signal)
  if (!rejected(first) || signal.aborted || engine.closing.aborted) return settled(first)

  const other =
    (await newer(engine, keeper, lens, used, signal)) ?? (await older(engine, keeper, lens, used, signal))
  if (other === undefined || signal.aborted) return settled(first)
  letGo(first)
  return settled(await attempt(call, other, signal))
}

/** Another value than the one that was refused, if the store has one by now. */
async function newer(
  engine: Engine,
  keeper: Keeper,
  lens: Lens,
  used: Shown,
  signal: AbortSignal,
): Promise<Shown | undefined> {
  if (isSame(lens, used) && mayReadAgain(engine, keeper, used.version)) {
    const after = engine.reader.order
    keeper.rejection = { version: used.version, at: instant(engine.clock), after }
    await engine.refresh(keeper, { signal }, after)
  } else if (isSame(lens, used) && keeper.flight !== undefined) {
    // Somebody else was refused with the same value and is reading it again. A read that began before says nothing.
    await engine.refresh(keeper, { signal }, keeper.rejection?.after)
  }
  return isSame(lens, used) || !lens.open ? undefined : lens.shown
}

/** The value before, which the far side may still accept while the overlap window is open. */
async function older(
  engine: Engine,
  keeper: Keeper,
  lens: Lens,
  used: Shown,
  signal: AbortSignal,
): Promise<Shown | undefined> {
  if (!lens.open) return undefined
  const recall = recallPrevious(engine, keeper)
  if (recall !== undefined)
    await bounded(engine.clock, "waited-for", 2 * keeper.policy.callTimeout, recall, signal)
  const previous = keeper.previousOf(lens)
  return previous === undefined || sameValue(previous.raw, used.raw) ? undefined : previous
}

function isSame(lens: Lens, used: Shown): boolean {
  return lens.shown !== undefined && sameValue(lens.shown.raw, used.raw)
}

function mayReadAgain(engine: Engine, keeper: Keeper, version: Version): boolean {
  const { rejection } = keeper
  if (rejection === undefined || rejection.version !== version) return true
  return elapsed(rejection.at, instant(engine.clock)) >= Math.min(REJECTION_INTERVAL, keeper.policy.ttl)
}

async function attempt<R>(
  call: (value: unknown, attempt: Attempt) => Promise<R>,
  shown: Shown,
  signal: AbortSignal,
): Promise<Outcome<R>> {
  try {
    return { value: await call(shown.value, { version: shown.version, signal }) }
  } catch (error) {
    return { error }
  }
}

/** The caller's own result or error, untouched. */
function settled<R>(outcome: Outcome<R>): R {
  if ("value" in outcome) return outcome.value
  throw outcome.error
}

/** Gives back the connection of an answer of `fetch` that nobody will read: until its body is read or cancelled, it is taken. */
function letGo(outcome: Outcome<unknown>): void {
  if ("value" in outcome && outcome.value instanceof Response && outcome.value.body?.locked === false) {
    outcome.value.body.cancel().catch(() => {})
  }
}

function hasStatus401(outcome: Outcome<unknown>): boolean {
  const subject = "value" in outcome ? outcome.value : outcome.error
  return typeof subject === "object" && subject !== null && (subject as { status?: unknown }).status === 401
}
