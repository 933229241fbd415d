import { type ErrorTable, type KnownFailure, retryAfterOf } from "../../src/core/index.ts"

/** What a call of the server ended with. Holds what the table needs, and nothing that the server wrote. */
export class DepotFailure extends Error {
  override readonly name = "DepotFailure"
  readonly status: number | undefined
  readonly retryAfter: string | null

  /** @param status the status of the answer, or `undefined` if there was none. */
  constructor(status: number | undefined, retryAfter: string | null = null) {
    super("a call of the server failed")
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** From the server's statuses to our codes. */
const CODES: Readonly<Record<number, KnownFailure>> = {
  401: { code: "UNAUTHENTICATED", hint: "the token is not known to the server: make a new one" },
  403: { code: "DENIED", hint: "the token needs the right to read this path" },
  404: { code: "NOT_FOUND" },
  410: { code: "DISABLED" },
  412: { code: "CONFLICT" },
  413: { code: "INVALID_VALUE", message: "the value is larger than Depot holds" },
  429: { code: "THROTTLED" },
}

/** The table of Depot's errors. */
export const depotErrors: ErrorTable = thrown => {
  if (!(thrown instanceof DepotFailure)) return undefined
  const { status, retryAfter } = thrown
  if (status === undefined || status >= 500)
    return { code: "UNAVAILABLE", hint: "see whether the server is up" }
  const known = CODES[status]
  return known && { ...known, retryAfterMs: retryAfterOf(retryAfter) }
}
