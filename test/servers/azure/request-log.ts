/** One request, without any value or token. */
export interface LoggedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** With the query. */
  readonly url: string
  /** Whether a valid token came with it. */
  readonly authorised: boolean
  /** Whose token that was. */
  readonly identity: string | undefined
  readonly bodyEmpty: boolean
  /** When it came, in milliseconds since the server started, by a clock that only goes forward. */
  readonly at: number
  /** The status that it was answered with; `undefined` while, and if, there is no answer. */
  status: number | undefined
  /** Its place among all beginnings and ends of requests. */
  readonly began: number
  /** Likewise; `undefined` while it is in flight. */
  ended: number | undefined
}

/** Which requests are meant. */
export type Which = (request: LoggedRequest) => boolean

/** What a stand-in was asked, oldest first. */
export interface RequestLog {
  readonly requests: readonly LoggedRequest[]
  /** How many of them there were. Default: all. */
  count(which?: Which): number
  /** How many were in flight at once, at most. */
  mostInFlight(which?: Which): number
  /**
   * How many requests had to wait for one another: the length of the longest row in which each began when the one
   * before had ended. Ten at once are one wave, ten one after the other are ten.
   */
  waves(which?: Which): number
  /** Forgets everything so far. */
  clear(): void
}

/** {@link RequestLog}, with what only the server does. */
export interface RequestRecorder extends RequestLog {
  begin(request: Pick<LoggedRequest, "method" | "path" | "url" | "identity" | "bodyEmpty">): LoggedRequest
  end(request: LoggedRequest, status: number | undefined): void
}

/** Makes an empty log. */
export function requestRecorder(): RequestRecorder {
  const started = performance.now()
  let requests: LoggedRequest[] = []
  let events = 0
  return {
    get requests() {
      return requests
    },
    count: (which = all) => requests.filter(which).length,
    mostInFlight(which = all) {
      const chosen = requests.filter(which)
      const meanwhile = ({ began }: LoggedRequest): number =>
        chosen.filter(other => other.began <= began && (other.ended ?? Number.POSITIVE_INFINITY) > began)
          .length
      return Math.max(0, ...chosen.map(meanwhile))
    },
    waves(which = all) {
      const rows: { readonly ended: number; readonly length: number }[] = []
      for (const { began, ended } of requests.filter(which)) {
        const before = rows.filter(row => row.ended < began).map(row => row.length)
        rows.push({ ended: ended ?? Number.POSITIVE_INFINITY, length: 1 + Math.max(0, ...before) })
      }
      return Math.max(0, ...rows.map(row => row.length))
    },
    clear() {
      requests = []
    },
    begin(request) {
      const logged: LoggedRequest = {
        ...request,
        authorised: request.identity !== undefined,
        at: performance.now() - started,
        status: undefined,
        began: events++,
        ended: undefined,
      }
      requests.push(logged)
      return logged
    },
    end(request, status) {
      if (request.ended !== undefined) return
      request.status = status
      request.ended = events++
    },
  }
}

const all: Which = () => true
