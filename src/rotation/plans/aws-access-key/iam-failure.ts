import { isNetworkCode, type KnownFailure, networkFailure, SecretError } from "../../../core/index.ts"
import type { IamAction } from "./iam.ts"

const STORE = "aws iam"

const HINTS = {
  host: "see the endpoint and the region of the IAM client",
  address: "see whether the endpoint of the IAM client is right",
  certificate: "name its authority in NODE_EXTRA_CA_CERTS when the process starts",
  tls: "see the endpoint of the IAM client: is it http?",
}

const refusedLogin: KnownFailure = {
  code: "UNAUTHENTICATED",
  message: "AWS does not accept the credentials of the IAM client",
  hint: "see the credentials that the client was made with, and the clock of this machine",
}

/** By the names of IAM's errors ("Common error types" and the actions in the IAM API Reference), without `Exception`. */
const CODES: Readonly<Record<string, KnownFailure>> = {
  NoSuchEntity: { code: "MISCONFIGURED", message: "there is no such user, or it has no such key" },
  AccessDenied: { code: "DENIED" },
  UnauthorizedOperation: { code: "DENIED" },
  Throttling: { code: "THROTTLED" },
  ThrottlingException: { code: "THROTTLED" },
  TooManyRequests: { code: "THROTTLED" },
  RequestLimitExceeded: { code: "THROTTLED" },
  EntityTemporarilyUnmodifiable: {
    code: "UNAVAILABLE",
    message: "the user is being changed by somebody else",
  },
  ConcurrentModification: { code: "UNAVAILABLE", message: "the user is being changed by somebody else" },
  ServiceFailure: { code: "UNAVAILABLE", message: "IAM failed" },
  ServiceUnavailable: { code: "UNAVAILABLE", message: "IAM is not available" },
  InternalFailure: { code: "UNAVAILABLE", message: "IAM failed" },
  InvalidClientTokenId: refusedLogin,
  SignatureDoesNotMatch: refusedLogin,
  IncompleteSignature: refusedLogin,
  ExpiredToken: refusedLogin,
  MissingAuthenticationToken: refusedLogin,
  CredentialsProviderError: {
    ...refusedLogin,
    message: "the IAM client has no credentials",
  },
}

/** What IAM answered certainly: it has done nothing. */
const ANSWERED: ReadonlySet<string> = new Set([
  "EntityTemporarilyUnmodifiable",
  "ConcurrentModification",
  "Throttling",
  "ThrottlingException",
])

/**
 * A failure of a call to IAM. Nothing of it is kept but its name and the id of the request: what an SDK throws carries
 * headers and bodies.
 */
export function iamFailure(thrown: unknown, action: IamAction, user: string): SecretError {
  const { name, code, $metadata } = fieldsOf(thrown)
  const { requestId } = fieldsOf($metadata)
  const word = nameOf(name)
  const known = word === undefined || !Object.hasOwn(CODES, word) ? undefined : CODES[word]
  const network = networkFailure(text(code), HINTS)
  const found: KnownFailure = known ??
    network ??
    (isNetworkCode(text(code)) ? { code: "UNAVAILABLE" } : undefined) ?? {
      code: "UNAVAILABLE",
      message: `IAM could not do it${word === undefined ? "" : ` (${word})`}`,
    }
  const { notSent, ...details } = found
  const isLost =
    action === "CreateAccessKey" && found.code === "UNAVAILABLE" && !notSent && !ANSWERED.has(word ?? "")
  return named(
    new SecretError(found.code, {
      store: STORE,
      ...details,
      hint: found.hint ?? hintOf(found, action, user),
      requestId: typeof requestId === "string" && /^[\w-]{1,64}$/.test(requestId) ? requestId : undefined,
      ...(isLost && {
        outcome: "unknown",
        hint: "a key may have been made of which nobody knows: the next run looks for it",
      }),
    }),
    word,
  )
}

function hintOf({ code }: KnownFailure, action: IamAction, user: string): string | undefined {
  if (code === "DENIED") return `allow iam:${action} on arn:aws:iam::*:user/${user}`
  if (code === "MISCONFIGURED") return `see user of the plan: aws iam get-user --user-name ${user}`
  return undefined
}

/** Which of IAM's errors an error of ours was made of, for those who go on with some of them. */
const NAMES = new WeakMap<SecretError, string>()

function named(error: SecretError, name: string | undefined): SecretError {
  if (name !== undefined) NAMES.set(error, name)
  return error
}

/** Whether there was no such user or key. */
export function hasNone(thrown: unknown): boolean {
  return thrown instanceof SecretError && NAMES.get(thrown) === "NoSuchEntity"
}

/** Whether the user has as many keys as it may. */
export function isFull(thrown: unknown): boolean {
  return thrown instanceof SecretError && NAMES.get(thrown) === "LimitExceeded"
}

function nameOf(name: unknown): string | undefined {
  const word = text(name)?.replace(/(?<=.)Exception$/, "")
  return word !== undefined && /^\w{1,64}$/.test(word) ? word : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined
}

function fieldsOf(thing: unknown): Readonly<Record<string, unknown>> {
  return typeof thing === "object" && thing !== null ? (thing as Record<string, unknown>) : {}
}
