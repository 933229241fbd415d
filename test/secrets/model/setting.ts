import type { Behaviour } from "./subscriber.ts"
import type { ViewKind } from "./values.ts"

export const NAMES = ["a", "b"] as const
export type Name = (typeof NAMES)[number]

// In milliseconds.
export const TTL = 60_000
export const CALL_TIMEOUT = 5_000
export const STARTUP_DEADLINE = 16_500
export const CALLBACK_TIMEOUT = 30_000
export const CALLBACK_ATTEMPTS = 3

/** A call that waits for a store that is down waits for probes of others, too; but never for longer than this. */
export const ONE_READ: number = STARTUP_DEADLINE + 4 * CALL_TIMEOUT

/** What differs from one story to the next. */
export interface Setting {
  readonly refresh: "background" | "on-read"
  readonly onDenied: "withdraw" | "maxStale"
  /** In seconds. */
  readonly maxStale: number
  readonly versionedReads: boolean
  readonly batches: boolean
  readonly watched: boolean
  readonly deaf: boolean
  readonly dated: boolean
  readonly seed: number
  /** Which names have been read when the story begins, and as what. */
  readonly names: readonly Name[]
  readonly views: readonly ViewKind[]
  /** What the callbacks do that are there when the story begins: one on each handle, in turn. */
  readonly behaviours: readonly Behaviour[]
}

/** `ttl + maxStale` in milliseconds. */
export function oldestOf({ maxStale }: Setting): number {
  return TTL + maxStale * 1_000
}

/** Numbers from 0 to below 1 that look random, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
