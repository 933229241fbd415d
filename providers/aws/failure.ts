import { retryAfterOf } from "../../src/core/index.ts"
import type { Action } from "./actions.ts"

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
  /** What a code leaves open that stands for two states. */
  readonly state: "key refused" | "no value" | undefined
  /** The SDK has seen that the clock of this machine is wrong, and signs by that of the service from now on. */
  readonly clockCorrected: boolean
}

/** A call that failed, as far as that may be known. What the SDK threw carries keys, headers and bodies. */
export class AwsFailure extends Error {
  override readonly name = "AwsFailure"
  readonly known: Known
  /** Whether other credentials may mend it. */
  readonly mendable: boolean
  /** Whether a change that failed so was certainly not made. */
  readonly unchanged: boolean

  constructor(
    known: Known,
    {
      mendable = false,
      unchanged = false,
    }: { readonly mendable?: boolean; readonly unchanged?: boolean } = {},
  ) {
    super("a call of the service failed")
    this.known = known
    this.mendable = mendable
    this.unchanged = unchanged
  }

  /** The same, of a call that other credentials may mend. */
  asMendable(): AwsFailure {
    return new AwsFailure(this.known, { mendable: true, unchanged: this.unchanged })
  }

  /** The same, of a step before the one that makes the change. */
  withNothingChanged(): AwsFailure {
    return new AwsFailure(this.known, { mendable: this.mendable, unchanged: true })
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

/** Only here is a text looked at, because only it tells the two states apart; nothing of it is kept. */
function stateOf(message: unknown): Known["state"] {
  if (typeof message !== "string") return undefined
  if (message.startsWith("Access to KMS is not allowed")) return "key refused"
  return message.startsWith("Secrets Manager can't find the specified secret value") ? "no value" : undefined
}

function word(text: unknown): string | undefined {
  return typeof text === "string" && /^[\w-]{1,64}$/.test(text) ? text : undefined
}

function fieldsOf(thing: unknown): Readonly<Record<string, unknown>> {
  return typeof thing === "object" && thing !== null ? (thing as Record<string, unknown>) : {}
}
