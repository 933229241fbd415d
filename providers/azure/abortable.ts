import { SecretError } from "../../src/core/index.ts"

/**
 * Waits for some work, but no longer than the signal lets it: the SDK does not look at a signal while it waits for a
 * token, nor for any page of a list but the first. The work is told by the signal that it is given; whether it listens or
 * not, nobody waits for it any more, and its outcome is dropped. Leaves no listener on the caller's signal.
 *
 * @param controller aborts with the signal.
 * @throws SecretError `ABORTED`
 */
export async function abortable<T>(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
  controller: AbortController = new AbortController(),
): Promise<T> {
  if (signal.aborted) throw new SecretError("ABORTED")
  let abort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      controller.abort()
      reject(new SecretError("ABORTED"))
    }
  })
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([work(controller.signal), aborted])
  } finally {
    signal.removeEventListener("abort", abort)
  }
}
