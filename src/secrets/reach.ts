import { aborted, type Clock, pause, rebuild, SecretError, type SecretStore } from "../core/index.ts"
import type { Settings } from "./options.ts"
import { CALL_GROWTH, retryDelay } from "./retry.ts"

/** How long one question may take, in milliseconds. */
export interface Limit {
  readonly clock: Clock
  readonly callTimeout: number
}

/**
 * Asks a store once whether it is there.
 *
 * @throws SecretError what the store says; `TIMEOUT` if it says nothing in time, also if it ignores its signal; `ABORTED`
 */
export async function ask(
  store: SecretStore,
  { clock, callTimeout }: Limit,
  signal: AbortSignal,
): Promise<void> {
  const context = { store: store.location }
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
    await Promise.race([store.ping({ signal: call.signal }), cut])
  } catch (thrown) {
    throw rebuild(thrown, context)
  } finally {
    end()
    call.abort()
  }
}

/**
 * Asks a store whether it is there, again and again while what it says may pass.
 *
 * @throws SecretError `TIMEOUT` with `lastCode` when that did not pass in time; what the store says that will not pass;
 * `ABORTED`
 */
export async function reach(
  store: SecretStore,
  { clock, policy, random }: Settings,
  signal: AbortSignal,
): Promise<void> {
  const { callTimeout, startupDeadline } = policy
  const until = clock.monotonic() + startupDeadline
  const left = () => until - clock.monotonic()
  let last: SecretError | undefined
  for (let failures = 1; ; failures++) {
    const limit = { clock, callTimeout: Math.min(callTimeout, left()) }
    const failure = await failureOf(ask(store, limit, signal))
    if (failure === undefined) return
    if (!failure.transient) throw failure
    // An answer that the deadline itself cut short says less than the one before.
    if (last === undefined || failure.code !== "TIMEOUT" || left() > 0) last = failure
    const delay = retryDelay(failures, CALL_GROWTH, random(), failure.retryAfterMs)
    if (delay >= left()) throw tooLate(store, startupDeadline, last)
    await pause(clock, delay, signal)
  }
}

async function failureOf(asking: Promise<void>): Promise<SecretError | undefined> {
  try {
    await asking
    return undefined
  } catch (thrown) {
    return thrown as SecretError
  }
}

function tooLate({ location }: SecretStore, startupDeadline: number, last: SecretError): SecretError {
  return new SecretError("TIMEOUT", {
    store: location,
    message: `the store could not be reached within the startupDeadline of ${startupDeadline / 1_000} s`,
    lastCode: last.lastCode ?? last.code,
    hint: last.hint,
  })
}
