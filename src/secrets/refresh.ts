import { errorAbout, instant, isSecretError, type SecretError, sameValue } from "../core/index.ts"
import type { Engine } from "./engine.ts"
import { isWithdrawal, type WithdrawalCode } from "./entry.ts"
import type { Keeper } from "./keeper.ts"
import type { Answer } from "./reader.ts"
import { isPostponed, type Patience } from "./store-backoff.ts"
import type { About } from "./tell.ts"

/**
 * One attempt at reading a secret, from the store to the handles.
 *
 * @returns the error, if it failed; what is held may well be usable all the same.
 */
export async function readOnce(
  engine: Engine,
  keeper: Keeper,
  signal: AbortSignal,
  patience: () => Patience,
): Promise<SecretError | undefined> {
  await engine.watcher.armed()
  const { name, policy } = keeper
  const read = async (mayGo: () => boolean) =>
    await engine.batch.read(name, policy.callTimeout, signal, mayGo)
  const outcome = await engine.backoff.pass(read, patience, signal)
  if (outcome === "left") return engine.closedError(name)
  if (isPostponed(outcome)) {
    keeper.due = outcome.postponedUntil
    return errorAbout(outcome.error, name)
  }
  if (isSecretError(outcome)) {
    const error = errorAbout(outcome, name)
    failed(engine, keeper, keeper.state.order, error, { waited: true })
    return error
  }
  keeper.startedOrder = outcome.order
  return await takeIn(engine, keeper, outcome, signal)
}

async function takeIn(
  engine: Engine,
  keeper: Keeper,
  answer: Answer,
  signal: AbortSignal,
): Promise<SecretError | undefined> {
  const { order, at, result } = answer
  if (!isSecretError(result)) return await keeper.offer(order, at, result)
  // Whoever waited has left; what was not answered says nothing about the secret.
  if (signal.aborted) return result
  const now = instant(engine.clock)
  if (isWithdrawal(result.code)) {
    const effects = keeper.apply({ type: "absent", order, at, now, code: result.code }, { error: result })
    const confirmed = effects.find(effect => effect.type === "read-held")
    if (confirmed !== undefined) await readHeld(engine, keeper, confirmed.version, confirmed.code, signal)
  } else if (result.code === "INVALID_VALUE" && keeper.state.held !== undefined) {
    // The store has a version that is no value: that is a bad version, not a failure to read.
    keeper.apply(
      { type: "refused", order, at, now, version: "", code: result.code },
      { by: engine.store.location },
    )
  } else {
    failed(engine, keeper, order, result)
  }
  return result
}

/**
 * The secret is gone, said twice. Where older versions can be read, the held one has the last word: if it can still be
 * read, somebody disabled a bad new version, and what is held stays.
 */
async function readHeld(
  engine: Engine,
  keeper: Keeper,
  version: string,
  code: WithdrawalCode,
  signal: AbortSignal,
): Promise<void> {
  const { held } = keeper.state
  const context = { timeout: keeper.policy.callTimeout, signal }
  const read = async () => await engine.reader.read(keeper.name, context, version)
  const { order, at, result } = await engine.limiter.run(read)
  // What was put or accepted meanwhile is another matter.
  if (signal.aborted || held === undefined || keeper.state.held !== held) return
  if (!isSecretError(result)) {
    const same = sameValue(result.value, held.value)
    keeper.apply(same ? { type: "held-readable", order, at, code } : { type: "held-gone", order, code })
  } else if (isWithdrawal(result.code)) {
    keeper.apply({ type: "held-gone", order, code })
  } else {
    failed(engine, keeper, order, result)
  }
}

function failed(engine: Engine, keeper: Keeper, order: number, error: SecretError, about: About = {}): void {
  keeper.apply({ type: "failed", order, now: instant(engine.clock), code: error.code }, { error, ...about })
}
