import { setTimeout as pause } from "node:timers/promises"

/** How to wait for a condition. */
export interface Waiting {
  /** Milliseconds after which to give up. Default: never. */
  readonly atMost?: number
  /** Milliseconds between two looks. Default: 50. */
  readonly every?: number
  readonly signal?: AbortSignal | undefined
}

/** Looks again and again until there is something to see. Gives nothing once the time is over. */
export async function waitFor<Seen>(
  look: () => Seen | undefined | Promise<Seen | undefined>,
  { atMost = Number.POSITIVE_INFINITY, every = 50, signal }: Waiting = {},
): Promise<Seen | undefined> {
  const end = performance.now() + atMost
  for (;;) {
    const seen = await look()
    if (seen !== undefined || performance.now() >= end) return seen
    await pause(every, undefined, { signal })
  }
}
