import { LEDGER_NAMES, ledgerName, SecretError } from "../../../src/core/index.ts"
import type { Place } from "./calls.ts"

/** How long the id of a secret may be (reference of `projects.secrets.create`). */
const LONGEST_ID = 255

/** Whether a text is the number of a version. */
export function isNumber(text: string): boolean {
  return /^[1-9]\d{0,17}$/.test(text)
}

/** The secret of the ledger's own that keeps the candidate of a rotation, in its first version and in no other. */
export async function candidateOf(id: string, rotationId: string): Promise<string> {
  return await ledgerName({ native: id, rotationId, longest: LONGEST_ID })
}

/** The one that keeps, in any of its versions, what a rotation wrote and had not parked. */
export async function copiesOf(id: string, rotationId: string): Promise<string> {
  return await candidateOf(id, `${rotationId}-copies`)
}

/**
 * What a reference in a journal means: the number of a version of the secret itself, or a secret of the ledger's own.
 *
 * @throws SecretError `INVALID_VALUE` for what could lead to a secret of somebody else
 */
export function placeOf(id: string, reference: string): Place {
  if (isNumber(reference)) return { id, version: reference }
  if (reference.startsWith(LEDGER_NAMES)) return { id: reference, version: "1" }
  throw new SecretError("INVALID_VALUE", {
    message: "the reference in the journal is none of this store",
    hint: "the journal is that of another store, or was changed by somebody else",
  })
}

/** The number behind another one: "version IDs in a secret start at 1 and are incremented" (reference of `versions`). */
export function following(version: string): string {
  return String(BigInt(version) + 1n)
}
