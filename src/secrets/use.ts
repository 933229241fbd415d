import {
  type Attempt,
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
  if (!engine.closing.aborted && (!keeper.revealable || engine.tooOld(keeper))) {
    keeper.wake()
    await engine.refresh(keeper, { signal })
  }
  if (!lens.open) lens.watched.beforeReveal(lens.reference)

  const used = lens.shown as Shown
  const first = await attempt(call, used, signal)
  if (!rejected(first) || signal.aborted || engine.closing.aborted) return settled(first)

  const other = (await newer(engine, keeper, lens, used, signal)) ?? (await older(engine, keeper, lens, used))
  return settled(other === undefined || signal.aborted ? first : await attempt(call, other, signal))
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
    keeper.rejection = { version: used.version, at: instant(engine.clock) }
    await engine.refresh(keeper, { signal }, engine.reader.order)
  } else if (isSame(lens, used) && keeper.flight !== undefined) {
    // Somebody else was refused with the same value and is reading it again.
    await engine.refresh(keeper, { signal })
  }
  return isSame(lens, used) || !lens.open ? undefined : lens.shown
}

/** The value before, which the far side may still accept while the overlap window is open. */
async function older(engine: Engine, keeper: Keeper, lens: Lens, used: Shown): Promise<Shown | undefined> {
  if (!lens.open) return undefined
  await recallPrevious(engine, keeper)
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

function hasStatus401(outcome: Outcome<unknown>): boolean {
  const subject = "value" in outcome ? outcome.value : outcome.error
  return typeof subject === "object" && subject !== null && (subject as { status?: unknown }).status === 401
}
