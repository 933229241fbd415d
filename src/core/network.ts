import type { KnownFailure } from "./foreign.ts"

/** What is to be looked at when a service cannot be reached, in the words of one backend: one line each. */
export interface NetworkHints {
  /** What makes the name of the host. That DNS is to be looked at, too, is added. */
  readonly host: string
  /** What says where the service is, host and port. */
  readonly address: string
  /** Where an authority is named that is to be trusted. */
  readonly certificate: string
  /** What decides whether TLS is spoken, and how. */
  readonly tls: string
}

/** What all backends say, and which of the hints belongs to it. */
interface Row extends Omit<KnownFailure, "hint"> {
  readonly see: keyof NetworkHints
}

const row = (see: keyof NetworkHints, message: string, more: Partial<Row> = {}): Row => ({
  code: "UNAVAILABLE",
  message,
  see,
  ...more,
})

const NO_HOST = row("host", "there is no such host", { notSent: true })
const NO_LOOKUP = row("host", "names of hosts cannot be looked up now", { notSent: true })
const NO_WAY = row("address", "there is no way to the host", { notSent: true })
const BROKEN_OFF = row("address", "the connection broke off")

/** Neither passes by itself, and either ends before anything of the request is sent, or before it is heard. */
const UNTRUSTED = row("certificate", "the certificate of the host is not trusted", {
  transient: false,
  notSent: true,
})
const NO_TLS = row("tls", "the host does not speak TLS, or the two sides do not agree on it", {
  transient: false,
  notSent: true,
})

/** By Node's codes: those of the system (errno(3)) and those of looking up a host (getaddrinfo(3)). */
const ROWS: Readonly<Record<string, Row>> = {
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_LOOKUP,
  EAI_FAIL: NO_LOOKUP,
  ECONNREFUSED: row("address", "nobody listens at the address", { notSent: true }),
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  EADDRNOTAVAIL: NO_WAY,
  ECONNRESET: BROKEN_OFF,
  ECONNABORTED: BROKEN_OFF,
  EPIPE: BROKEN_OFF,
  EPROTO: NO_TLS,
}

/** What this side does not accept of a certificate (OpenSSL's X509_STORE_CTX_get_error, and Node's own check of the name). */
const CERTIFICATE =
  /^(?:CERT_|UNABLE_TO_|ERR_TLS_CERT_)|_CERT(?:_|$)|^(?:HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|INVALID_PURPOSE)$/
const TLS = /^ERR_(?:SSL|TLS)_/
/** These come in the middle of a connection, from one who harms what passes. */
const TLS_BROKEN = /BAD_RECORD_MAC|DECRYPTION_FAILED/

/**
 * What a code of Node's, or of OpenSSL's, means where there was no answer, the same for all backends; `undefined` for what
 * is none of those. A host that breaks off may have heard the request before.
 *
 * @param code as Node has it in `error.code`: `"ECONNREFUSED"`.
 */
export function networkFailure(code: string | undefined, hints: NetworkHints): KnownFailure | undefined {
  const found = code === undefined ? undefined : rowOf(code)
  if (found === undefined) return undefined
  const { see, ...known } = found
  return { ...known, hint: see === "host" ? `${hints.host}; see DNS, too` : hints[see] }
}

/**
 * Whether a code says that somebody could not be reached, whoever it was: one of {@link networkFailure}, a time that ran
 * out, or one of undici's and of fetch's.
 */
export function isNetworkCode(code: unknown): boolean {
  if (typeof code !== "string") return false
  return rowOf(code) !== undefined || /^(?:ETIMEDOUT|ETIMEOUT|ERR_NETWORK|UND_ERR_\w+)$/.test(code)
}

function rowOf(code: string): Row | undefined {
  if (Object.hasOwn(ROWS, code)) return ROWS[code]
  // An alert is what the other side says, about a certificate of ours, too.
  if (CERTIFICATE.test(code) && !code.includes("_ALERT_")) return UNTRUSTED
  if (TLS.test(code)) return TLS_BROKEN.test(code) ? BROKEN_OFF : NO_TLS
  return undefined
}
