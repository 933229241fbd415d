import { type NativeLedger, SecretError } from "../../../src/core/index.ts"
import { shell } from "../names.ts"

/**
 * There is no rotation in version 1 of the key-value engine: it has neither versions nor check-and-set, so two programs could
 * rotate at once, and write over what a person wrote.
 *
 * @throws SecretError `UNSUPPORTED`, with the way to version 2
 */
export function noKv1Ledger(mount: string): NativeLedger {
  throw new SecretError("UNSUPPORTED", {
    message: "version 1 of the key-value engine has no check-and-set, without which no rotation is safe",
    hint: `vault kv enable-versioning ${shell(mount)} makes it version 2, with its secrets; then kv=2`,
  })
}
