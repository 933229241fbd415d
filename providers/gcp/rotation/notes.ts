import { SecretError } from "../../../src/core/index.ts"

/** The annotation of a secret that holds the journal of its rotation. */
export const JOURNAL = "latchkey-rotation"

/** The annotation of a secret that holds what its versions are to a rotation. */
const NOTES = "latchkey-rotation-notes"

/** The annotation of a secret that a ledger keeps candidates in: of which secret they are. */
export const OF = "latchkey-rotation-of"

/** What a rotation may have written to a secret, so that it is known by its value. */
export interface Sent {
  readonly rotationId: string
  /** The newest version before it; `"0"` where there was none. */
  readonly after: string
  /** Where its values are kept: secrets of the ledger's own, or versions of the secret. */
  readonly from: readonly string[]
}

/**
 * What is written down about the versions of a secret, which have no place of their own for it: adding one takes no
 * label. Never a value.
 */
export interface Notes {
  /** The candidates of rotations among the versions, where consumers read an alias: rotation and number. */
  readonly parked: readonly (readonly [rotationId: string, version: string])[]
  /** Where consumers read the newest version: what may have been written of which it is not yet known. */
  readonly sent: readonly Sent[]
  /** Likewise: the versions that are known to be those of rotations, number and rotation. */
  readonly ours: readonly (readonly [version: string, rotationId: string])[]
}

/** How many of each are remembered: what is older is of no more use to anybody. */
const MOST_PARKED = 16
const MOST_SENT = 8
const MOST_OURS = 20

/** @throws SecretError `INVALID_VALUE`, which quotes nothing, for notes that somebody has changed */
export function notesIn(annotations: Readonly<Record<string, string>>): Notes {
  const text = annotations[NOTES]
  if (text === undefined) return { parked: [], sent: [], ours: [] }
  const { parked, sent, ours } = parsed(text)
  if (!arePairs(parked) || !arePairs(ours) || !Array.isArray(sent) || !sent.every(isSent)) throw garbled()
  return { parked, sent, ours }
}

/** The annotations with other notes in them. */
export function withNotes(
  annotations: Readonly<Record<string, string>>,
  { parked, sent, ours }: Notes,
): Readonly<Record<string, string>> {
  const { [NOTES]: _, ...others } = annotations
  if (parked.length + sent.length + ours.length === 0) return others
  const notes: Notes = {
    parked: parked.slice(-MOST_PARKED),
    sent: sent.slice(-MOST_SENT),
    ours: ours.slice(-MOST_OURS),
  }
  return { ...others, [NOTES]: JSON.stringify(notes) }
}

function parsed(text: string): Partial<Record<keyof Notes, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Partial<Record<keyof Notes, unknown>>
  } catch {
    throw garbled()
  }
}

function arePairs(value: unknown): value is readonly (readonly [string, string])[] {
  return Array.isArray(value) && value.every(pair => areTexts(pair) && pair.length === 2)
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(text => typeof text === "string" && text !== "")
}

function isSent(value: unknown): value is Sent {
  const { rotationId, after, from } = (value ?? {}) as Partial<Record<keyof Sent, unknown>>
  return areTexts([rotationId, after]) && areTexts(from)
}

function garbled(): SecretError {
  return new SecretError("INVALID_VALUE", {
    message: `the annotation ${NOTES} is garbled`,
    hint: "somebody else wrote to it: remove it once no rotation of this secret is on its way",
  })
}
