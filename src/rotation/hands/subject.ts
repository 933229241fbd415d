import type { Clock, JournalKeeper, RotationLedger, SecretStore } from "../../core/index.ts"
import type { RotationPlan } from "../plan.ts"
import type { Deadlines } from "../plan-times.ts"
import type { Terms } from "../protocol/terms.ts"
import type { Place } from "./place.ts"

/** One secret, how it is rotated, and where: all that does not change while the Rotator lives. */
export interface Subject {
  /** The one spelling of its name that the store has. */
  readonly name: string
  readonly place: Place
  readonly plan: RotationPlan
  readonly terms: Terms
  /** How long each step of the plan may take, in milliseconds. */
  readonly deadlines: Deadlines
  readonly scopes: readonly string[]
  readonly store: SecretStore
  readonly ledger: RotationLedger
  readonly journals: JournalKeeper
  readonly clock: Clock
}
