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
  | "not-initialised"
  | "sealed"
  | "speaks-tls"
  | "too-large"
  | "upgrading"
  | "unversioned-mount"
  | "versioned-mount"
  | "wrapping-token"
  | "odd-answer"
  | "too-long-answer"

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
  /** The version that is deleted, where a 404 says that there is one. */
  readonly deleted?: { readonly version: string; readonly destroyed: boolean } | undefined
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
  readonly deleted: FailureDetails["deleted"]

  constructor(details: FailureDetails) {
    super("a request of the server failed")
    this.stage = details.stage ?? "call"
    this.status = details.status
    this.reason = details.reason
    this.network = details.network
    this.notSent = details.notSent ?? false
    this.retryAfter = details.retryAfter
    this.requestId = details.requestId
    this.deleted = details.deleted
  }
}

/** What the server says, and what it means. Read from the sources of Vault 1.21 and OpenBao 2.4, and seen on both. */
const WORDS: readonly (readonly [said: RegExp, meant: Reason])[] = [
  [/check-and-set parameter did not match/i, "cas-mismatch"],
  [/check-and-set parameter required/i, "cas-required"],
  [/wrapping token is not valid/i, "wrapping-token"],
  [/invalid token|bad token/i, "dead-token"],
  // A policy said no, so the token is alive: a dead one is refused without counting errors.
  [/^\d+ errors? occurred:\s+\* permission denied/i, "not-permitted"],
  [/missing client token/i, "missing-token"],
  [/no handler for route/i, "no-engine"],
  [/no namespace|namespace not found/i, "no-namespace"],
  [/unknown role|\brole\b.* not found/i, "no-role"],
  [/not initiali[sz]ed/i, "not-initialised"],
  [/\bsealed\b/i, "sealed"],
  [/HTTP request to an HTTPS server/i, "speaks-tls"],
  [/too large|exceeds? (?:the )?(?:max|allowed)/i, "too-large"],
  [/upgrading from non-versioned to versioned/i, "upgrading"],
  [/invalid path for a versioned/i, "versioned-mount"],
]

/** What the server's words mean, if that is known. */
export function reasonOf(words: string): Reason | undefined {
  return WORDS.find(([said]) => said.test(words))?.[1]
}

/** The failure of a request that had no answer, from whatever the transport threw. */
export function unanswered(thrown: unknown, stage: Stage): VaultFailure {
  const network = nameOf(thrown) ?? nameOf(property(thrown, "cause")) ?? "unknown"
  const inConnect = property(thrown, "syscall") === "connect"
  return new VaultFailure({ stage, network, notSent: inConnect || network.startsWith("ERR_PROXY_") })
}

function nameOf(thrown: unknown): string | undefined {
  const code = property(thrown, "code")
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : undefined
}

function property(thing: unknown, key: string): unknown {
  return typeof thing === "object" && thing !== null ? Reflect.get(thing, key) : undefined
}
