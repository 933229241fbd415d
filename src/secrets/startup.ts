import { atCaller, isSecretError, parseReference, type Secret, SecretError } from "../core/index.ts"
import type { Engine } from "./engine.ts"
import { Handle } from "./handle.ts"
import type { Keeper } from "./keeper.ts"
import type { Policy } from "./options.ts"
import type { View } from "./view.ts"

/** What one caller asks for. */
export interface Inquiry extends Omit<View, "field"> {
  readonly reference: string
  readonly policy: Partial<Policy>
  readonly signal: AbortSignal | undefined
}

/**
 * The handle on a name as plain text, if it can be given out without a second look: the way that a program takes
 * thousands of times a second.
 */
export function quickHandle(engine: Engine, name: string): Secret<unknown> | undefined {
  const keeper = engine.find(name)
  if (keeper === undefined || engine.closing.aborted || engine.tooOld(keeper)) return undefined
  keeper.touched = true
  return keeper.gate.quickHandle()
}

/**
 * Gives out a handle on a secret, reading it first if it is not held. The first read goes on trying within
 * `startupDeadline`, and the error then names what the last attempt failed with.
 *
 * @throws SecretError
 */
export async function inquire(engine: Engine, inquiry: Inquiry): Promise<Handle<unknown>> {
  const { format, schema, policy, signal } = inquiry
  if (engine.closing.aborted) throw engine.closedError(inquiry.reference)
  const { name, field } = parseReference(inquiry.reference)
  const keeper = engine.keeper(name)
  keeper.wish(policy)

  const order = engine.reader.order
  await becomeRevealable(engine, keeper, signal)
  const reference = field === undefined ? keeper.name : `${keeper.name}#${field}`
  const handle = async () => await handleOf(engine, keeper, reference, { field, format, schema })
  try {
    return await handle()
  } catch (thrown) {
    // What the cache holds is not acceptable, but the store may have been mended meanwhile.
    const cached = keeper.startedOrder <= order
    const failure = cached ? await engine.refresh(keeper, { signal }, order) : undefined
    if (!cached || failure !== undefined) throw thrown
    return await handle()
  }
}

/**
 * What an inquiry has failed with; where a secret is missing that was never held, with the name that was probably
 * meant. Only on stores where listing costs nothing, and for no more than a second.
 */
export async function withNearName(
  engine: Engine,
  { reference, signal }: Inquiry,
  thrown: unknown,
): Promise<unknown> {
  if (!isSecretError(thrown) || thrown.code !== "NOT_FOUND" || !engine.store.capabilities.local) return thrown
  const { name } = parseReference(reference)
  if (engine.find(engine.store.canonical(name))?.state.held !== undefined) return thrown
  const left = AbortSignal.any(signal === undefined ? [engine.closing] : [engine.closing, signal])
  // Loaded by those who mistype a name only.
  const { nearName } = await import("../near-names/index.ts")
  const hint = await nearName(engine.store, reference, { clock: engine.clock, signal: left })
  if (hint === undefined) return thrown
  const { plainMessage: message, secret, store, requestId } = thrown
  return new SecretError("NOT_FOUND", { message, secret, store, requestId, hint })
}

/**
 * The results of inquiries that were made together.
 *
 * @throws SecretError with all `problems`, if there are any.
 */
export function allOrNothing<T>(store: string, results: readonly (T | SecretError)[]): T[] {
  const problems = results.filter(isSecretError)
  const [first] = problems
  if (first === undefined) return results as T[]
  if (problems.length === 1) throw atCaller(first)
  const definitive = problems.find(problem => !problem.transient) ?? first
  throw new SecretError(definitive.code, {
    message: `${problems.length} of ${results.length} secrets could not be read`,
    store,
    transient: problems.every(problem => problem.transient),
    problems,
  })
}

async function becomeRevealable(
  engine: Engine,
  keeper: Keeper,
  signal: AbortSignal | undefined,
): Promise<void> {
  keeper.look()
  const old = engine.tooOld(keeper)
  keeper.wake()
  if (keeper.revealable) {
    const failure = old ? await engine.refresh(keeper, { signal }) : undefined
    // Whoever has left gets nothing, least of all something old.
    if (failure?.code === "ABORTED") throw atCaller(failure)
    if (keeper.revealable) return
    throw keeper.endError(keeper.name)
  }
  const { startupDeadline } = keeper.policy
  const wish = {
    until: engine.clock.monotonic() + startupDeadline,
    limit: `the startupDeadline of ${startupDeadline / 1_000} s`,
    signal,
  }
  const failure = await engine.refresh(keeper, wish)
  if (!keeper.revealable) throw failure === undefined ? keeper.endError(keeper.name) : atCaller(failure)
}

async function handleOf(
  engine: Engine,
  keeper: Keeper,
  reference: string,
  view: View,
): Promise<Handle<unknown>> {
  const lens = await keeper.lens(reference, view)
  const handle = lens.handle ?? new Handle(lens, keeper, engine)
  lens.handle = handle
  return handle as Handle<unknown>
}
