import { isNetworkCode, isSecretError, type SecretError } from "../../src/core/index.ts"
import { fieldsOf, numberOf } from "./foreign.ts"

/**
 * Why there is no token. `"unreachable"`: no answer, or none that says anything. `"throttled"`: too many logins.
 * `"refused"`: there is no credential here, or it is not accepted.
 */
export type LoginTrouble = "unreachable" | "throttled" | "refused"

/** A login that failed. Holds what the table of errors needs, and nothing that a credential or a service wrote. */
export class LoginFailure extends Error {
  override readonly name = "LoginFailure"
  readonly trouble: LoginTrouble
  /** The number of Microsoft's own error: "7000215" for AADSTS7000215. */
  readonly number: string | undefined

  /** @param number see {@link LoginFailure.number}. */
  constructor(trouble: LoginTrouble, number?: string) {
    super("the login failed")
    this.trouble = trouble
    this.number = number
  }
}

/**
 * What Microsoft's login library says where nobody answered. Its credentials wrap that several times, until nothing is
 * left of it but these words in a text.
 */
const SAYS_UNREACHABLE = /\b(?:network_error|no_network_connectivity|endpoints_resolution_error)\b/

/**
 * Numbers of Microsoft's that say that its service is not at its best, and not that it refuses ("Microsoft Entra
 * authentication and authorization error codes"): 90033 and 90006, unavailable for the time being; 90012 and 90024, its
 * request took too long; 50196, too many of the same request.
 */
const PASSING: Readonly<Record<string, LoginTrouble>> = {
  90033: "unreachable",
  90006: "unreachable",
  90012: "unreachable",
  90024: "unreachable",
  50196: "throttled",
}

/** How many errors deep another one is looked for. */
const DEEPEST = 4

/** What a credential threw, as far as it may be known. An error of ours, a package that is missing, stays what it is. */
export function loginFailureOf(thrown: unknown): LoginFailure | SecretError {
  if (thrown instanceof LoginFailure || isSecretError(thrown)) return thrown
  const all = around(thrown, DEEPEST)
  const statuses = all.map(one => numberOf(one.statusCode) ?? numberOf(one.status) ?? 0)
  const texts = all.map(one => (typeof one.message === "string" ? one.message : ""))
  const number = texts.map(text => /\bAADSTS(\d{4,8})\b/.exec(text)?.[1]).find(found => found !== undefined)
  if (statuses.includes(429)) return new LoginFailure("throttled", number)
  // Before the number: an outage has one, too, and that is not always one of those above.
  if (statuses.some(status => status >= 500)) return new LoginFailure("unreachable", number)
  if (number !== undefined) return new LoginFailure(PASSING[number] ?? "refused", number)
  const unanswered =
    all.some(({ code }) => isNetworkCode(code) || code === "REQUEST_SEND_ERROR") ||
    texts.some(text => SAYS_UNREACHABLE.test(text))
  return new LoginFailure(unanswered ? "unreachable" : "refused")
}

/** An error and those in it: a chain of credentials gathers theirs in `errors`, others keep one as `cause`. */
function around(thrown: unknown, depth: number): Readonly<Record<string, unknown>>[] {
  const fields = fieldsOf(thrown)
  const inner = [fields.cause, ...(Array.isArray(fields.errors) ? fields.errors : [])]
  const deeper = depth === 0 ? [] : inner.filter(one => one !== undefined)
  return [fields, ...deeper.flatMap(one => around(one, depth - 1))]
}
