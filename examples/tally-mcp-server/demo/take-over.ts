import type { TokenBook } from "../stand-in/index.ts"

/** How long one replica took, after each change of the token, to work with the new one. */
export interface TakeOver {
  readonly replica: string
  /**
   * Per rotation: ms from the write of a new token until the replica first used that token or a later one. Where
   * it never did, until the end of the run.
   */
  readonly ms: readonly number[]
  /** For how many rotations it never did. */
  readonly missed: number
}

/** When one token was written, on the clock of `performance.now()`. */
export interface Written {
  readonly token: string
  readonly at: number
}

/** Looks up when a replica used the tokens, which are given in the order in which they were written. */
export function takeOverOf(
  replica: string,
  written: readonly Written[],
  tokens: TokenBook,
  endedAt: number,
): TakeOver {
  const firstUses = written.map(({ token }) => tokens.firstUse(token, replica) ?? Number.POSITIVE_INFINITY)
  const uses = written.map((_, index) => Math.min(...firstUses.slice(index)))
  return {
    replica,
    ms: written.map(({ at }, index) => Math.min(uses[index] ?? endedAt, endedAt) - at),
    missed: uses.filter(use => use === Number.POSITIVE_INFINITY).length,
  }
}

/** The value in the middle; of an even number of values the upper of the two. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}
