import {
  type ErrorTable,
  isNetworkCode,
  type KnownFailure,
  type NetworkHints,
  networkFailure,
  SecretError,
} from "../../src/core/index.ts"
import type { Action } from "./actions.ts"
import { AwsFailure } from "./failure.ts"

type Row = Omit<KnownFailure, "requestId" | "retryAfterMs">
type ByAction = { readonly otherwise: Row } & { readonly [A in Action]?: Row }

const RESTORE = "aws secretsmanager restore-secret brings it back"
const TURNED_OFF = "enable the key in KMS, or cancel its deletion"

const gone: Row = { code: "NOT_FOUND", message: "the secret was deleted", hint: RESTORE }
const taken: Row = {
  code: "CONFLICT",
  message: "the secret was deleted, and its name is taken until the recovery window ends",
  hint: `${RESTORE}; if it was not deleted, another service of AWS manages it`,
}
const changed: Row = { code: "CONFLICT", hint: "read the secret again, and decide anew" }
const notAsABatch: Row = {
  code: "UNSUPPORTED",
  message: "the service refused the batch as a whole",
  hint: "read singly, each secret says what is wrong with it",
}
const throttled: Row = {
  code: "THROTTLED",
  hint: "the calls of all clients in the account and region count together",
}
const login = (hint: string): Row => ({ code: "UNAUTHENTICATED", hint })
const signature = login("see whether the secret access key is right, and the clock of this machine")

/**
 * From the service's names of errors to what they mean here. Told by name and never by status: most are a 400, whatever
 * they mean, and a 403 or a 404 may be the page of a proxy, which says nothing about a secret.
 *
 * That a key of KMS refuses is definitive, too. Without the permission to use it, this identity may not read the secret
 * (`DENIED`); a key that is switched off switches off what it encrypts (`DISABLED`). Both are how access is withdrawn, so
 * a value that is held must not outlive them.
 */
const ERRORS: Readonly<Record<string, Row | ByAction>> = {
  ResourceNotFoundException: {
    otherwise: {
      code: "NOT_FOUND",
      hint: "aws secretsmanager create-secret creates it; see the region and the prefix, too",
    },
    BatchGetSecretValue: notAsABatch,
    PutSecretValue: changed,
    UpdateSecretVersionStage: changed,
  },
  // What else the request could be invalid for is settled before it is sent.
  InvalidRequestException: {
    otherwise: gone,
    BatchGetSecretValue: notAsABatch,
    CreateSecret: taken,
    PutSecretValue: taken,
    UpdateSecretVersionStage: taken,
  },
  ResourceExistsException: {
    code: "CONFLICT",
    message: "there is such a secret already",
    hint: `read it first; if it was deleted, ${RESTORE}`,
  },
  InvalidParameterException: {
    otherwise: { code: "INVALID_VALUE", hint: "the service does not take it" },
    // The version from which AWSCURRENT was to be taken does not have it.
    UpdateSecretVersionStage: changed,
    BatchGetSecretValue: notAsABatch,
    GetSecretValue: { code: "INVALID_NAME", hint: "the service does not take it" },
  },
  ValidationException: {
    otherwise: { code: "INVALID_NAME", hint: "the service does not take it" },
    BatchGetSecretValue: notAsABatch,
  },
  AccessDeniedException: {
    otherwise: { code: "DENIED" },
    BatchGetSecretValue: {
      code: "DENIED",
      message: "reading many at once is not permitted",
      hint: 'allow secretsmanager:BatchGetSecretValue on "*"; until then each is read by itself',
    },
  },
  NotAuthorized: { code: "DENIED" },
  DecryptionFailure: {
    otherwise: {
      code: "DISABLED",
      message: "the key that encrypts the secret cannot be used",
      hint: TURNED_OFF,
    },
    BatchGetSecretValue: notAsABatch,
  },
  EncryptionFailure: {
    code: "DISABLED",
    message: "the key that encrypts the secret cannot be used",
    hint: TURNED_OFF,
  },
  LimitExceededException: {
    code: "THROTTLED",
    message: "a quota of the service is used up",
    hint: "values that change more often than every ten minutes use up the versions of a secret",
    transient: false,
  },
  ThrottlingException: throttled,
  Throttling: throttled,
  TooManyRequestsException: throttled,
  RequestLimitExceeded: throttled,
  InternalServiceError: { code: "UNAVAILABLE", message: "the service failed" },
  InternalFailure: { code: "UNAVAILABLE", message: "the service failed" },
  ServiceUnavailable: { code: "UNAVAILABLE", message: "the service is not available" },
  ServiceUnavailableException: { code: "UNAVAILABLE", message: "the service is not available" },
  ExpiredToken: login("the credentials have expired: renew them"),
  ExpiredTokenException: login("the credentials have expired: renew them"),
  RequestExpired: login("see the clock of this machine: a request is good for five minutes"),
  RequestTimeTooSkewed: login("see the clock of this machine: a request is good for five minutes"),
  UnrecognizedClientException: login(
    "the access key or the session is not known, or the region is not enabled",
  ),
  InvalidClientTokenId: login("the access key or the session is not known, or the region is not enabled"),
  InvalidSignatureException: signature,
  SignatureDoesNotMatch: signature,
  IncompleteSignature: signature,
  IncompleteSignatureException: signature,
  MissingAuthenticationToken: login("give credentials to the SDK's chain"),
  MissingAuthenticationTokenException: login("give credentials to the SDK's chain"),
  OptInRequired: login("the account is not signed up for the service"),
  UnknownOperationException: { code: "UNSUPPORTED", message: "what answers does not know this action" },
}

