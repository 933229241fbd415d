import type { ErrorTable, KnownFailure } from "../../src/core/index.ts"
import { LoginFailure, type LoginProblem } from "./login.ts"

/** The statuses of gRPC by their numbers (page "Status codes and their use in gRPC"). */
const STATUS = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

const ROLES: Readonly<Record<string, string>> = {
  read: "roles/secretmanager.secretAccessor on the secret",
  ping: "roles/secretmanager.secretAccessor",
  write:
    "roles/secretmanager.secretVersionAdder on the secret, and secretmanager.secrets.create where it is new",
  list: "roles/secretmanager.viewer on the project",
  versions: "secretmanager.versions.list (roles/secretmanager.viewer) on the secret",
  delete: "secretmanager.secrets.delete (roles/secretmanager.admin) on the secret",
}

const NO_PLACE: KnownFailure = {
  code: "MISCONFIGURED",
  message: "the service knows no such project or location",
  hint: "see whether the project and the location of the store are spelled as in the console",
}

const GARBLED: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the service did not give an answer that makes sense",
  hint: "if this stays, see whether a proxy answers in its place, and whether endpoint names a Secret Manager",
}

const BUSY: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the service cannot answer now",
  hint: "see status.cloud.google.com, and the network between here and there",
}

const NO_SECRET: KnownFailure = {
  code: "NOT_FOUND",
  hint: "there is no secret of this name here, or it has no such version yet",
}

/**
 * From the statuses of the service to our codes, by operation where one status means two things.
 *
 * `FAILED_PRECONDITION` on an access means that the version, or the key of one's own that it is encrypted with, was
 * switched off or destroyed. Both are done on purpose, to take a secret away, and so both are `DISABLED`.
 */
const CODES: Readonly<Record<number, KnownFailure | ((operation: string) => KnownFailure)>> = {
  // That we cancelled a call is known before anybody looks here.
  [STATUS.CANCELLED]: { ...BUSY, message: "the call was cancelled on its way" },
  [STATUS.UNKNOWN]: GARBLED,
  [STATUS.INVALID_ARGUMENT]: operation => {
    if (operation === "list" || operation === "ping") return NO_PLACE
    if (operation === "write")
      return { code: "INVALID_VALUE", hint: "the service refuses the value, or the locations of replication" }
    return {
      code: "INVALID_NAME",
      hint: "see whether project, location and version are spelled as the console has them",
    }
  },
  [STATUS.DEADLINE_EXCEEDED]: { code: "TIMEOUT" },
  [STATUS.NOT_FOUND]: operation => (operation === "list" || operation === "write" ? NO_PLACE : NO_SECRET),
  [STATUS.ALREADY_EXISTS]: {
    code: "CONFLICT",
    message: "there is such a secret already",
    hint: "if it has no version, whoever made it was interrupted: write it without expect, or delete it",
  },
  [STATUS.PERMISSION_DENIED]: operation => ({
    code: "DENIED",
    hint: `this needs ${ROLES[operation] ?? "a role"}; without rights on the project, a name that does not exist is answered so, too`,
  }),
  [STATUS.RESOURCE_EXHAUSTED]: {
    code: "THROTTLED",
    hint: "see the quotas of the Secret Manager API in this project",
  },
  [STATUS.FAILED_PRECONDITION]: operation => {
    if (operation === "read" || operation === "ping") {
      return {
        code: "DISABLED",
        message: "the version is disabled or destroyed, or the key that encrypts it is",
        hint: "gcloud secrets versions enable, or add a version; with a key of your own, see whether that is enabled",
      }
    }
    return {
      code: "DENIED",
      message: "the state of the secret, its key or a policy of the organisation forbids it",
      hint: "see the key that encrypts it, and the policies on locations of resources",
    }
  },
  [STATUS.ABORTED]: operation =>
    operation === "write" || operation === "delete" ? { code: "CONFLICT", hint: "do it again" } : BUSY,
  [STATUS.UNIMPLEMENTED]: GARBLED,
  [STATUS.INTERNAL]: GARBLED,
  [STATUS.UNAVAILABLE]: BUSY,
  [STATUS.DATA_LOSS]: GARBLED,
  [STATUS.UNAUTHENTICATED]: {
    code: "UNAUTHENTICATED",
    message: "the service does not accept the token, nor the one of a new login",
    hint: "see whether the credentials are revoked or expired, and whether the clock of this machine is right",
  },
}

