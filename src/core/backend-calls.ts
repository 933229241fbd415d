import { isSecretError, SecretError } from "./error.ts"
import { aborted, type ErrorTable, type FailureContext, type KnownFailure, rebuild } from "./foreign.ts"

/** What the calls of one backend have in common. */
export interface Backend {
  readonly location: string
  /** From the service's errors to ours. Default: the backend throws nothing but `SecretError`. */
  readonly errors?: ErrorTable | undefined
}

/** Makes calls of one backend: signals that have aborted are looked at, and errors rebuilt. */
export interface BackendCalls {
  /**
   * Runs one call of the backend for one secret, or for none.
   *
   * @param native the name of that secret as the backend has it, for its table of errors.
   * @throws SecretError and nothing else
   */
  run<T>(
    operation: string,
    secret: string | undefined,
    signal: AbortSignal,
    call: () => Promise<T>,
    native?: string,
  ): Promise<T>
  /** The same for a call that gives one item after the other. */
  each<T>(
    operation: string,
    secret: string | undefined,
    signal: AbortSignal,
    call: () => AsyncIterable<T>,
    native?: string,
  ): AsyncGenerator<T>
}

/** What the operations of a ledger begin with. */
const ROTATION = "rotation."

/** The operations that change what the service holds: after a lost answer nobody knows whether they did. */
const CHANGES: ReadonlySet<string> = new Set([
  "write",
  "delete",
  "rotation.save",
  "rotation.park",
  "rotation.discard",
  "rotation.promote",
])

/** Makes the calls of a backend, once for all of its operations. */
export function backendCalls({ location, errors }: Backend): BackendCalls {
  const known = (thrown: unknown, operation: string, native?: string): KnownFailure | undefined => {
    try {
      return errors?.(thrown, operation, native)
    } catch {
      // What was thrown is so odd that the table cannot look at it; what it says then is not ours to pass on.
      return undefined
    }
  }

  const rebuilt = (
    thrown: unknown,
    operation: string,
    signal: AbortSignal,
    context: FailureContext,
    native?: string,
  ): SecretError => {
    if (isSecretError(thrown)) return withTrueOutcome(rebuild(thrown, context), operation)
    if (signal.aborted) return withTrueOutcome(aborted(context), operation)
    const failure = known(thrown, operation, native)
    const error = withTrueOutcome(rebuild(thrown, context, failure), operation)
    return CHANGES.has(operation) && mayHaveArrived(error, failure) ? withOutcome(error, operation) : error
  }

  return {
    async run(operation, secret, signal, call, native) {
      const context = { secret, store: location }
      if (signal.aborted) throw aborted(context)
      try {
        return await call()
      } catch (thrown) {
        throw rebuilt(thrown, operation, signal, context, native)
      }
    },
    async *each(operation, secret, signal, call, native) {
      const context = { secret, store: location }
      if (signal.aborted) throw aborted(context)
      try {
        for await (const item of call()) {
          if (signal.aborted) throw aborted(context)
          yield item
        }
      } catch (thrown) {
        throw rebuilt(thrown, operation, signal, context, native)
      }
    },
  }
}

/** Whether the change may have been made before it failed: what is no answer, or one that the table does not know. */
function mayHaveArrived({ code }: SecretError, failure: KnownFailure | undefined): boolean {
  if (failure === undefined) return true
  return !failure.notSent && (code === "UNAVAILABLE" || code === "TIMEOUT")
}

/**
 * What a rotation relies on, whatever a backend says: a `CONFLICT` is an answer, so nothing was written; and of a change
 * that its caller left nobody knows whether it was made.
 */
function withTrueOutcome(error: SecretError, operation: string): SecretError {
  if (!operation.startsWith(ROTATION)) return error
  if (error.code === "CONFLICT" && error.outcome !== undefined) return withOutcome(error, undefined)
  if (error.code === "ABORTED" && CHANGES.has(operation)) return withOutcome(error, operation)
  return error
}

/** The same error, with the outcome of an operation unknown; without one, with the outcome known. */
function withOutcome(error: SecretError, lost: string | undefined): SecretError {
  const { code, secret, store, transient, retryAfterMs, requestId, lastCode, plainMessage: message } = error
  const same = { secret, store, message, transient, retryAfterMs, requestId, lastCode }
  if (lost === undefined) return new SecretError(code, { ...same, hint: error.hint })
  return new SecretError(code, {
    ...same,
    outcome: "unknown",
    hint: lost.startsWith(ROTATION)
      ? "it may have been done all the same: the rotation looks at what became of it before it goes on"
      : "it may have been done all the same: read the secret to see what became of it",
  })
}
