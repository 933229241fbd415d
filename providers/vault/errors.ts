import {
  afterConflict,
  type ErrorTable,
  type KnownFailure,
  type NetworkHints,
  networkFailure,
  retryAfterOf,
} from "../../src/core/index.ts"
import { type Reason, VaultFailure } from "./failure.ts"
import { nothingAt, type Place, permissionFor } from "./next-step.ts"

/**
 * From the server's errors to our codes ("HTTP status codes" in Vault's API documentation, and what Vault 1.21 and
 * OpenBao 2.4 answer). A reason comes first, because statuses mean several things; then what the request was for; then
 * the status. What refuses a change before it is made says `notSent`.
 */
const REASONS: Readonly<Record<Reason, KnownFailure>> = {
  "cas-mismatch": {
    code: "CONFLICT",
    message: "another version is the current one, or there is one already",
    hint: `${afterConflict({ absent: true, version: true })}; if it was deleted, vault kv undelete brings it back, and vault kv metadata delete frees its name`,
  },
  "cas-required": {
    code: "CONFLICT",
    message: "the mount, or the secret, takes no value without a check-and-set",
    hint: 'say which version is to be replaced, with expect: the version, or "absent"',
  },
  "dead-token": {
    code: "UNAUTHENTICATED",
    message: "the server does not know the token: it has run out or was revoked",
    hint: "make a new one, or log in by auth=approle, kubernetes, jwt, userpass or cert, which is done again by itself",
  },
  "missing-token": { code: "UNAUTHENTICATED", message: "the request had no token", hint: "set VAULT_TOKEN" },
  "no-engine": {
    code: "MISCONFIGURED",
    message: "there is no engine at the mount",
    hint: "see vault secrets list; the mount may have several segments, and each namespace has mounts of its own",
  },
  "no-namespace": {
    code: "MISCONFIGURED",
    message: "there is no such namespace",
    hint: "see vault namespace list; a namespace in another one is written with the path to it",
  },
  "no-role": { code: "NOT_FOUND", hint: "the engine has no role of this name" },
  "not-permitted": {
    code: "DENIED",
    hint: "its policies need the path: docs/permissions.md has them; vault token capabilities shows what it has",
  },
  "plainly-denied": {
    code: "UNAUTHENTICATED",
    message: "the server denies it, and does not say whether it knows the token",
    hint: "see whether the token lives: vault token lookup",
  },
  "not-initialised": {
    code: "UNAVAILABLE",
    message: "the server was never initialised",
    transient: false,
    notSent: true,
    hint: "vault operator init",
  },
  sealed: {
    code: "UNAVAILABLE",
    message: "the server is sealed",
    notSent: true,
    hint: "vault operator unseal; with automatic unsealing, see whether the server reaches its key service",
  },
  "speaks-tls": {
    code: "UNAVAILABLE",
    message: "the server speaks TLS, and was asked without",
    transient: false,
    notSent: true,
    hint: "write https:// in the address, or tls=true in the URL",
  },
  "too-large": { code: "INVALID_VALUE", message: "the value is larger than the server takes" },
  upgrading: {
    code: "UNAVAILABLE",
    message: "the engine is being made one of version 2",
    notSent: true,
    hint: "this passes within seconds",
  },
  "unversioned-mount": {
    code: "MISCONFIGURED",
    message: "the engine is one of version 1",
    hint: "write kv=1 in the URL (kv: 1 in code), or leave it out: openStore() asks",
  },
  misplaced: {
    code: "MISCONFIGURED",
    message: "the engine is one of version 1, and has taken the value for a secret below data/",
    outcome: "unknown",
    hint: "delete it there, and write kv=1 in the URL (kv: 1 in code)",
  },
  "versioned-mount": {
    code: "MISCONFIGURED",
    message: "the engine is one of version 2",
    hint: "write kv=2 in the URL (kv: 2 in code), or leave it out: openStore() asks",
  },
  "wrapping-token": {
    code: "UNAUTHENTICATED",
    message: "the wrapping token was used before, or has run out",
  },
  "odd-answer": {
    code: "UNAVAILABLE",
    message: "the answer is not one that Vault gives",
    hint: "see what stands between here and the server: a proxy, a login page, another service at this address",
  },
  "too-long-answer": {
    code: "UNAVAILABLE",
    message: "the answer is longer than 64 MiB, and was not read to its end",
    transient: false,
    hint: "see what is at this address",
  },
}

