import { isSecretError, type SecretErrorCode } from "../../core/index.ts"

/** What says that the other side has answered, and changed nothing. After anything else it may have. */
const REFUSALS: readonly SecretErrorCode[] = [
  "DENIED",
  "UNAUTHENTICATED",
  "THROTTLED",
  "CONFLICT",
  "NOT_FOUND",
  "DISABLED",
  "INVALID_VALUE",
  "UNSUPPORTED",
  "MISCONFIGURED",
]

/** Whether it is certain that a request that failed like this has changed nothing, and will not. */
export function isRefusal(thrown: unknown): boolean {
  return isSecretError(thrown) && thrown.outcome === undefined && REFUSALS.includes(thrown.code)
}
