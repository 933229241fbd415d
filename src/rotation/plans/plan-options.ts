import type { Duration } from "../../core/index.ts"
import type { Consumers, StepDeadlines } from "../plan.ts"

/** What every ready plan takes, whatever it rotates. */
export interface ReadyPlanOptions {
  /** How long those who read the secret go on with the old value. Nobody but you can know it, so there is no default. */
  readonly consumers: Consumers
  /** How long the old credential works after the new one is promoted. Default: the least that `consumers` allows; less is refused. */
  readonly grace?: Duration
  /** The time that each step may take. Default: as in {@link StepDeadlines}. */
  readonly deadlines?: StepDeadlines
  /** How long the far side takes until it knows what is new everywhere, before an answer counts that nobody hopes for. Default: `"5s"`, `"30s"` at IAM. */
  readonly settling?: Duration
}

/** The names of {@link ReadyPlanOptions}, for `refuseUnknownOptions`. */
export const READY_PLAN_OPTIONS: readonly (keyof ReadyPlanOptions)[] = [
  "consumers",
  "grace",
  "deadlines",
  "settling",
]

/** What of the options stands in the plan as it is. */
export function taken({ consumers, grace, deadlines, settling }: ReadyPlanOptions): ReadyPlanOptions {
  return {
    consumers,
    ...(grace === undefined ? {} : { grace }),
    ...(deadlines === undefined ? {} : { deadlines }),
    ...(settling === undefined ? {} : { settling }),
  }
}
