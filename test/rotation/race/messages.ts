import type { RotationJournal } from "../../../src/core/index.ts"
import type { Happened } from "../../../src/rotation/index.ts"
import type { PlanName } from "../crash/plans.ts"
import type { Address } from "./stores/address.ts"

/**
 * What a replica does that no two may do at once: it claims a rotation, begins to retire the old credential, or takes over
 * from another one.
 */
export type Lead = "claimed" | "retiring" | "taken over"

/**
 * Where a replica stops: so many moments after it has taken this lead. Moment 0 is when the write of the journal is
 * acknowledged; then each request has one before it is sent, and one when it is answered.
 */
export interface Stop {
  readonly after: Lead
  readonly moment: number
}

/** What a replica begins with, as JSON. */
export interface Start {
  readonly address: Address
  readonly name: string
  /** Where the far side is. */
  readonly far: string
  readonly plan: PlanName
  /** What every value begins with that is made here: a canary. */
  readonly prefix: string
  /** The file of the clock. */
  readonly time: string
  /** A fault that is planted in it. */
  readonly fault?: FaultName
}

/** The faults that can be planted in the replicas. */
export type FaultName =
  | "a journal without compare-and-set"
  | "a journal that whoever was overtaken writes over"
  | "no fence after a pause"

/** What a replica is told. */
export type Order =
  /** To look once what is to be done, and to stop on the way if it comes there. */
  | { readonly do: "look"; readonly stop?: Stop }
  /** To go on from where it stopped. */
  | { readonly do: "go on" }
  /** That time has leapt. */
  | { readonly do: "hear the clock" }
  | { readonly do: "close" }

/** What a replica tells. */
export type Told =
  | { readonly told: "ready" }
  /** The journal was written by it. */
  | { readonly told: "saved"; readonly state: RotationJournal["state"]; readonly seq: number }
  | { readonly told: "lead"; readonly lead: Lead }
  /** The secret was changed by it, to the credential of this id. */
  | { readonly told: "promoted"; readonly id: string }
  /** It has come to where it is to stop, and waits there: a line on what it is about to do, or has done. */
  | { readonly told: "stopping"; readonly at: string }
  | ({ readonly told: "looked" } & Looked)

/** What came of a look. */
export interface Looked {
  /** `undefined` where the look failed as a whole, which it must not. */
  readonly happened: Happened | undefined
  readonly state: RotationJournal["state"] | undefined
  readonly moved: boolean
  /** What keeps it from going on, in a line, and the code of the failure if it was one. */
  readonly problem?: { readonly message: string; readonly code?: string }
  /** The moments that it went through after each lead, a line each. */
  readonly moments: Readonly<Partial<Record<Lead, readonly string[]>>>
  /** What it began after it had stopped and gone on, and carried through, of what whoever was overtaken must not begin. */
  readonly begunLate: readonly string[]
}
