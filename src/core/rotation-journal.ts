import { SecretError } from "./error.ts"
import type { Version } from "./store.ts"

/** Where a rotation stands. What each state means is drawn in docs/rotation.md. */
export type RotationState =
  | "idle"
  | "claimed"
  | "cleaning"
  | "minting"
  | "parked"
  | "applied"
  | "verified"
  | "discarding"
  | "published"
  | "promoted"
  | "retiring"
  | "blocked"

const STATES: readonly RotationState[] = [
  "idle",
  "claimed",
  "cleaning",
  "minting",
  "parked",
  "applied",
  "verified",
  "discarding",
  "published",
  "promoted",
  "retiring",
  "blocked",
]

/** Why a rotation waits for a person. */
export type BlockedReason =
  /** The secret was given another value by somebody else than this rotation, and is never written over. */
  | "changed-by-hand"
  /** A credential may have been made that nobody knows, and the plan can neither label nor list. */
  | "possible-orphan"
  /** The parked candidate is gone: removed by somebody, or lost by the store. */
  | "candidate-gone"
  /** The far side refuses the new credential, and without an overlap there is no way back. */
  | "refused-without-overlap"
  /** A version that this rotation did not write came between, on a store without conditional writes. */
  | "foreign-version"
  /** The old credential cannot be told from the new one. */
  | "same-credential"

const REASONS: readonly BlockedReason[] = [
  "changed-by-hand",
  "possible-orphan",
  "candidate-gone",
  "refused-without-overlap",
  "foreign-version",
  "same-credential",
]

/**
 * What is written down about the rotation of one secret: never a value. It is changed only by compare-and-set of
 * `seq`, from one number to the next. All times are milliseconds since 1970.
 */
export interface RotationJournal {
  /** The form of the journal. A program refuses a form that is newer than its own. */
  readonly schema: 1
  /** Counts the writes of the journal, from 1. */
  readonly seq: number
  readonly state: RotationState
  /** Which rotation this is, derived from the secret and from `seq` at the claim; another one for every attempt to mint. */
  readonly rotationId?: string
  /** `seq` at the claim: from it and `attempt` the ids of this rotation are derived. */
  readonly claimSeq?: number
  /** A nonce of the last write: whoever does not know whether its write arrived, knows it by this. */
  readonly owner: string
  /** Until when the owner works; 0 when nobody does. */
  readonly leaseUntil: number
  /** The version of the secret at the claim; absent when there was no secret yet. */
  readonly base?: Version
  /** Where the candidate is, as the ledger named it. */
  readonly candidate?: string
  /** The far side's id of the new credential; in `idle` that of the current one. */
  readonly newId?: string
  /** The far side's id of the credential that is to be retired. */
  readonly oldId?: string
  /** Whether somebody else had made what the secret held at the claim, so that ending it is left to them unless the plan knows its id. */
  readonly adopted?: boolean
  /** Credentials that were there before latchkey was; taken once, at adoption, and only a person adds to it. */
  readonly knownIds?: readonly string[]
  /** Nothing goes on before this: the end of the grace, of the propagation, or of a pause after a failure. */
  readonly notBefore?: number
  /** Counts the attempts of this rotation, from 0. */
  readonly attempt: number
  readonly lastPromotedAt?: number
  /** The version of the secret after the last promotion. */
  readonly promotedVersion?: Version
  /** Where the value before the last promotion can be read, as the ledger named it. */
  readonly previous?: string
  /** Whether this rotation answers a leak: without grace. */
  readonly compromised?: boolean
  /** Whether this rotation goes back to the value before. */
  readonly rollback?: boolean
  readonly reason?: BlockedReason
  /** The state in which it was blocked. */
  readonly blockedFrom?: RotationState
}

const NEWEST = 1

/** The journal as text, which holds no secret. */
export function journalText(journal: RotationJournal): string {
  return JSON.stringify(journal)
}

type Check = (value: unknown) => boolean

const isText: Check = value => typeof value === "string" && value !== ""
const isTime: Check = value => typeof value === "number" && Number.isFinite(value) && value >= 0
const isCount: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const isFlag: Check = value => typeof value === "boolean"
const isTexts: Check = value => Array.isArray(value) && value.every(isText)
const oneOf =
  (allowed: readonly string[]): Check =>
  value =>
    typeof value === "string" && allowed.includes(value)

const REQUIRED: Readonly<Record<string, Check>> = {
  seq: value => isCount(value) && value !== 0,
  state: oneOf(STATES),
  owner: isText,
  leaseUntil: isTime,
  attempt: isCount,
}

const OPTIONAL: Readonly<Record<string, Check>> = {
  rotationId: isText,
  claimSeq: isCount,
  base: isText,
  candidate: isText,
  newId: isText,
  oldId: isText,
  adopted: isFlag,
  knownIds: isTexts,
  notBefore: isTime,
  lastPromotedAt: isTime,
  promotedVersion: isText,
  previous: isText,
  compromised: isFlag,
  rollback: isFlag,
  reason: oneOf(REASONS),
  blockedFrom: oneOf(STATES),
}

/**
 * Reads a journal back. Fields that it does not know are refused as well: a program that left them out when it
 * writes would lose what a newer one wrote down.
 *
 * @throws SecretError `UNSUPPORTED` for a journal of a newer form, `INVALID_VALUE` for one that is garbled. Neither
 * quotes the text.
 */
export function readJournal(text: string): RotationJournal {
  const content = parsed(text)
  if (typeof content.schema === "number" && content.schema > NEWEST) {
    throw new SecretError("UNSUPPORTED", {
      message: `the journal of the rotation has form ${content.schema}, and this release knows forms up to ${NEWEST}`,
      hint: "a newer release of latchkey rotates this secret: bring this program up to date before it rotates",
    })
  }
  if (content.schema !== NEWEST) throw garbled()
  for (const [field, check] of Object.entries(REQUIRED)) if (!check(content[field])) throw garbled()
  for (const [field, value] of Object.entries(content)) {
    if (field === "schema" || field in REQUIRED) continue
    if (OPTIONAL[field]?.(value) !== true) throw garbled()
  }
  return content as unknown as RotationJournal
}

function parsed(text: string): Record<string, unknown> {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw garbled()
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw garbled()
  return content as Record<string, unknown>
}

function garbled(): SecretError {
  return new SecretError("INVALID_VALUE", {
    message: "the journal of the rotation is garbled",
    hint: "somebody else wrote to it: look at what it holds, and remove it once no rotation of this secret is on its way, and with it the fence that its plan keeps at the far side, if it keeps one; the next rotation then adopts the secret",
  })
}
