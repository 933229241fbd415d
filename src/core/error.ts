/**
 * Every way in which a secret can fail to be read, written or kept. The set is closed.
 *
 * | code | meaning |
 * |---|---|
 * | `NOT_FOUND` | there is no secret of this name |
 * | `DENIED` | this identity may not do this with this secret |
 * | `UNAUTHENTICATED` | the backend does not know, or no longer knows, who asks |
 * | `DISABLED` | the secret or its version is there and switched off |
 * | `THROTTLED` | too many requests; `retryAfterMs` says when to come back, if the backend said |
 * | `UNAVAILABLE` | the backend cannot be reached or cannot answer now |
 * | `TIMEOUT` | no answer in time; `lastCode` says what the last attempt ended with |
 * | `CONFLICT` | a precondition of a write does not hold |
 * | `INVALID_NAME` | the backend cannot hold a secret of this name |
 * | `INVALID_VALUE` | the value is not of the form that was asked for, or cannot be stored |
 * | `UNSUPPORTED` | the backend has no such operation |
 * | `STALE` | the last good value is too old; `lastCode` says why it could not be refreshed |
 * | `CLOSED` | asked after `close()` |
 * | `ABORTED` | the caller's own signal ended the call |
 * | `MISCONFIGURED` | an option, a URL or an environment is wrong; nothing was tried |
 */
export type SecretErrorCode =
  | "NOT_FOUND"
  | "DENIED"
  | "UNAUTHENTICATED"
  | "DISABLED"
  | "THROTTLED"
  | "UNAVAILABLE"
  | "TIMEOUT"
  | "CONFLICT"
  | "INVALID_NAME"
  | "INVALID_VALUE"
  | "UNSUPPORTED"
  | "STALE"
  | "CLOSED"
  | "ABORTED"
  | "MISCONFIGURED"

/** What is known about a failure. Everything here is safe to print: no field ever holds a value or a credential. */
export interface SecretErrorDetails {
  /** What went wrong, without the name and the hint, which are added. Default: a sentence for the code. */
  message?: string | undefined
  /** The portable name of the secret. */
  secret?: string | undefined
  /** The location of the store: `"dotenv:.env"`. */
  store?: string | undefined
  /** Whether the same call may succeed later. Default: what the code says. */
  transient?: boolean | undefined
  /** How long the backend asked to wait, in milliseconds. */
  retryAfterMs?: number | undefined
  /** The backend's own id of the request, for its support. */
  requestId?: string | undefined
  /** `"unknown"` where a write may or may not have happened. */
  outcome?: "unknown" | undefined
  /** Under `STALE` and `TIMEOUT`: what the last attempt ended with. */
  lastCode?: SecretErrorCode | undefined
  /** Where several secrets failed at once: each of their errors. */
  problems?: readonly SecretError[] | undefined
  /** One line: what to do next. */
  hint?: string | undefined
}

const BRAND = Symbol.for("latchkey.SecretError")

const TRANSIENT: ReadonlySet<SecretErrorCode> = new Set(["THROTTLED", "UNAVAILABLE", "TIMEOUT"])

const SENTENCES: Record<SecretErrorCode, string> = {
  NOT_FOUND: "there is no such secret",
  DENIED: "reading or writing it is not permitted",
  UNAUTHENTICATED: "the backend does not accept the credentials",
  DISABLED: "the secret is disabled",
  THROTTLED: "the backend asks to slow down",
  UNAVAILABLE: "the backend cannot be reached",
  TIMEOUT: "no answer in time",
  CONFLICT: "somebody else changed it first",
  INVALID_NAME: "the backend cannot hold a secret of this name",
  INVALID_VALUE: "the value does not have the expected form",
  UNSUPPORTED: "the backend cannot do this",
  STALE: "the last good value is too old to be served",
  CLOSED: "it was closed",
  ABORTED: "the caller ended the call",
  MISCONFIGURED: "the configuration is wrong",
}

/**
 * The one error of this library.
 *
 * Foreign errors are never attached, because those of SDKs and HTTP clients carry tokens, headers and bodies;
 * what may be known of them is copied field by field. `cause` is therefore always absent.
 */
export class SecretError extends Error {
  readonly code: SecretErrorCode
  readonly transient: boolean
  declare readonly secret?: string
  declare readonly store?: string
  declare readonly retryAfterMs?: number
  declare readonly requestId?: string
  declare readonly outcome?: "unknown"
  declare readonly lastCode?: SecretErrorCode
  declare readonly problems?: readonly SecretError[]
  declare readonly hint?: string
  /** The message without the code, the name, the store and the hint around it. */
  declare readonly plainMessage: string

  constructor(code: SecretErrorCode, details: SecretErrorDetails = {}) {
    super(describe(code, details))
    Object.defineProperty(this, "name", { value: "SecretError", enumerable: false, configurable: true })
    Object.defineProperty(this, BRAND, { value: true, enumerable: false })
    const plainMessage = details.message ?? SENTENCES[code]
    Object.defineProperty(this, "plainMessage", { value: plainMessage, enumerable: false })
    this.code = code
    this.transient = details.transient ?? TRANSIENT.has(code)
    if (details.secret !== undefined) this.secret = details.secret
    if (details.store !== undefined) this.store = details.store
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
    if (details.requestId !== undefined) this.requestId = details.requestId
    if (details.outcome !== undefined) this.outcome = details.outcome
    if (details.lastCode !== undefined) this.lastCode = details.lastCode
    if (details.hint !== undefined) this.hint = details.hint
    if (details.problems !== undefined) {
      // Each problem's text already stands in the message; printing them again would double every report.
      Object.defineProperty(this, "problems", {
        value: Object.freeze([...details.problems]),
        enumerable: false,
      })
    }
  }
}

/**
 * The error for what is set wrongly.
 *
 * @param message what is wrong. It quotes nothing of what was set: that may be a credential in the wrong place.
 * @param hint what to do instead.
 */
export function misconfigured(message: string, hint: string): SecretError {
  return new SecretError("MISCONFIGURED", { message, hint })
}

/**
 * Whether something is a {@link SecretError}, also one made by another copy of this package or in another realm.
 */
export function isSecretError(error: unknown): error is SecretError {
  try {
    return typeof error === "object" && error !== null && (error as Record<symbol, unknown>)[BRAND] === true
  } catch {
    // A proxy or a getter that throws: no error of ours.
    return false
  }
}

function describe(code: SecretErrorCode, details: SecretErrorDetails): string {
  const about = details.secret === undefined ? "" : `${printable(details.secret)}: `
  const last = details.lastCode === undefined ? "" : `, last cause ${details.lastCode}`
  const where = details.store === undefined ? "" : ` (${oneLine(details.store)})`
  const hint = details.hint === undefined ? "" : `; ${oneLine(details.hint)}`
  const several = details.problems?.map(problem => `\n  - ${problem.message}`).join("") ?? ""
  return `${code}: ${about}${oneLine(details.message ?? SENTENCES[code])}${last}${where}${hint}${several}`
}

const LONGEST_NAME_SHOWN = 200

/** A name as it may stand in one line of a log: as {@link oneLine} makes it, and bounded. */
export function printable(name: string): string {
  const safe = oneLine(name)
  return safe.length <= LONGEST_NAME_SHOWN ? safe : `${safe.slice(0, LONGEST_NAME_SHOWN)}…`
}

/** A text without control characters and bidirectional tricks, which could make more of a line of a log than it is. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a log line
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\uFFFD")
}
