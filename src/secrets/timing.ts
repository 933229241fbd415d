import type { Clock } from "../core/index.ts"

/**
 * Waits, on the clock that is given. Resolves early, without an error, when the signal aborts: whoever waits looks at
 * the signal next anyway.
 */
export async function pause(
  clock: Clock,
  kind: "waited-for" | "background",
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const end = () => {
      timer.clear()
      signal.removeEventListener("abort", end)
      resolve()
    }
    const timer = clock.timer(kind, milliseconds, end)
    signal.addEventListener("abort", end)
  })
}

/** How a bounded wait ended. */
export type Bounded<T> = { readonly done: T } | { readonly threw: unknown } | "late" | "aborted"

/**
 * Waits for a promise no longer than it may take, nor than the signal lasts. What it does afterwards is nobody's
 * business any more: a late rejection is not left unhandled.
 */
export async function bounded<T>(
  clock: Clock,
  kind: "waited-for" | "background",
  milliseconds: number,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<Bounded<T>> {
  return await new Promise<Bounded<T>>(resolve => {
    const end = (how: Bounded<T>) => {
      timer.clear()
      signal?.removeEventListener("abort", abort)
      resolve(how)
    }
    const abort = () => end("aborted")
    const timer = clock.timer(kind, milliseconds, () => end("late"))
    signal?.addEventListener("abort", abort)
    work.then(
      done => end({ done }),
      (threw: unknown) => end({ threw }),
    )
    if (signal?.aborted) abort()
  })
}

/** Calls a function in such a way that even a synchronous throw becomes a rejection. */
export async function promised<T>(call: () => T | Promise<T>): Promise<T> {
  return await call()
}
