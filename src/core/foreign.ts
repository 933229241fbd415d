import { isSecretError, SecretError, type SecretErrorCode, type SecretErrorDetails } from "./error.ts"

/** What a backend's table says about one of its own errors. */
export interface KnownFailure extends Omit<SecretErrorDetails, "secret" | "store" | "problems"> {
  readonly code: SecretErrorCode
  /**
   * The call never left this machine, so a change was certainly not made. Where this is not said, a change that failed
   * with `UNAVAILABLE` or `TIMEOUT` has an unknown outcome.
   */
  readonly notSent?: boolean | undefined
}

/**
 * A backend's table: from what its service threw to what that means here, or `undefined` for what it does not know.
 * Takes over allow-listed fields only.
 *
 * @param native the name of the secret that the call was about, as the backend has it, if it was about one.
 */
export type ErrorTable = (thrown: unknown, operation: string, native?: string) => KnownFailure | undefined

/** What an error is about. */
export interface FailureContext {
  readonly secret?: string | undefined
  readonly store: string
}

/**
 * Turns whatever was thrown into a {@link SecretError} that says which secret and which store it is about.
 * Nothing of a foreign error is kept but the name of its class.
 */
export function rebuild(thrown: unknown, context: FailureContext, known?: KnownFailure): SecretError {
  if (known !== undefined) return new SecretError(known.code, { ...context, ...known })
  if (isSecretError(thrown)) return thrown.store === undefined ? complete(thrown, context) : thrown
  return new SecretError("UNAVAILABLE", {
    ...context,
    message: `the backend failed in a way that it does not name (${className(thrown)})`,
    hint: "if this stays, the backend's table of errors lacks an entry",
  })
}

/** The error of a call that ended because its caller's signal did. */
export function aborted(context: { secret?: string | undefined; store?: string | undefined }): SecretError {
  return new SecretError("ABORTED", context)
}

/** The same error, told of another secret: what keeps a whole store from answering is found out with one of them. */
export function errorAbout(error: SecretError, secret: string): SecretError {
  return error.secret === secret ? error : copy(error, { secret, store: error.store })
}

/**
 * The same error, made where somebody waits for it. What many share fails nowhere near any of them, and its stack leads
 * to none; this one's leads to the line that asked.
 */
export function atCaller(error: SecretError): SecretError {
  return copy(error, { secret: error.secret, store: error.store })
}

/** The same error with another hint. */
export function withHint(error: SecretError, hint: string): SecretError {
  return copy(error, { secret: error.secret, store: error.store, hint })
}

function complete(error: SecretError, context: FailureContext): SecretError {
  return copy(error, { secret: error.secret ?? context.secret, store: context.store })
}

function copy(
  error: SecretError,
  about: {
    readonly secret: string | undefined
    readonly store: string | undefined
    readonly hint?: string
  },
): SecretError {
  const { code, transient, retryAfterMs, requestId, outcome, lastCode, problems, hint, plainMessage } = error
  return new SecretError(code, {
    message: plainMessage,
    transient,
    retryAfterMs,
    requestId,
    outcome,
    lastCode,
    problems,
    hint,
    ...about,
  })
}

/** The class of whatever was thrown, if it looks like one; a thrown value itself is never shown. */
export function className(thrown: unknown): string {
  try {
    if (typeof thrown !== "object" || thrown === null) return typeof thrown
    const name: unknown = Object.getPrototypeOf(thrown)?.constructor?.name
    return typeof name === "string" && /^[A-Za-z_$][\w$]{0,63}$/.test(name) ? name : "object"
  } catch {
    return "object"
  }
}
