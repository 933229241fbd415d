import { type NetworkHints, networkFailure } from "../../src/core/index.ts"

/** Which request failed: one for a secret, one that logs in, or one that asks whether the token is still alive. */
export type Stage = "call" | "login" | "lookup"

/**
 * What the server's words mean, where a status means more than one thing. The words themselves are not kept: they can
 * quote what was sent.
 */
export type Reason =
  | "cas-mismatch"
  | "cas-required"
  | "dead-token"
  | "missing-token"
  | "no-engine"
  | "no-namespace"
  | "no-role"
  | "not-permitted"
  | "plainly-denied"
  | "not-initialised"
  | "sealed"
  | "speaks-tls"
  | "too-large"
  | "upgrading"
  | "unversioned-mount"
  | "misplaced"
  | "versioned-mount"
  | "wrapping-token"
  | "odd-answer"
  | "too-long-answer"

/** A request for a secret. Its path holds names, which are no secrets. */
export interface Asked {
  readonly path: string
  readonly does: "read" | "read version" | "list" | "change" | "delete"
}

/** What is known of a failed request. */
export interface FailureDetails {
  readonly stage?: Stage | undefined
  /** The status, if there was an answer. */
  readonly status?: number | undefined
  readonly reason?: Reason | undefined
  /** If there was no answer: Node's or OpenSSL's name of what happened. */
  readonly network?: string | undefined
  /** Whether nothing left this machine. */
  readonly notSent?: boolean | undefined
  readonly retryAfter?: string | undefined
  readonly requestId?: string | undefined
  /** What was asked, where it was for a secret: its path, decoded and without the query. */
  readonly asked?: Asked | undefined
  /** The version that is deleted, where a 404 says that there is one. */
  readonly deleted?: { readonly version: string; readonly destroyed: boolean } | undefined
  /** When the server answered, in milliseconds since 1970, if it says so. */
  readonly at?: number | undefined
}

/** What a request of the server ended with. Holds what the table needs, and nothing that the server wrote. */
export class VaultFailure extends Error {
  override readonly name = "VaultFailure"
  readonly stage: Stage
  readonly status: number | undefined
  readonly reason: Reason | undefined
  readonly network: string | undefined
  readonly notSent: boolean
  readonly retryAfter: string | undefined
  readonly requestId: string | undefined
  readonly asked: Asked | undefined
  readonly deleted: FailureDetails["deleted"]
  readonly at: number | undefined

  constructor(details: FailureDetails) {
    super("a request of the server failed")
    this.stage = details.stage ?? "call"
    this.status = details.status
    this.reason = details.reason
    this.network = details.network
    this.notSent = details.notSent ?? false
    this.retryAfter = details.retryAfter
    this.requestId = details.requestId
    this.asked = details.asked
    this.deleted = details.deleted
    this.at = details.at
  }
}

/** Go's own words on a port for TLS. */
const SPEAKS_TLS = /HTTP request to an HTTPS server/i

/**
 * What the server says, at which statuses, and what it means. Read from the sources of Vault 1.21 and OpenBao 2.4, and
 * seen on both. The same words at another status are somebody else's: an engine hands on what its database says with 500.
 */
const WORDS: readonly (readonly [said: RegExp, at: readonly number[], meant: Reason])[] = [
  [/check-and-set parameter did not match/i, [400], "cas-mismatch"],
  [/check-and-set parameter required/i, [400], "cas-required"],
  [/wrapping token is not valid/i, [400], "wrapping-token"],
  [/invalid token|bad token/i, [403], "dead-token"],
  // A policy said no, so the token is alive: a dead one is refused without counting errors.
  [/^\d+ errors? occurred:\s+\* permission denied/i, [403], "not-permitted"],
  // So OpenBao, and older Vaults, say that a token is dead; engines may say it, too.
  [/^\s*permission denied\s*$/i, [403], "plainly-denied"],
  [/missing client token/i, [400, 403], "missing-token"],
  [/no handler for route/i, [404], "no-engine"],
  [/no namespace|namespace not found/i, [404], "no-namespace"],
  [/unknown role|\brole\b.* not found/i, [400, 404], "no-role"],
  [/not initiali[sz]ed/i, [501, 503], "not-initialised"],
  [/\bsealed\b/i, [500, 503], "sealed"],
  [/too large|exceeds? (?:the )?(?:max|allowed)/i, [400, 413, 500], "too-large"],
  [/upgrading from non-versioned to versioned/i, [400], "upgrading"],
  [/invalid path for a versioned/i, [404], "versioned-mount"],
  // Version 2 misses the field `data` of what was written for version 1.
  [/^\s*no data provided\s*$/i, [400], "versioned-mount"],
]

/** What the server's words mean at this status, if that is known. */
export function reasonOf(words: string, status: number): Reason | undefined {
  return WORDS.find(([said, at]) => at.includes(status) && said.test(words))?.[2]
}

/** What an answer means that is no JSON: one comes from the server, before it is asked anything at all. */
export function reasonOfText(text: string, status: number): Reason | undefined {
  return status === 400 && SPEAKS_TLS.test(text) ? "speaks-tls" : undefined
}

/** The failure of a request that had no answer, from whatever the transport threw. */
export function unanswered(thrown: unknown, stage: Stage): VaultFailure {
  const network = nameOf(thrown) ?? nameOf(property(thrown, "cause")) ?? "unknown"
  const inConnect = property(thrown, "syscall") === "connect"
  return new VaultFailure({ stage, network, notSent: inConnect || network.startsWith("ERR_PROXY_") })
}

/**
 * Whether the two sides may not accept each other's certificates: `"unheard"` if that is why there is no answer, because
 * what was sent is looked at after that; `"unclear"` if the far side only broke off.
 */
export function refusalIn(thrown: unknown): "unheard" | "unclear" | undefined {
  const known = networkFailure(nameOf(thrown), NO_HINTS)
  if (known?.transient === false) return "unheard"
  return known !== undefined && !known.notSent ? "unclear" : undefined
}

const NO_HINTS: NetworkHints = { host: "", address: "", certificate: "", tls: "" }

function nameOf(thrown: unknown): string | undefined {
  const code = property(thrown, "code")
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : undefined
}

function property(thing: unknown, key: string): unknown {
  return typeof thing === "object" && thing !== null ? Reflect.get(thing, key) : undefined
}
