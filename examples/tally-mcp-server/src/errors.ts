/** Every way in which a question to Tally can fail. The set is closed; each has its sentence in {@link SENTENCES}. */
export type TallyProblem =
  | "bad-request"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "rate-limited"
  | "broken"
  | "redirected"
  | "malformed"
  | "too-large"
  | "timeout"
  | "unreachable"
  | "cancelled"
  | "no-token"

/** What happened and what to do next, in words for the person (or the model) that reads the tool's answer. */
const SENTENCES: Record<TallyProblem, { readonly happened: string; readonly next: string }> = {
  "bad-request": {
    happened: "Tally did not understand the request.",
    next: "Check the arguments, dates above all, and call again.",
  },
  unauthorized: {
    happened: "Tally does not accept the API token.",
    next: "Make a new key in Tally (Settings, API keys) and store it as tally/api-token; the server picks it up without a restart.",
  },
  forbidden: {
    happened: "The API token may not do this.",
    next: "Ask the owner of the form for access, or use the key of an account that has it.",
  },
  "not-found": {
    happened: "Tally has nothing of this id.",
    next: "Call list_forms to see the ids of the forms that this token can read.",
  },
  "rate-limited": {
    happened: "Tally asks to slow down: it allows 100 requests a minute.",
    next: "Wait, then call again; a larger limit per page needs fewer calls.",
  },
  broken: {
    happened: "Tally failed to answer.",
    next: "Try again in a minute; if it goes on, look at the status page of Tally.",
  },
  redirected: {
    happened: "The answer was a redirect, which is not followed, so that the token goes nowhere else.",
    next: "Check TALLY_BASE_URL: it must be the address of the API itself.",
  },
  malformed: {
    happened: "The answer does not look like one of the Tally API.",
    next: "Check TALLY_BASE_URL; if it is right, the API has changed and this server needs an update.",
  },
  "too-large": {
    happened: "The answer is too large.",
    next: "Ask for fewer items per page with limit.",
  },
  timeout: {
    happened: "Tally did not answer in time.",
    next: "Try again with a smaller limit; TALLY_TIMEOUT_MS sets how long the server waits.",
  },
  unreachable: {
    happened: "Tally cannot be reached.",
    next: "Check the network, the proxy and TALLY_BASE_URL, then call again.",
  },
  cancelled: {
    happened: "The call was cancelled.",
    next: "Call again if the answer is still wanted.",
  },
  "no-token": {
    happened: "The API token cannot be read at the moment.",
    next: "The server's log says which store failed and why.",
  },
}

/** What may be known of a failure beside its kind. None of it comes from the text of an answer or of another error. */
export interface TallyErrorDetails {
  /** The status of the answer, if there was one. */
  readonly status?: number
  /** How long Tally asked to wait. */
  readonly retryAfterSeconds?: number | undefined
  /** A code in capitals: of the network (`ECONNREFUSED`) or of latchkey (`STALE`). */
  readonly code?: string | undefined
}

/**
 * The one error of the Tally client. It has no `cause` and quotes nobody: errors of HTTP clients can carry the
 * request's headers, and the token is one of them.
 */
export class TallyError extends Error {
  override readonly name = "TallyError"
  readonly problem: TallyProblem
  readonly details: TallyErrorDetails

  constructor(problem: TallyProblem, details: TallyErrorDetails = {}) {
    super(describe(problem, details))
    this.problem = problem
    this.details = details
  }
}

function describe(problem: TallyProblem, { status, retryAfterSeconds, code }: TallyErrorDetails): string {
  const { happened, next } = SENTENCES[problem]
  const evidence = [status && `HTTP ${status}`, code].filter(Boolean).join(", ")
  const wait = retryAfterSeconds === undefined ? "" : ` It asks to wait ${retryAfterSeconds} s.`
  return `${happened}${evidence && ` (${evidence})`}${wait} ${next}`
}

/** The problem that a status other than 2xx stands for. */
export function problemOfStatus(status: number): TallyProblem {
  switch (status) {
    case 401:
      return "unauthorized"
    case 403:
      return "forbidden"
    case 404:
      return "not-found"
    case 408:
      return "timeout"
    case 429:
      return "rate-limited"
  }
  if (status >= 500) return "broken"
  if (status >= 400) return "bad-request"
  return status >= 300 ? "redirected" : "malformed"
}

/**
 * Why a call could not be written down: a code of PostgreSQL or of the network, never their text, which may quote the
 * statement.
 */
export class NotWrittenDown extends Error {
  override readonly name = "NotWrittenDown"
  readonly code: string

  constructor(code: string) {
    super(
      `The call could not be written down (${code}), so its answer is kept back. Check the database and its address, db/url, then call again.`,
    )
    this.code = code
  }
}
