import { SecretError } from "./error.ts"
import { aborted } from "./foreign.ts"

/**
 * Runs a call until it ends, the caller's signal aborts or the store is closed, whichever comes first. Whatever the call
 * is waiting for then is waited for no longer, and its outcome is dropped: SDKs look at a signal when they send, and not
 * while they log in. Leaves no listener behind.
 *
 * @param run what to do. The signal that it is given aborts when it is left.
 * @param closing aborts when the store is closed.
 * @throws SecretError `ABORTED`, `CLOSED`, also if that was so before, and then nothing runs; whatever `run` throws.
 */
export async function untilAborted<T>(
  signal: AbortSignal,
  run: (own: AbortSignal) => Promise<T>,
  closing?: AbortSignal,
): Promise<T> {
  const reason = (): SecretError =>
    signal.aborted ? aborted({}) : new SecretError("CLOSED", { message: "the store was closed" })
  if (signal.aborted || closing?.aborted) throw reason()
  const own = new AbortController()
  let leave = (): void => undefined
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      own.abort()
      reject(reason())
    }
  })
  const ends = closing === undefined ? [signal] : [signal, closing]
  for (const end of ends) end.addEventListener("abort", leave, { once: true })
  try {
    return await Promise.race([run(own.signal), left])
  } finally {
    for (const end of ends) end.removeEventListener("abort", leave)
  }
}
