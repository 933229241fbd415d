import { aborted, type Clock, pause, rebuild, SecretError } from "../core/index.ts"
import type { Settings } from "./options.ts"
import { CALL_GROWTH, retryDelay } from "./retry.ts"

/** How long one question may take, in milliseconds. */
export interface Limit {
  readonly clock: Clock
  readonly callTimeout: number
}

/**
 * Puts a question to a store that is being opened, and gives its answer.
 *
 * @param location where the store is, for messages.
 */
export type Ask = <T>(location: string, question: (signal: AbortSignal) => Promise<T>) => Promise<T>

/**
 * Asks once.
 *
 * @throws SecretError what the store says; `TIMEOUT` if it says nothing in time, also if it ignores its signal; `ABORTED`
 */
export function askOnce(limit: Limit, signal: AbortSignal): Ask {
  return async (location, question) => await ask(location, question, limit, signal)
}

/**
 * Asks again and again while what the store says may pass. All questions together have one `startupDeadline`, which
 * begins now.
 *
 * @throws SecretError `TIMEOUT` with `lastCode` when that did not pass in time; what the store says that will not pass;
 * `ABORTED`
 */
export function askUntilDeadline({ clock, policy, random }: Settings, signal: AbortSignal): Ask {
  const { callTimeout, startupDeadline } = policy
  const until = clock.monotonic() + startupDeadline
  const left = () => until - clock.monotonic()

  return async (location, question) => {
    let last: SecretError | undefined
    for (let failures = 1; ; failures++) {
      const limit = { clock, callTimeout: Math.min(callTimeout, Math.max(0, left())) }
      const answer = await outcomeOf(ask(location, question, limit, signal))
      if ("value" in answer) return answer.value
      const { failure } = answer
      if (!failure.transient) throw failure
      // An answer that the deadline itself cut short says less than the one before.
      if (last === undefined || failure.code !== "TIMEOUT" || left() > 0) last = failure
      const delay = retryDelay(failures, CALL_GROWTH, random(), failure.retryAfterMs)
      if (delay >= left()) throw tooLate(location, startupDeadline, last)
      await pause(clock, delay, signal)
    }
  }
}

async function ask<T>(
  location: string,
  question: (signal: AbortSignal) => Promise<T>,
  { clock, callTimeout }: Limit,
  signal: AbortSignal,
): Promise<T> {
  const context = { store: location }
  if (signal.aborted) throw aborted(context)
  const call = new AbortController()
  let end = (): void => undefined
  const cut = new Promise<never>((_, reject) => {
    const timer = clock.timer("waited-for", callTimeout, () => {
      reject(new SecretError("TIMEOUT", { ...context, message: `no answer within ${callTimeout / 1_000} s` }))
    })
    const abort = () => reject(aborted(context))
    signal.addEventListener("abort", abort, { once: true })
    end = () => {
      timer.clear()
      signal.removeEventListener("abort", abort)
    }
  })
  try {
    return await Promise.race([question(call.signal), cut])
  } catch (thrown) {
    throw rebuild(thrown, context)
  } finally {
    end()
    call.abort()
  }
}

async function outcomeOf<T>(
  asking: Promise<T>,
): Promise<{ readonly value: T } | { readonly failure: SecretError }> {
  try {
    return { value: await asking }
  } catch (thrown) {
    return { failure: thrown as SecretError }
  }
}

function tooLate(store: string, startupDeadline: number, last: SecretError): SecretError {
  return new SecretError("TIMEOUT", {
    store,
    message: `the store could not be reached within the startupDeadline of ${startupDeadline / 1_000} s`,
    lastCode: last.lastCode ?? last.code,
    hint: last.hint,
  })
}
