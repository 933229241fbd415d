import { retryAfterOf } from "../../src/core/index.ts"
import type { Action } from "./actions.ts"

/** What is told by the text of an error, because its code stands for several things. */
export type State = "key refused" | "no value" | "deleted" | "barred" | "no credentials"

/**
 * How the texts read, by those that were recorded; that of a policy by "Troubleshoot access denied error messages" in the
 * IAM User Guide. What others have named stands in some of them, but no name holds a blank.
 */
const TEXTS: Readonly<Record<State, RegExp>> = {
  "key refused": /^Access to KMS is not allowed/,
  "no value": /^Secrets Manager can't find the specified secret value/,
  deleted: / (?:(?:marked|scheduled) for deletion|was deleted|marked deleted)\b/,
  barred:
    / (?:with an explicit deny in a|because no) (?:VPC endpoint|service control|resource control) policy\b/,
  // The SDK's own words at the end of its chain.
  "no credentials": /^Could not load credentials from any providers/,
}

/** What is kept of a failure: nothing that the service, or anybody else, wrote freely. */
interface Known {
  readonly action: Action
  /** Whether the request had begun to leave. What failed before was the login, or something on this machine. */
  readonly sent: boolean
  /** The service's name of the error (`ResourceNotFoundException`), or that of the class if it is not the service's. */
  readonly errorName: string | undefined
  /** Node's code, if it was the connection that failed: `ECONNREFUSED`. */
  readonly connection: string | undefined
  /** The status of the answer, if there was one. */
  readonly status: number | undefined
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
  /** What a code leaves open that stands for several things. */
  readonly state: State | undefined
  /** The SDK has seen that the clock of this machine is wrong, and signs by that of the service from now on. */
  readonly clockCorrected: boolean
}

/** A call that failed, as far as that may be known. What the SDK threw carries keys, headers and bodies. */
export class AwsFailure extends Error {
  override readonly name = "AwsFailure"
  readonly known: Known
  /** Whether a change that failed so was certainly not made. */
  readonly unchanged: boolean

  constructor(known: Known, unchanged = false) {
    super("a call of the service failed")
    this.known = known
    this.unchanged = unchanged
  }

  /** The same, of a step before the one that makes the change. */
  withNothingChanged(): AwsFailure {
    return new AwsFailure(this.known, true)
  }
}

/** Takes what may be known from whatever was thrown. */
export function failureOf(thrown: unknown, action: Action, sent: boolean): AwsFailure {
  const { name, code, message, $metadata, $response } = fieldsOf(thrown)
  const metadata = fieldsOf($metadata)
  const headers = fieldsOf(fieldsOf($response).headers)
  const status = typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined
  return new AwsFailure({
    action,
    sent,
    errorName: word(name),
    connection: word(code),
    status,
    requestId: word(metadata.requestId),
    retryAfterMs: retryAfterOf(headers["retry-after"]),
    state: stateOf(message),
    clockCorrected: metadata.clockSkewCorrected === true,
  })
}

/** Whether it was the service that refused, by one of its names of errors. */
export function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof AwsFailure && thrown.known.sent && thrown.known.errorName === name
}

/** An answer that is none: without the fields that it must have. */
export function noAnswer(action: Action): AwsFailure {
  return failureOf({ name: "NoAnswer" }, action, true)
}

/** One name's error in the answer to a batch: what reading it alone would have failed with. */
export function failureInBatch(error: {
  readonly ErrorCode?: string
  readonly Message?: string
}): AwsFailure {
  const { ErrorCode, Message } = error
  return failureOf(
    { name: ErrorCode, message: Message, $metadata: { httpStatusCode: 400 } },
    "GetSecretValue",
    true,
  )
}

/** Only here is a text looked at; nothing of it is kept. */
function stateOf(message: unknown): State | undefined {
  if (typeof message !== "string") return undefined
  return (Object.keys(TEXTS) as State[]).find(state => TEXTS[state].test(message))
}

function word(text: unknown): string | undefined {
  return typeof text === "string" && /^[\w-]{1,64}$/.test(text) ? text : undefined
}

function fieldsOf(thing: unknown): Readonly<Record<string, unknown>> {
  return typeof thing === "object" && thing !== null ? (thing as Record<string, unknown>) : {}
}
