import type { RotationOutcome, RotationReport } from "./report.ts"

/** What a tick did, of what it did for each secret. */
export function reportOf(outcomes: readonly RotationOutcome[]): RotationReport {
  const times = outcomes.flatMap(({ next }) => (next === undefined ? [] : [next.getTime()]))
  return {
    ok: outcomes.every(({ happened }) => happened !== "blocked" && happened !== "failed"),
    outcomes,
    ...(times.length === 0 ? {} : { next: new Date(Math.min(...times)) }),
  }
}
