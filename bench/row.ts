/** One measured number beside the number of a peer, in one run on one machine. */
export interface Result {
  /** What was counted or timed, in a few words. */
  readonly what: string
  readonly ours: number
  readonly peer: number
  readonly peerName: string
  readonly unit: string
  /** The figure that is promised, as a sentence: `"at most 0.5 x"`. */
  readonly figure: string
  readonly met: boolean
}

/** One row of the benchmark. It runs in a process of its own, with `--expose-gc`. */
export interface Row {
  readonly id: string
  measure(): Promise<readonly Result[]>
}

/** The value in the middle; of an even number of values the mean of both. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new Error("there is no median of nothing")
  return (low + high) / 2
}

/** A result that is met if ours is at most so many times the peer's. */
export function atMost(factor: number, result: Omit<Result, "figure" | "met">): Result {
  return { ...result, figure: `at most ${factor} x`, met: result.ours <= factor * result.peer }
}

/** A result that is met if ours is one exact number, whatever the peer does. */
export function exactly(expected: number, result: Omit<Result, "figure" | "met">): Result {
  return { ...result, figure: String(expected), met: result.ours === expected }
}
