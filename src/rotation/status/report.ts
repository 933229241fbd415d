import type { BlockedReason, Permission, RotationState, SecretError } from "../../core/index.ts"
import type { Notice } from "../protocol/steps.ts"

/** What keeps a rotation from going on, for a person. Holds no value. */
export interface RotationProblem {
  readonly kind: /** A step failed, and is tried again. */
    | "failed"
    /** A person has to look before anything goes on. */
    | "blocked"
    /** The old credential was revoked, and is still accepted. */
    | "still-accepted"
    /** A person has to do something before the rotation begins. */
    | "awaits"
    /** It should have been rotated by now. */
    | "overdue"
    /** The value expires before the next rotation. */
    | "near-expiry"
    /** The last rotation lies in the future: a clock is wrong, or was. */
    | "clock"
  /** One line. */
  readonly message: string
  /** What to do, in a line. */
  readonly hint: string
  /** The command that helps, as it is typed: `latchkey rotate tally/api-token --resume`. */
  readonly command?: string
  /** What the last try failed with. */
  readonly error?: SecretError
  /** Why it is blocked. */
  readonly reason?: BlockedReason
}

/** What one call did for one secret. */
export type Happened =
  /** Nothing was due, and nothing on its way. */
  | "nothing"
  /** A rotation came to its end: the new credential is in use and the old one is retired. */
  | "rotated"
  /** Nothing goes on before `next`: the new credential is published or promoted, or an attempt failed. */
  | "waiting"
  /** Another replica works on it. */
  | "held"
  /** A person has to look. */
  | "blocked"
  /** A person has to do something before it begins. */
  | "awaits"
  /** A step failed, or the old credential is still accepted; it is tried again at `next`. */
  | "failed"
  /** What was begun was taken back, or let go of: what the secret holds stays as it is. */
  | "taken-back"

/** What one call did for one secret, and where that stands now. */
export interface RotationOutcome {
  readonly name: string
  readonly happened: Happened
  /** Whether anything was written down in this call: whether the rotation went on at all. */
  readonly moved: boolean
  /** `undefined` where the journal could not be read. */
  readonly state: RotationState | undefined
  readonly rotationId?: string
  /** When something is due next: the next rotation, the end of a grace, another try. Absent where only a person can say. */
  readonly next?: Date
  readonly problem?: RotationProblem
  /** What this call left to a person, with the ids at the far side where they are known. Absent where there is nothing. */
  readonly notices?: readonly Notice[]
}

/** What a `tick` did. */
export interface RotationReport {
  /** `false` if anything is blocked or failed. */
  readonly ok: boolean
  /** One of each secret, in the order of the options. */
  readonly outcomes: readonly RotationOutcome[]
  /** The earliest `next` of all. */
  readonly next?: Date
}

/** How the rotation of one secret is. */
export interface RotationStatus {
  readonly name: string
  /** `undefined` where it was not, or could not be, looked at. */
  readonly state: RotationState | undefined
  readonly rotationId?: string
  /** Whether rotations begin on schedule. */
  readonly scheduled: boolean
  /** When the next rotation is due; in the past where it is overdue. Absent without a schedule. */
  readonly due?: Date
  readonly overdue: boolean
  /** Until when it waits: the grace, the propagation, or the pause after a failed attempt. */
  readonly waitingUntil?: Date
  /** Until when another process holds it at most. */
  readonly heldUntil?: Date
  readonly lastPromoted?: Date
  /** When the value expires, where the store says so. */
  readonly expires?: Date
  /** Attempts of the rotation that is on its way which failed. */
  readonly attempts: number
  /** Everything that is wrong, the most urgent first. */
  readonly problems: readonly RotationProblem[]
  /**
   * What this process has left to a person, oldest first: the latest twenty. Nobody tells when it is done, so that it is
   * shown as long as the process lives. Absent where there is nothing.
   */
  readonly notices?: readonly Notice[]
}

/** How everything is. Made to be shown as it is. */
export interface RotatorHealth {
  /** `ok`: nothing is wrong. `degraded`: something failed or is overdue, and is tried again. `failed`: a person has to look. */
  readonly status: "ok" | "degraded" | "failed"
  /** The location of the store. */
  readonly store: string
  readonly rotations: readonly RotationStatus[]
  /** How often a listener of events threw. */
  readonly listenerFailures: number
}

/** What a rotation would do, and whether it could. */
export interface DryRun {
  readonly name: string
  /** Where it stands now. */
  readonly status: RotationStatus
  /** What `rotate()` would do, step by step, in words; empty where it would do nothing. */
  readonly steps: readonly string[]
  /** What the store has to allow. */
  readonly permissions: readonly Permission[]
  /** What the far side has to allow, as the plan says. */
  readonly needs: readonly string[]
  /** What was looked at, without changing anything. */
  readonly checks: readonly DryRunCheck[]
  /** What a person has to do before a rotation begins, in a line. Absent where it could begin. */
  readonly awaits?: string
  /** Whether every check succeeded. */
  readonly ok: boolean
}

/** One check of a dry run. */
export interface DryRunCheck {
  /** What was looked at, in words. */
  readonly what: string
  /** Absent where it succeeded. */
  readonly error?: SecretError
}
