import type { RotationProblem, RotatorHealth } from "./report.ts"

/** What only a person can mend, or has to do. */
const NEEDS_PERSON: readonly RotationProblem["kind"][] = ["blocked", "clock"]

/** How everything is, of how each secret is. */
export function healthOf(known: Omit<RotatorHealth, "status">): RotatorHealth {
  const kinds = known.rotations.flatMap(({ problems }) => problems.map(({ kind }) => kind))
  const status = kinds.some(kind => NEEDS_PERSON.includes(kind))
    ? "failed"
    : kinds.length > 0
      ? "degraded"
      : "ok"
  return { status, ...known }
}
