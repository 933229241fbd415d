import { LEDGER_NAMES, ledgerName, SecretError } from "../../../src/core/index.ts"

/** How long a name may be ("Azure Key Vault keys, secrets and certificates overview", object-name). */
const LONGEST_NAME = 127

/** One version of a secret. */
export interface Reference {
  readonly name: string
  readonly version: string
}

/** The secret of the ledger's own in which the candidates of a rotation are. */
export async function candidatesOf(name: string, rotationId: string): Promise<string> {
  return await ledgerName({ native: name, rotationId, longest: LONGEST_NAME })
}

/** How a candidate is written in a journal. */
export function written({ name, version }: Reference): string {
  return `${name}/${version}`
}

/**
 * What a reference in a journal means: a version of the secret itself, or one of a secret of the ledger's own.
 *
 * @throws SecretError `INVALID_VALUE` for what could lead to a secret of somebody else
 */
export function read(name: string, reference: string): Reference {
  const [, own = "", version] = /^(?:([0-9a-z-]+)\/)?([0-9a-f]{32})$/i.exec(reference) ?? []
  if (version !== undefined && (own === "" || own.startsWith(LEDGER_NAMES)))
    return { name: own || name, version }
  throw new SecretError("INVALID_VALUE", {
    message: "the reference in the journal is none of this store",
    hint: "the journal is that of another store, or was changed by somebody else",
  })
}
