/**
 * Runs a call with a signal of its own, and leaves it as soon as the caller's aborts, whatever it is waiting for then:
 * the SDK looks at a signal only once it sends. Takes its listener off again.
 */
export async function untilAborted<T>(
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let leave = (): void => {}
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      controller.abort()
      reject(new Error("the caller has left"))
    }
  })
  signal.addEventListener("abort", leave, { once: true })
  try {
    return await Promise.race([run(controller.signal), left])
  } finally {
    signal.removeEventListener("abort", leave)
  }
}