const SETTING = "this is no answer about the secret, but about the project"

/** Reasons that come with a refusal (google.api.ErrorReason): these are not about the secret that was asked for. */
const REASONS: Readonly<Record<string, KnownFailure>> = {
  SERVICE_DISABLED: {
    code: "MISCONFIGURED",
    message: "the Secret Manager API is not enabled in the project",
    hint: "gcloud services enable secretmanager.googleapis.com, and wait some minutes",
  },
  BILLING_DISABLED: { code: "MISCONFIGURED", message: "the project has no billing account", hint: SETTING },
  CONSUMER_INVALID: NO_PLACE,
  CONSUMER_SUSPENDED: { code: "MISCONFIGURED", message: "the project is suspended", hint: SETTING },
  USER_PROJECT_DENIED: {
    code: "MISCONFIGURED",
    message: "the project that is to pay for the call does not let this identity use it",
    hint: "grant roles/serviceusage.serviceUsageConsumer there, or set another quota project",
  },
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: {
    code: "UNAUTHENTICATED",
    message: "the token does not have the scope of Google Cloud",
    hint: "give the machine or the node pool the scope cloud-platform",
  },
  ACCOUNT_STATE_INVALID: {
    code: "UNAUTHENTICATED",
    message: "the account is disabled or deleted",
    hint: "see the service account in the console",
  },
}

const LOGINS: Readonly<Record<LoginProblem, KnownFailure>> = {
  missing: {
    code: "UNAUTHENTICATED",
    message: "there are no credentials here",
    hint: "gcloud auth application-default login, or name a file in GOOGLE_APPLICATION_CREDENTIALS",
    notSent: true,
  },
  refused: {
    code: "UNAUTHENTICATED",
    message: "Google gave no token for the credentials",
    hint: "a user logs in again with gcloud auth application-default login; see whether a key was deleted",
    notSent: true,
  },
  throttled: { code: "THROTTLED", message: "Google gives no more tokens for now", notSent: true },
  unreachable: {
    code: "UNAVAILABLE",
    message: "whoever gives out tokens cannot be reached",
    hint: "see DNS and the network to oauth2.googleapis.com, or to the metadata server",
    notSent: true,
  },
}

/** What gRPC itself says when there was no connection: its own sentences, with what the network said behind them. */
const NOT_SENT =
  /^(?:No connection established|Name resolution failed|Channel closed before call started|Getting metadata)/
const CERTIFICATE = /^No connection established.*(?:certificate|self.signed|unable to verify|altnames)/is
/** What gRPC says when HTTP was answered, and not by gRPC. */
const HTTP_STATUS = /^Received HTTP status code (\d{3})/

/** What a call of the SDK ends with, so far as it is looked at. */
interface StatusError {
  readonly code: number
  readonly details: string
  readonly reason: string
  readonly statusDetails: readonly unknown[]
}

/** The table of the errors of Secret Manager, of gRPC under it and of Google's logins. */
export const gcpErrors: ErrorTable = (thrown, operation) => {
  if (thrown instanceof LoginFailure) return LOGINS[thrown.problem]
  const error = statusOf(thrown)
  if (error === undefined) return undefined
  const between = noConnection(error) ?? noService(error)
  if (between !== undefined) return between
  const known = answered(error, operation)
  return known && { ...known, ...beside(error) }
}

