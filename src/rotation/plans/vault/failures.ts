import {
  isNetworkCode,
  isSecretError,
  type KnownFailure,
  networkFailure,
  rebuild,
  retryAfterOf,
  type SecretError,
} from "../../../core/index.ts"
import type { VaultApiAnswer, VaultApiRequest } from "./api.ts"

/** What an error is about. */
interface About {
  /** The secret that is rotated. */
  readonly secret: string
  readonly request: Pick<VaultApiRequest, "method" | "path" | "token">
}

const NETWORK_HINTS = {
  host: "look at the host in address",
  address: "look at address, and whether the server runs",
  certificate: "give a fetch that trusts the authority which signed it",
  tls: "write http:// in address if it is this machine",
}

/**
 * What the server's words mean, where a status means more than one thing. Read from Vault 1.21 and OpenBao 2.4, and seen on
 * both. The words themselves are not kept: they quote what was asked.
 */
const WORDS: readonly (readonly [said: RegExp, meant: KnownFailure])[] = [
  [
    /no handler for route|unsupported (?:path|operation)/i,
    {
      code: "MISCONFIGURED",
      message: "there is no AppRole login at this mount",
      hint: "see vault auth list for mount; each namespace has mounts of its own",
    },
  ],
  [
    /\brole\b.* does not exist/i,
    { code: "MISCONFIGURED", message: "there is no such role", hint: "see vault list auth/<mount>/role" },
  ],
  [
    /bind_secret_id is not set/i,
    {
      code: "MISCONFIGURED",
      message: "the role logs in without a secret id",
      hint: "there is nothing to rotate, unless bind_secret_id=true is set on the role",
    },
  ],
  [
    /ttl cannot be longer/i,
    {
      code: "MISCONFIGURED",
      message: "secretIdTtl is longer than the role lets a secret id live",
      hint: "write a shorter one, or leave it out: then it is secret_id_ttl of the role",
    },
  ],
  [
    /by CIDR restrictions/i,
    {
      code: "DENIED",
      message: "the role lets nobody log in from this host, whatever the secret id",
      hint: "add the address of whoever rotates to secret_id_bound_cidrs of the role",
    },
  ],
  [
    /invalid token|bad token/i,
    {
      code: "UNAUTHENTICATED",
      message: "the server does not know the token of whoever rotates",
      hint: "it has run out or was revoked: make a new one",
    },
  ],
  [/\bsealed\b/i, { code: "UNAVAILABLE", message: "the server is sealed", hint: "vault operator unseal" }],
]

const NOT_TAKEN: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the server does not accept the request",
  transient: false,
  hint: "its log says why",
}

const STATUSES: Readonly<Record<number, KnownFailure>> = {
  400: NOT_TAKEN,
  404: {
    code: "MISCONFIGURED",
    message: "there is nothing at this path of the server",
    hint: "see vault auth list for mount, and whether address leads to the server itself",
  },
  412: { code: "UNAVAILABLE", message: "this server does not know yet what another one was told" },
  429: { code: "THROTTLED", hint: "see sys/quotas/rate-limit on the server" },
}

/** A login that is refused whatever the secret id is: it says nothing about the secret id. */
const NO_LOGIN: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the server lets nobody log in by this role now",
  hint: "after several failed logins a role is locked for 15 minutes (vault read sys/locked-users); if it is not that, see the namespace",
}

const REDIRECTED: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the server sends elsewhere, where the token is not taken to",
  hint: "give the address of the active server, or of a load balancer that knows it",
}

const ODD: KnownFailure = {
  code: "UNAVAILABLE",
  message: "the answer is not one that Vault gives",
  hint: "see what stands between here and the server: a proxy, a login page, another service at this address",
}

/** What an answer means that is no success. */
export function refusalOf(answer: VaultApiAnswer, { secret, request }: About): SecretError {
  const known = { ...meaningOf(answer, request), retryAfterMs: retryAfterOf(answer.retryAfter) }
  return rebuild(undefined, { secret, store: "vault" }, known)
}

/** An answer of success that does not say what it should. */
export function oddAnswer(secret: string): SecretError {
  return rebuild(undefined, { secret, store: "vault" }, ODD)
}

/** What was not answered. Nothing of it is kept but its code. */
export function unanswered(thrown: unknown, secret: string): SecretError {
  const context = { secret, store: "vault" }
  if (isSecretError(thrown)) return rebuild(thrown, context)
  const code = codeIn(thrown) ?? codeIn(property(thrown, "cause"))
  const known = networkFailure(code, NETWORK_HINTS)
  if (known !== undefined) return rebuild(thrown, context, known)
  const named = code !== undefined && isNetworkCode(code) ? ` (${code})` : ""
  return rebuild(thrown, context, {
    code: "UNAVAILABLE",
    message: `the server cannot be reached${named}`,
    hint: NETWORK_HINTS.address,
  })
}

/** Whether the server says that this is no secret id of the role. */
export function saysInvalid({ status, body }: VaultApiAnswer): boolean {
  return status === 400 && /^invalid (?:role or )?secret[ _]id/i.test(wordsIn(body))
}

function meaningOf({ status, body }: VaultApiAnswer, request: About["request"]): KnownFailure {
  if (status >= 300 && status < 400) return REDIRECTED
  const words = wordsIn(body)
  const said = WORDS.find(([one]) => one.test(words))?.[1]
  if (said !== undefined) return said
  // What does not speak as the server does says nothing for good: a proxy has answers of its own for these.
  if ([400, 401, 403, 404, 405].includes(status) && words === "") return ODD
  if (status === 403) return request.token === "none" ? NO_LOGIN : deniedAt(request)
  return (
    STATUSES[status] ?? (status < 500 ? NOT_TAKEN : { code: "UNAVAILABLE", message: "the server failed" })
  )
}

function deniedAt({ method, path }: About["request"]): KnownFailure {
  const needs = `path "${decodeURIComponent(path)}" { capabilities = ["${method === "GET" ? "read" : "update"}"] }`
  return {
    code: "DENIED",
    message: "whoever rotates may not do this, or the token has run out",
    hint: `a policy of the token needs: ${needs}`,
  }
}

/** All that the server says in words. To be looked through, and forgotten. */
function wordsIn(body: unknown): string {
  const errors = property(body, "errors")
  return Array.isArray(errors) ? errors.filter(one => typeof one === "string").join("\n") : ""
}

function codeIn(thrown: unknown): string | undefined {
  const code = property(thrown, "code")
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,79}$/.test(code) ? code : undefined
}

function property(thing: unknown, key: string): unknown {
  try {
    return typeof thing === "object" && thing !== null ? Reflect.get(thing, key) : undefined
  } catch {
    // A getter that throws: nothing that is known.
    return undefined
  }
}
