import {
  afterConflict,
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

const WAY_ON = afterConflict({ absent: true, version: true })
const RESTORE = "aws secretsmanager restore-secret brings it back"
const KEY = "kms-key= in the URL (kmsKeyId in code)"
const TURNED_OFF = "enable the key in KMS, or cancel its deletion"

const gone: Row = { code: "NOT_FOUND", message: "the secret was deleted", hint: RESTORE }
const taken: Row = {
  code: "CONFLICT",
  message: "the secret was deleted, and its name is taken until the recovery window ends",
  hint: RESTORE,
}
const changed: Row = { code: "CONFLICT", hint: WAY_ON }
/** Another batch may hold nothing that is refused. */
const notAsABatch: Row = {
  code: "UNSUPPORTED",
  transient: true,
  message: "the service refused the batch as a whole",
  hint: "read singly, each secret says what is wrong with it",
}
/** It is there, and nothing is said of whether it may be read: so this is nothing that takes it away. */
const refuses: Row = {
  code: "UNSUPPORTED",
  message: "the service does not do this with this secret",
  hint: "it is managed by another service of AWS, has replicas, or is of another account and encrypted with aws/secretsmanager",
}
const noName: Row = { code: "INVALID_NAME", hint: "the service does not take it" }
const denied: Row = { code: "DENIED" }
const batchDenied: Row = {
  code: "DENIED",
  message: "reading many at once is not permitted",
  hint: 'allow secretsmanager:BatchGetSecretValue on "*"; until then each is read by itself',
}
const throttled: Row = {
  code: "THROTTLED",
  hint: "the calls of all clients in the account and region count together",
}
const login = (hint: string): Row => ({ code: "UNAUTHENTICATED", hint })
const ASKED_WITHOUT = "the service was asked without credentials"
const noCredentials: Row = {
  code: "UNAUTHENTICATED",
  message: "no credentials were found",
  hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile that has some (AWS_PROFILE, or profile= in the URL), or give the machine a role",
}
const signature = login("see whether the secret access key is right, and the clock of this machine")

/**
 * From the service's names of errors to what they mean here, where that depends on it with the state that the text tells.
 * Told by name and never by status: most are a 400, whatever they mean, and a 403 or a 404 may be the page of a proxy,
 * which says nothing about a secret.
 *
 * That a key of KMS refuses is definitive, too. Without the permission to use it, this identity may not read the secret
 * (`DENIED`); a key that is switched off switches off what it encrypts (`DISABLED`). Both are how access is withdrawn, so
 * a value that is held must not outlive them. What bars the way to the service, from this network or for the whole
 * account, is no decision about a secret, and must not take all secrets away at once.
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
  "ResourceNotFoundException, no value": {
    code: "NOT_FOUND",
    message: "the secret has no such value",
    hint: "aws secretsmanager put-secret-value gives it one",
  },
  InvalidRequestException: { otherwise: refuses, BatchGetSecretValue: notAsABatch },
  "InvalidRequestException, deleted": {
    otherwise: gone,
    BatchGetSecretValue: notAsABatch,
    CreateSecret: taken,
    PutSecretValue: taken,
    UpdateSecretVersionStage: taken,
  },
  ResourceExistsException: {
    otherwise: {
      code: "CONFLICT",
      message: "there is such a secret already",
      hint: `${WAY_ON}; if it was deleted, ${RESTORE}`,
    },
    PutSecretValue: {
      ...changed,
      message: "the version that was to be written is there, with another value",
    },
  },
  InvalidParameterException: {
    otherwise: noName,
    CreateSecret: {
      code: "INVALID_VALUE",
      hint: `the service does not take it; see ${KEY}, and in code tags`,
    },
    PutSecretValue: { code: "INVALID_VALUE", hint: "the service does not take it" },
    // The version from which AWSCURRENT was to be taken does not have it.
    UpdateSecretVersionStage: changed,
    BatchGetSecretValue: notAsABatch,
    DeleteSecret: refuses,
  },
  ValidationException: { otherwise: noName, BatchGetSecretValue: notAsABatch },
  AccessDeniedException: { otherwise: denied, BatchGetSecretValue: batchDenied },
  "AccessDeniedException, key refused": {
    otherwise: {
      code: "DENIED",
      hint: "allow kms:Decrypt, and for writes kms:GenerateDataKey, on the key that encrypts it",
    },
    BatchGetSecretValue: batchDenied,
  },
  "AccessDeniedException, barred": {
    otherwise: {
      code: "UNAVAILABLE",
      transient: false,
      notSent: true,
      message: "a policy bars the way to the service",
      hint: "see the policies of the VPC endpoint, and the service and resource control policies of the organization",
    },
    BatchGetSecretValue: batchDenied,
  },
  NotAuthorized: denied,
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
  MissingAuthenticationToken: { ...noCredentials, message: ASKED_WITHOUT },
  MissingAuthenticationTokenException: { ...noCredentials, message: ASKED_WITHOUT },
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
const loginUnanswered: Row = {
  code: "UNAVAILABLE",
  message: "the login failed",
  hint: "see whether what gives the credentials answers: STS, SSO, or the metadata of the machine",
}
const loginFailed: Row = {
  code: "UNAUTHENTICATED",
  message: "what is to give credentials gives none",
  hint: "see whether the login of the profile has ended (aws sso login), and whether its role may be assumed",
}

/** The table of the errors of Secrets Manager, and of the ways to it. */
export const awsErrors: ErrorTable = thrown => (thrown instanceof AwsFailure ? meaningOf(thrown) : undefined)

/** A failure as the error that it means, for the answer of a batch: about which secret is added later. */
export function errorOf(failure: AwsFailure): SecretError {
  const { code, ...details } = meaningOf(failure)
  return new SecretError(code, details)
}

function meaningOf({ known, unchanged }: AwsFailure): KnownFailure {
  const { requestId, retryAfterMs, sent } = known
  return { ...rowOf(known), requestId, retryAfterMs, ...((unchanged || !sent) && { notSent: true }) }
}

/** Whether it was who asks that the service refused: then it has done nothing. */
export function refusesLogin({ known }: AwsFailure): boolean {
  return known.sent && rowOf(known).code === "UNAUTHENTICATED"
}

/** Whether it is known what became of the call: nothing. */
export function wasRefused(failure: AwsFailure): boolean {
  const { code, notSent } = meaningOf(failure)
  return notSent || code !== "UNAVAILABLE"
}

function rowOf({ action, sent, errorName, connection, status, state }: AwsFailure["known"]): Row {
  const reached = networkFailure(connection, NETWORK)
  if (!sent) {
    if (reached !== undefined) return { ...reached, message: `at the login, ${reached.message}` }
    if (errorName === "EndpointError")
      return { code: "MISCONFIGURED", hint: "see the endpoint and the region" }
    if (state === "no credentials") return noCredentials
    const unanswered = isNetworkCode(connection) || (status !== undefined && status >= 500)
    return unanswered ? loginUnanswered : loginFailed
  }
  if (reached !== undefined) return reached
  const rows = rowsOf(`${errorName}, ${state}`) ?? rowsOf(`${errorName}`)
  if (rows !== undefined)
    return withPermission("otherwise" in rows ? (rows[action] ?? rows.otherwise) : rows, action)
  if (status === 429) return throttled
  if (status !== undefined && status >= 500) return { code: "UNAVAILABLE", message: "the service failed" }
  return status === undefined && connection !== undefined ? brokenOff : notTheService
}

function rowsOf(name: string): Row | ByAction | undefined {
  return Object.hasOwn(ERRORS, name) ? ERRORS[name] : undefined
}

/** Says which permission is missing. */
function withPermission(row: Row, action: Action): Row {
  return row === denied ? { ...row, hint: `allow secretsmanager:${action} on this secret` } : row
}