const NETWORK: NetworkHints = {
  host: "see the region and the endpoint, which make the name of the host",
  address: "see whether the endpoint is right, and the service up",
  certificate: "name its authority in NODE_EXTRA_CA_CERTS when the process starts",
  tls: "see the endpoint: is it http?",
}

const brokenOff: Row = { code: "UNAVAILABLE", message: "the connection broke off" }
const notTheService: Row = {
  code: "UNAVAILABLE",
  message: "what answered is not Secrets Manager, or its answer was cut off",
  hint: "see the endpoint, and whether a proxy stands before it",
}
const loginFailed = login("give credentials to the SDK's chain: keys, a profile, or the role of the machine")

/** The table of the errors of Secrets Manager, and of the ways to it. */
export const awsErrors: ErrorTable = thrown => (thrown instanceof AwsFailure ? meaningOf(thrown) : undefined)

/** A failure as the error that it means, for the answer of a batch: about which secret is added later. */
export function errorOf(failure: AwsFailure): SecretError {
  const { code, ...details } = meaningOf(failure)
  return new SecretError(code, details)
}

function meaningOf({ known, mendable, unchanged }: AwsFailure): KnownFailure {
  const { requestId, retryAfterMs, clockCorrected } = known
  return {
    ...rowOf(known),
    requestId,
    retryAfterMs,
    ...(mendable && { transient: true }),
    ...(clockCorrected && {
      transient: true,
      hint: "the clock of this machine is wrong; the next call is signed by the service's",
    }),
    ...((unchanged || !known.sent) && { notSent: true }),
  }
}

/** Whether it was the credentials that the service refused, and not its reading of a wrong clock. */
export function refusesLogin({ known }: AwsFailure): boolean {
  return known.sent && !known.clockCorrected && rowOf(known).code === "UNAUTHENTICATED"
}

function rowOf({ action, sent, errorName, connection, status, state }: AwsFailure["known"]): Row {
  const reached = networkFailure(connection, NETWORK)
  if (!sent) {
    if (reached !== undefined) return { ...reached, message: `at the login, ${reached.message}` }
    if (errorName === "EndpointError")
      return { code: "MISCONFIGURED", hint: "see the endpoint and the region" }
    const unanswered = isNetworkCode(connection) || (status !== undefined && status >= 500)
    return unanswered ? { code: "UNAVAILABLE", message: "the login failed" } : loginFailed
  }
  if (reached !== undefined) return reached
  const row = errorName === undefined || !Object.hasOwn(ERRORS, errorName) ? undefined : ERRORS[errorName]
  if (row !== undefined)
    return refined("otherwise" in row ? (row[action] ?? row.otherwise) : row, action, state)
  if (status === 429) return throttled
  if (status !== undefined && status >= 500) return { code: "UNAVAILABLE", message: "the service failed" }
  return status === undefined && connection !== undefined ? brokenOff : notTheService
}

/** What the text of an error adds to its name, and which permission is missing. */
function refined(row: Row, action: Action, state: AwsFailure["known"]["state"]): Row {
  if (row.code === "DENIED" && row.hint === undefined) {
    if (state !== "key refused") return { ...row, hint: `allow secretsmanager:${action} on this secret` }
    return {
      ...row,
      hint: "allow kms:Decrypt, and for writes kms:GenerateDataKey, on the key that encrypts it",
    }
  }
  if (row.code === "NOT_FOUND" && state === "no value")
    return {
      ...row,
      message: "the secret has no such value",
      hint: "aws secretsmanager put-secret-value gives it one",
    }
  return row
}