/** Whether the service itself has answered, be it with a refusal. */
export function isAnswer(thrown: unknown): boolean {
  const error = statusOf(thrown)
  const local: readonly number[] = [STATUS.CANCELLED, STATUS.DEADLINE_EXCEEDED, STATUS.UNAVAILABLE]
  return error !== undefined && !local.includes(error.code)
}

/** Whether a new login may mend it. */
export function isRefusedLogin(thrown: unknown): boolean {
  if (thrown instanceof LoginFailure) return thrown.problem === "refused" || thrown.problem === "missing"
  const error = statusOf(thrown)
  return error?.code === STATUS.UNAUTHENTICATED && !HTTP_STATUS.test(error.details)
}

/** Whether a call said that there is no such thing, or, with `"conflict"`, that somebody else was faster. */
export function isStatus(thrown: unknown, status: "NOT_FOUND" | "ALREADY_EXISTS" | "ETAG"): boolean {
  const code = statusOf(thrown)?.code
  // Which of the two a wrong etag is answered with, nobody has published a recording of.
  if (status === "ETAG") return code === STATUS.FAILED_PRECONDITION || code === STATUS.ABORTED
  return code === STATUS[status]
}

function answered({ code, reason }: StatusError, operation: string): KnownFailure | undefined {
  const refused = code === STATUS.PERMISSION_DENIED || code === STATUS.UNAUTHENTICATED
  const known = (refused && Object.hasOwn(REASONS, reason) && REASONS[reason]) || CODES[code]
  return typeof known === "function" ? known(operation) : known
}

/** The connection could not be made. */
function noConnection({ code, details }: StatusError): KnownFailure | undefined {
  if (!NOT_SENT.test(details) || code === STATUS.UNAUTHENTICATED) return undefined
  if (CERTIFICATE.test(details)) {
    return {
      code: "UNAVAILABLE",
      transient: false,
      message: "the certificate of the server is not trusted here",
      hint: "set ca to the file of the authority that signed it, if a proxy of your own stands in between",
      notSent: true,
    }
  }
  return {
    code: "UNAVAILABLE",
    message: "the service cannot be reached",
    hint: "see DNS, the network and endpoint; a location that does not exist has no address either",
    notSent: true,
  }
}

/** Somebody in between has answered: what he says is nothing about a secret, also where he says 403. */
function noService({ details }: StatusError): KnownFailure | undefined {
  const status = Number(HTTP_STATUS.exec(details)?.[1])
  if (Number.isNaN(status)) return undefined
  return {
    ...GARBLED,
    code: status === 429 ? "THROTTLED" : "UNAVAILABLE",
    message: `something that is not the service answered with the HTTP status ${status}`,
    transient: status < 400 || status >= 500 || status === 408 || status === 429,
  }
}

/** What stands beside the status: how long to wait, and the id of the request. */
function beside({ statusDetails }: StatusError): Pick<KnownFailure, "retryAfterMs" | "requestId"> {
  let retryAfterMs: number | undefined
  let requestId: string | undefined
  for (const detail of statusDetails) {
    const { retryDelay, requestId: id } = (detail ?? {}) as { retryDelay?: unknown; requestId?: unknown }
    const { seconds, nanos } = (retryDelay ?? {}) as { seconds?: unknown; nanos?: unknown }
    const delay = Number(seconds ?? 0) * 1_000 + Number(nanos ?? 0) / 1_000_000
    if (delay > 0 && Number.isFinite(delay)) retryAfterMs = Math.ceil(delay)
    if (typeof id === "string" && /^[\w-]{1,128}$/.test(id)) requestId = id
  }
  return { retryAfterMs, requestId }
}

function statusOf(thrown: unknown): StatusError | undefined {
  const { code, details, reason, statusDetails } = (thrown ?? {}) as Readonly<Record<string, unknown>>
  if (typeof code !== "number") return undefined
  return {
    code,
    details: typeof details === "string" ? details : "",
    reason: typeof reason === "string" ? reason : "",
    statusDetails: Array.isArray(statusDetails) ? statusDetails : [],
  }
}
