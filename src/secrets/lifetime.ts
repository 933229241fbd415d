import type { Instant } from "../core/index.ts"

/**
 * A value that says when it ends is read again when this part of its time is over: a lease has been prolonged by then, or
 * there is another one.
 */
const PART_OF_A_LIFETIME = 2 / 3

/** However short a lifetime is, the store is not asked more often than this, in milliseconds. */
const SHORTEST_USE = 1_000

/**
 * At which age a value comes too close to its end, in milliseconds; never, if it names none.
 *
 * @param answeredAt when the store gave it.
 */
export function endsAfter(expiresAt: Date | undefined, answeredAt: Instant): number {
  const lifetime = expiresAt === undefined ? 0 : expiresAt.getTime() - answeredAt.wall
  // What has ended already may go on for years: in some stores an expiry says no more than that somebody meant it so.
  return lifetime > 0 ? Math.max(SHORTEST_USE, lifetime * PART_OF_A_LIFETIME) : Number.POSITIVE_INFINITY
}
