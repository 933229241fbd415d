/** What a name of a candidate is made of, for a service whose names are segments joined by `--`. */
export interface LedgerName {
  /** What the service calls the secret. */
  readonly native: string
  readonly rotationId: string
  /** How long a name of the service may be. */
  readonly longest: number
}

/** What a segment may be without being taken for two, in every case and service. */
const PLAIN = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** What the names of all candidates begin with, on such a service. */
export const LEDGER_NAMES: string = "latchkey--rotation--"

/**
 * The name under which a ledger keeps the candidate of one rotation of one secret: below the reserved first segment,
 * with both in it, `latchkey--rotation--tally--api-token--3f2a…`. Different for every two of them; where one does not
 * fit, a hash stands for it.
 */
export async function ledgerName({ native, rotationId, longest }: LedgerName): Promise<string> {
  const id = PLAIN.test(rotationId) && rotationId.length <= 64 ? rotationId : await hashed(rotationId)
  const name = `${LEDGER_NAMES}${native}--${id}`
  // With a hyphen before it, with which no image of a portable name begins.
  return name.length <= longest ? name : `${LEDGER_NAMES}-${await hashed(native)}--${id}`
}

/** 160 bits of a hash, in hexadecimal. */
async function hashed(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest).subarray(0, 20), byte => byte.toString(16).padStart(2, "0")).join(
    "",
  )
}
