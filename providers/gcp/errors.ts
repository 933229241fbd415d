import { afterConflict, type ErrorTable, isSecretError, type KnownFailure } from "../../src/core/index.ts"
import { LoginFailure, loginProblem } from "./login.ts"
import { NO_PLACE, NO_TOKEN, refusedFor } from "./reasons.ts"
import { ROLES } from "./roles.ts"
import { FailedStep } from "./step.ts"

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

/** What to say of a secret that is not there: what it is called in the project, and how it comes there. */
function nothingCalled(native: string): KnownFailure {
  return {
    code: "NOT_FOUND",
    message: `there is no secret ${native} here, or it has no such version yet`,
    hint: `gcloud secrets create ${native} makes one, and gcloud secrets versions add ${native} gives it a version; see project, location and prefix, too`,
  }
}

const OVERTAKEN: KnownFailure = {
  code: "CONFLICT",
  message: "somebody changed or removed the secret while it was written",
  hint: "read the secret to see whether it is what you want",
}

/** The operations that ask for the value of a version. */
const READING: ReadonlySet<string> = new Set([
  "read",
  "ping",
  "access",
  "rotation.current",
  "rotation.kept",
  "rotation.since",
  "rotation.check",
])

/** The operations that store a value. */
const STORING: ReadonlySet<string> = new Set(["write", "rotation.park", "rotation.promote"])

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
    if (STORING.has(operation)) return { code: "INVALID_VALUE", hint: "the service refuses the value" }
    if (operation === "create" || operation === "rotation.save") {
      return {
        code: "MISCONFIGURED",
        message: "the service does not make such secrets",
        hint: "see replication and kmsKey of the store, and in code labels",
      }
    }
    return {
      code: "INVALID_NAME",
      hint: "see whether project, location and version are spelled as the console has them",
    }
  },
  [STATUS.DEADLINE_EXCEEDED]: { code: "TIMEOUT" },
  [STATUS.NOT_FOUND]: operation => {
    if (operation === "get" || operation === "alias" || operation === "rotation.promote") return OVERTAKEN
    return operation === "list" || operation === "write" || operation === "create" ? NO_PLACE : NO_SECRET
  },
  [STATUS.ALREADY_EXISTS]: {
    code: "CONFLICT",
    message: "there is such a secret already",
    hint: `${afterConflict({ absent: true, version: false })}; if it has no version, whoever made it was interrupted`,
  },
  [STATUS.PERMISSION_DENIED]: operation => {
    const needed = `this needs ${ROLES[operation] ?? "a role"}`
    // An alias is moved where a version was just added: there is such a secret.
    const hint = `${needed}; without rights on the project, a name that does not exist is answered so, too`
    return { code: "DENIED", hint: operation === "alias" ? needed : hint }
  },
  [STATUS.RESOURCE_EXHAUSTED]: {
    code: "THROTTLED",
    hint: "see the quotas of the Secret Manager API in this project",
  },
  // Which of the two a wrong etag is answered with, nobody has published a recording of.
  [STATUS.FAILED_PRECONDITION]: operation => {
    if (operation === "alias") return OVERTAKEN
    if (READING.has(operation)) {
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
  [STATUS.ABORTED]: operation => {
    if (operation === "alias") return OVERTAKEN
    return operation === "write" || operation === "create" || operation === "delete"
      ? { code: "CONFLICT", hint: "do it again" }
      : BUSY
  },
  [STATUS.UNIMPLEMENTED]: GARBLED,
  [STATUS.INTERNAL]: GARBLED,
  [STATUS.UNAVAILABLE]: BUSY,
  [STATUS.DATA_LOSS]: GARBLED,
  [STATUS.UNAUTHENTICATED]: NO_TOKEN,
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
export const gcpErrors: ErrorTable = (thrown, operation, native) => {
  if (thrown instanceof LoginFailure) return loginProblem(thrown)
  if (thrown instanceof FailedStep) return ofStep(thrown)
  const error = statusOf(thrown)
  if (error === undefined) return undefined
  const between = noConnection(error) ?? noService(error)
  if (between !== undefined) return between
  const row = answered(error, operation)
  const known = row === NO_SECRET && native !== undefined ? nothingCalled(native) : row
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
  const isRefused = error?.code === STATUS.UNAUTHENTICATED || error?.reason === "ACCESS_TOKEN_EXPIRED"
  return isRefused && !HTTP_STATUS.test(error.details)
}

/** Whether a call said that there is no such thing, or that there is one already. */
export function isStatus(thrown: unknown, status: "NOT_FOUND" | "ALREADY_EXISTS"): boolean {
  return statusOf(inside(thrown))?.code === STATUS[status]
}

/** Whether a change was refused because its etag is no longer that of the secret, as far as a status tells that. */
export function isOtherEtag(thrown: unknown): boolean {
  const code = statusOf(inside(thrown))?.code
  return code === STATUS.FAILED_PRECONDITION || code === STATUS.ABORTED
}

/** Whether a version is there, and its value cannot be had: it is disabled or destroyed, or its key is. */
export function isUnreadable(thrown: unknown): boolean {
  return statusOf(inside(thrown))?.code === STATUS.FAILED_PRECONDITION
}

/** Whether a version that was to be added was certainly not. */
export function isUndone(thrown: unknown): boolean {
  if (isSecretError(thrown)) return thrown.code === "MISCONFIGURED"
  const known = gcpErrors(thrown, "write")
  return known !== undefined && !isOpen(known)
}

function isOpen({ code, notSent }: KnownFailure): boolean {
  return !notSent && (code === "UNAVAILABLE" || code === "TIMEOUT")
}

/** What there is to say of a call that is not the one that adds the version. */
function ofStep({ step, thrown, version }: FailedStep): KnownFailure {
  const known = isSecretError(thrown) ? { code: thrown.code, hint: thrown.hint } : gcpErrors(thrown, step)
  const failure: KnownFailure = known ?? GARBLED
  if (version === undefined) return { ...failure, notSent: true }
  const alias = isOpen(failure)
    ? "it is not known whether the alias points to it"
    : "the alias does not point to it"
  const more = "move the alias with gcloud secrets update: writing again adds another version"
  return {
    ...failure,
    transient: false,
    message: `version ${version} was added, and ${alias}`,
    hint: failure.hint === undefined ? more : `${failure.hint}; ${more}`,
  }
}

function answered({ code, reason }: StatusError, operation: string): KnownFailure | undefined {
  const known = refusedFor(reason, code === STATUS.PERMISSION_DENIED) ?? CODES[code]
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
      hint: "name the authority that signed it, if a proxy of your own stands in between: ca= in the URL (ca in code)",
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

function inside(thrown: unknown): unknown {
  return thrown instanceof FailedStep ? thrown.thrown : thrown
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