/** What a refused login means, whichever way it was tried. */
const LOGIN: Readonly<Record<number, KnownFailure>> = {
  400: { code: "UNAUTHENTICATED", hint: "see the role and its credentials: the server does not accept them" },
  403: {
    code: "UNAUTHENTICATED",
    hint: "see the credentials, auth-mount= and login-namespace=: the server does not tell which of them is wrong",
  },
  404: {
    code: "MISCONFIGURED",
    message: "there is nothing to log in with at this mount",
    hint: "see vault auth list",
  },
  405: {
    code: "MISCONFIGURED",
    message: "the mount is for another way to log in",
    hint: "see vault auth list",
  },
}

const STATUSES: Readonly<Record<number, KnownFailure>> = {
  400: {
    code: "UNAVAILABLE",
    message: "the server does not accept the request",
    transient: false,
    notSent: true,
    hint: "its log says why",
  },
  401: { code: "UNAUTHENTICATED", hint: "what stands in front of the server asks for a login of its own" },
  403: REASONS["not-permitted"],
  404: { code: "NOT_FOUND" },
  405: {
    code: "MISCONFIGURED",
    message: "the engine at the mount cannot do this",
    hint: "see vault secrets list for its type",
  },
  412: {
    code: "UNAVAILABLE",
    message: "this server does not know yet what another one of the cluster was told",
    notSent: true,
  },
  413: REASONS["too-large"],
  429: { code: "THROTTLED", hint: "see sys/quotas/rate-limit on the server" },
  472: { code: "UNAVAILABLE", message: "the server stands by for another cluster", notSent: true },
  473: { code: "UNAVAILABLE", message: "the server stands by", notSent: true },
  501: REASONS["not-initialised"],
}

const REDIRECTED: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the server sends elsewhere, where the token is not taken to",
  notSent: true,
  hint: "give the address of the active server, or of a load balancer that knows it",
}

const NO_PROXY: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the proxy does not lead to the server",
  notSent: true,
  hint: "see the address of the proxy, and whether it lets this host and port through; NO_PROXY names those that need none",
}

const networkHints = (host: string): NetworkHints => ({
  host: `see ${host} ${WHERE_FROM}`,
  address: `see ${host} ${WHERE_FROM}, and whether the server runs`,
  certificate:
    "set ca-file=, VAULT_CACERT or tls.ca to the authority that signed it; see the host of the address, and the clock",
  tls: "write http:// in the address, or tls=false in the URL, if it is this machine; see whether the server asks for a certificate of this side (cert, key)",
})

/** What names a server. */
const WHERE_FROM = "in the URL of the store, or in VAULT_ADDR if that names no host"

/** The table of Vault's errors, for a store at one place. */
export function vaultErrorsAt(place: Place): ErrorTable {
  return (thrown, operation) => {
    if (!(thrown instanceof VaultFailure)) return undefined
    const row = thrown.status === undefined ? networkRow(thrown, place) : rowOf(thrown, thrown.status)
    if (row === undefined) return undefined
    const known = withNextStep(row, thrown, operation, place)
    return {
      ...known,
      requestId: thrown.requestId,
      retryAfterMs: retryAfterOf(thrown.retryAfter),
      // A failed login, or a failed question about the token, comes before whatever was to be done.
      notSent: thrown.stage !== "call" || thrown.notSent || known.notSent,
    }
  }
}

/** The rows that are about one path say which. */
function withNextStep(
  row: KnownFailure,
  { asked }: VaultFailure,
  operation: string,
  place: Place,
): KnownFailure {
  if (asked === undefined) return row
  if (row === REASONS["not-permitted"]) return { ...row, hint: permissionFor(asked, operation) }
  const isBelow = asked.path.startsWith(`${place.mount}/`)
  return row === STATUSES[404] && isBelow ? nothingAt(asked, place) : row
}

function rowOf({ stage, reason }: VaultFailure, status: number): KnownFailure | undefined {
  // A login has roles and permissions of its own, which are not those of secrets.
  const isOfSecrets = reason === "no-role" || reason === "not-permitted" || reason === "plainly-denied"
  if (reason !== undefined && (stage === "call" || !isOfSecrets)) return REASONS[reason]
  if (status >= 300 && status < 400) return REDIRECTED
  const login = stage === "call" ? undefined : LOGIN[status]
  const known = login ?? STATUSES[status]
  if (known !== undefined || status < 500) return known
  return { code: "UNAVAILABLE", message: "the server failed", hint: "see whether it is up, and its log" }
}

function networkRow({ network }: VaultFailure, { host }: Place): KnownFailure {
  if (network?.startsWith("ERR_PROXY_")) return NO_PROXY
  const otherwise = { code: "UNAVAILABLE", hint: `see ${host} ${WHERE_FROM}, and the way there` } as const
  return (
    networkFailure(network, networkHints(host)) ?? {
      ...otherwise,
      message: `the server cannot be reached (${network})`,
    }
  )
}
