/** How many names are compared at most: a hint is not worth more. */
const MOST_NAMES = 5_000

/**
 * The name that was probably meant: the nearest one that differs by no more than about a fifth of its length, in
 * letters that are missing, added, wrong or swapped. Upper and lower case and the sign between words do not count.
 */
export function nearest(wanted: string, names: Iterable<string>): string | undefined {
  const target = simplified(wanted)
  let best: string | undefined
  let bestDistance = Math.floor((target.length + 2) / 5)
  let compared = 0
  for (const name of names) {
    if (++compared > MOST_NAMES) break
    const candidate = simplified(name)
    if (name === wanted || Math.abs(candidate.length - target.length) > bestDistance) continue
    const apart = distance(target, candidate)
    // Alphabetical where two are equally near, so that the answer does not depend on the order of a listing.
    if (apart < bestDistance || (apart === bestDistance && (best === undefined || name < best))) {
      best = name
      bestDistance = apart
    }
  }
  return best
}

/** A name without what tells only spellings apart: `tally/api-token` and `TALLY_API_TOKEN` are the same here. */
export function simplified(name: string): string {
  return name.toLowerCase().replace(/[-_/.]/g, "")
}

/** How many letters have to be added, removed, replaced or swapped with their neighbour to make one text the other. */
export function distance(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1]
      const swapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
