/** One bad day: a row of the matrix. */
export interface Row {
  readonly title: string
  /** What happens, in the words of the page. */
  readonly what: string
  /** Nothing comes back while it lasts, so time may move on while a call is under way. */
  readonly silent?: true
  /** Whether it takes as long as it takes, by the clock of the machine. */
  readonly realTime?: true
  /** Strikes writes, and not reads. */
  readonly strikes?: "writes"
}

/** All bad days, in the order in which the page lists them. */
export const ROWS = {
  refused: {
    title: "connection refused",
    what: "nobody listens at the address",
  },
  silence: {
    title: "accepted and never answered",
    what: "the connection is accepted, and nothing ever comes back",
    silent: true,
  },
  slow: {
    title: "slow by 2 s",
    what: "every answer comes two seconds late, which is less than `callTimeout`",
    realTime: true,
  },
  reset: {
    title: "reset in mid-body",
    what: "the connection is reset in the middle of an answer",
  },
  truncated: {
    title: "truncated",
    what: "the connection ends, in good order, in the middle of an answer",
  },
  throttledUntil: {
    title: "429 with `Retry-After`",
    what: "too many requests, and a time at which to come back",
  },
  throttled: {
    title: "429 without `Retry-After`",
    what: "too many requests, and nothing more",
  },
  failing: {
    title: "500",
    what: "an error inside of the service",
  },
  unavailable: {
    title: "503",
    what: "the service does not serve",
  },
  page: {
    title: "a proxy's page, status 200",
    what: "something in between answers with a page of HTML, as if all were well",
  },
  malformed: {
    title: "malformed answer",
    what: "an answer that cannot be read: JSON without its end, a payload that is not what its checksum says",
  },
  expiredAndBack: {
    title: "credentials expire, new ones are given",
    what: "what proves who asks expires in mid-life, and whoever gives it out gives out another",
  },
  expired: {
    title: "credentials expire, none are given",
    what: "the same, but no other is given out for a while",
  },
  silentLogin: {
    title: "the login service never answers",
    what: "credentials expire, and the request for others is accepted and never answered; later ones are",
    silent: true,
  },
  denied: {
    title: "permission withdrawn",
    what: "this identity may no longer read this secret",
  },
  deleted: {
    title: "secret deleted",
    what: "somebody deletes the secret",
  },
  disabled: {
    title: "secret disabled",
    what: "somebody switches off the only version",
  },
  badVersion: {
    title: "a bad new version disabled",
    what: "somebody writes a bad version and switches it off before anybody has read it",
  },
  keyService: {
    title: "the key service refuses",
    what: "the service that holds the key, with which the value is encrypted, does not let it be used",
  },
  otherAuthority: {
    title: "wrong CA",
    what: "the server shows a certificate that nobody trusted has signed",
  },
  redirect: {
    title: "redirect to another host",
    what: "the answer is 307, to another host; nobody goes there",
  },
  lostAnswer: {
    title: "the answer to a write lost",
    what: "a write is carried out, and the connection ends before its answer",
    strikes: "writes",
  },
} as const satisfies Readonly<Record<string, Row>>

/** What a bad day is called in code. */
export type RowId = keyof typeof ROWS

/** The names of all rows. */
export const ROW_IDS = Object.keys(ROWS) as readonly RowId[]
