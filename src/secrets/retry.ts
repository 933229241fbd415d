/** The bounds of a growing delay, in milliseconds. */
export interface Growth {
  readonly first: number
  readonly longest: number
}

/** Between the attempts of one call. */
export const CALL_GROWTH: Growth = { first: 200, longest: 10_000 }

/** Between the runs of a callback that throws. */
export const CALLBACK_GROWTH: Growth = { first: 1_000, longest: 60_000 }

/**
 * The delay before the next attempt, with full jitter: any length from zero to a bound that doubles with each failure.
 * What the backend asked for (`Retry-After`) is waited for in any case.
 *
 * @param failures how many attempts have failed, at least one.
 * @param random from 0 to below 1.
 */
export function retryDelay(failures: number, growth: Growth, random: number, retryAfterMs = 0): number {
  return retryAfterMs + random * Math.min(growth.longest, growth.first * 2 ** (failures - 1))
}
