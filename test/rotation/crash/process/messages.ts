import type { RotationJournal } from "../../../../src/core/index.ts"
import type { RotationOutcome } from "../../../../src/rotation/index.ts"
import type { PlanName } from "../plans.ts"
import type { StoreConfig } from "./store-config.ts"

/** What a process is told at first. */
export interface Task {
  readonly store: StoreConfig
  readonly name: string
  readonly plan: PlanName
  /** The address of the far side. */
  readonly far: string
  /** What the values that it makes begin with: a canary. */
  readonly prefix: string
}

/** What a process is told to do. */
export type Order = "tick" | "resume"

/** What is said to a process. */
export type ToProcess =
  | { readonly say: "begin"; readonly task: Task }
  | { readonly say: "do"; readonly order: Order }
  /** The answer to what it has told: it may go on. */
  | { readonly say: "go on" }

/** What a process says. It waits for an answer to the first two. */
export type FromProcess =
  | { readonly say: "calls"; readonly call: string }
  | { readonly say: "called"; readonly call: string; readonly isChange: boolean; readonly isWell: boolean }
  | { readonly say: "saw"; readonly journal: RotationJournal; readonly wrote: boolean }
  | { readonly say: "ready" }
  | { readonly say: "came to"; readonly outcome: RotationOutcome }
  | { readonly say: "failed"; readonly message: string }
