import { isNetworkCode, type KnownFailure } from "../../src/core/index.ts"

/** Why there is no token. */
export type LoginProblem = "missing" | "refused" | "throttled" | "unreachable"

/** That there is no token, and why. Holds nothing of what the credentials, or who was asked for a token, said. */
export class LoginFailure extends Error {
  override readonly name = "LoginFailure"
  readonly problem: LoginProblem

  constructor(problem: LoginProblem) {
    super("there is no token for the service")
    this.problem = problem
  }
}

const PROBLEMS: Readonly<Record<LoginProblem, KnownFailure>> = {
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

/** What a login that failed means. */
export function loginProblem({ problem }: LoginFailure): KnownFailure {
  return PROBLEMS[problem]
}

/**
 * Turns what `google-auth-library` threw into why there is no token.
 *
 * @throws LoginFailure
 */
export function loginFailure(thrown: unknown): never {
  throw new LoginFailure(problemOf(thrown))
}

function problemOf(thrown: unknown): LoginProblem {
  const { message, code, status, response, cause } = (thrown ?? {}) as Readonly<Record<string, unknown>>
  // The library has no code for it; the text is its own and names nothing.
  if (typeof message === "string" && message.startsWith("Could not load the default credentials"))
    return "missing"
  const answered = (response as { status?: unknown } | undefined)?.status ?? status
  if (answered === 429) return "throttled"
  if (typeof answered === "number") return answered >= 500 ? "unreachable" : "refused"
  const codes = [code, (cause as { code?: unknown } | undefined)?.code]
  return codes.some(isNetworkCode) ? "unreachable" : "refused"
}
