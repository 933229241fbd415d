import type { BlockedReason, SecretError } from "../../core/index.ts"
import type { RotationProblem } from "./report.ts"

/** The command of the command line that helps, as it is typed. */
function command(name: string, flag?: string): string {
  // What no shell takes apart needs no quotes.
  const word = /^[\w./@%+=:,-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
  return `latchkey rotate ${word}${flag === undefined ? "" : ` ${flag}`}`
}

interface Advice {
  readonly message: string
  readonly hint: string
  readonly flag: string
}

const BLOCKED: Readonly<Record<BlockedReason, Advice>> = {
  "changed-by-hand": {
    message: "somebody gave the secret another value while it was rotated; it is not written over",
    hint: "see which value is right: with --abort the present one stays, and the next rotation adopts it; the credential that was made for this rotation is then ended by hand",
    flag: "--abort",
  },
  "possible-orphan": {
    message: "a credential may have been made of which nobody knows",
    hint: "look at the far side for one that nobody uses and remove it, then go on; a plan with labels or a list needs nobody for that",
    flag: "--resume",
  },
  "candidate-gone": {
    message: "the new credential was kept in the store and is gone",
    hint: "see who removed it; --abort lets go of this rotation, and what was made at the far side is then ended by hand",
    flag: "--abort",
  },
  "refused-without-overlap": {
    message:
      "the far side refuses the new credential, and without an overlap it may refuse the old one by now",
    hint: "see at the far side why it refuses, then go on: the new credential is applied again",
    flag: "--resume",
  },
  "foreign-version": {
    message: "a version that this rotation did not write came between, on a store that cannot refuse it",
    hint: "see in the list of versions which value is right and make it the current one; --abort then lets go of this rotation",
    flag: "--abort",
  },
  "same-credential": {
    message:
      "the far side calls the old and the new credential the same, so that the old one cannot be ended alone",
    hint: "see at the far side what was made; --abort lets go of this rotation and ends nothing",
    flag: "--abort",
  },
}

/** A person has to look. */
export function blocked(name: string, reason: BlockedReason): RotationProblem {
  const { message, hint, flag } = BLOCKED[reason]
  return { kind: "blocked", reason, message, hint, command: command(name, flag) }
}

/** A step failed. */
export function failed(name: string, error: SecretError): RotationProblem {
  return {
    kind: "failed",
    message: error.message,
    hint: error.hint ?? "it is tried again by itself; the credential in use goes on working",
    command: command(name),
    error,
  }
}

/** The new credential of an attempt was discarded. */
export function refused(name: string): RotationProblem {
  return {
    kind: "failed",
    message:
      "the last attempt was given up, because the far side refused the new credential or a person took it back; the one in use stays",
    hint: "see what the plan's verify asks; a schedule begins the next attempt after a pause, --impatient at once",
    command: command(name, "--impatient"),
  }
}

/** The far side refuses the former credential, so that nothing was gone back to. */
export function rollbackRefused(name: string): RotationProblem {
  return {
    kind: "failed",
    message: "the far side refuses the former credential: the new one stays in use",
    hint: "there is nothing to go back to; where the new one is no good either, rotate it at once",
    command: command(name, "--compromised"),
  }
}

/** The far side still accepts a credential that was revoked, or that a person has to revoke. */
export function stillAccepted(name: string, revokedByHand: string | undefined): RotationProblem {
  return revokedByHand === undefined
    ? {
        kind: "still-accepted",
        message: "the old credential was revoked, and the far side still accepts it",
        hint: "see at the far side whether it is gone; it is revoked and asked again by itself",
        command: command(name),
      }
    : {
        kind: "awaits",
        message: "the new credential is in use; the old one has to be ended by hand",
        hint: revokedByHand,
        command: command(name),
      }
}

/** A person has to do something before a rotation begins. */
export function awaits(name: string, what: string): RotationProblem {
  return {
    kind: "awaits",
    message: "a person has to do something before the rotation begins",
    hint: what,
    command: command(name),
  }
}

/** It should have been rotated by now. */
export function overdue(name: string): RotationProblem {
  return {
    kind: "overdue",
    message: "it should have been rotated by now",
    hint: "see whether a Rotator runs, and what it says of this secret; or rotate it now",
    command: command(name),
  }
}

/** The old credential should have been retired by now. */
export function retirementOverdue(name: string): RotationProblem {
  return {
    kind: "overdue",
    message: "a rotation that was begun has not come to its end; the old credential may still be accepted",
    hint: "see whether a Rotator runs, and what it says of this secret; or go on with it now",
    command: command(name),
  }
}

/** The value expires before the next rotation. */
export function nearExpiry(name: string, isOver: boolean): RotationProblem {
  return {
    kind: "near-expiry",
    message: isOver ? "the value has expired" : "the value expires before it is rotated",
    hint: "rotate it now, and shorten its interval",
    command: command(name),
  }
}

/** The last rotation lies in the future. */
export function strangeClock(name: string): RotationProblem {
  return {
    kind: "clock",
    message: "the last rotation lies in the future, by more than a whole period",
    hint: "the clock of this machine is wrong, or that of the one that rotated it was: set it right",
    command: command(name),
  }
}
