import type { SecretError } from "./error.ts"
import { withHint } from "./foreign.ts"
import type { StoreCapabilities } from "./store.ts"

/**
 * What to do when a write was refused because something else is there than was expected. The same in all stores; a
 * backend that knows more, how a deleted secret comes back for example, says that behind it.
 */
export function afterConflict({ version }: StoreCapabilities["preconditions"]): string {
  const write = version ? "with expect: the version that it has then" : "without expect"
  return `read it again, decide anew, and write ${write}`
}

/** The error of a write, which says what to do after a `CONFLICT` where the backend does not. */
export function withWayOn(error: SecretError, { preconditions }: StoreCapabilities): SecretError {
  const isSaid = error.code !== "CONFLICT" || error.hint !== undefined
  return isSaid ? error : withHint(error, afterConflict(preconditions))
}
