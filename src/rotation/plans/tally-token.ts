import {
  misconfigured,
  networkFailure,
  rebuild,
  refuseNoFunction,
  refuseUnknownOptions,
  retryAfterOf,
  SecretError,
  untilAborted,
} from "../../core/index.ts"
import type { GeneratedPlan, Verdict } from "../plan.ts"
import { type AssistedInput, assisted } from "./assisted/index.ts"
import { inputOf } from "./assisted/input.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "./plan-options.ts"

/** What of an answer is looked at; that of `fetch` is one. */
export interface TallyResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: AsyncIterable<Uint8Array> | null
}

/** What Tally is asked with: the `fetch` of the platform, or one that goes through a proxy. */
export type TallyFetch = (
  url: string,
  init: {
    readonly headers: Readonly<Record<string, string>>
    readonly redirect: "manual"
    readonly signal: AbortSignal
  },
) => Promise<TallyResponse>

/** The options of {@link tallyToken}. */
export interface TallyTokenOptions extends ReadyPlanOptions {
  /** Where the new token comes from. */
  readonly input: AssistedInput
  /** Where the API is: `https:`, or `http:` on this machine. Default: `"https://api.tally.so"`. */
  readonly baseUrl?: string
  /** Default: the `fetch` of the platform. */
  readonly fetch?: TallyFetch
}

const OF = "tallyToken()"

/** Tally's front blocks what does not say who it is (Tally, "API reference": a `User-Agent` is required). */
const USER_AGENT = "latchkey (rotation)"

/** The user of a token is some hundred bytes; what goes on for longer is none. */
const LARGEST_ANSWER = 65_536

/**
 * The API token of a Tally account, which a person makes and ends in Tally's settings; see {@link assisted}.
 *
 * A token is verified by `GET /users/me` (Tally, "API reference", "Get user info"): 401 means that it is refused, and
 * an answer that does not look like a user of Tally means nothing, as when something between here and there answers.
 *
 * @throws SecretError `MISCONFIGURED` for options that do not exist or do not fit. Its functions throw `THROTTLED`,
 * `UNAVAILABLE`, `DENIED` or `MISCONFIGURED` where Tally gives no verdict.
 */
export function tallyToken(options: TallyTokenOptions): GeneratedPlan {
  refuseUnknownOptions(OF, options, ["input", "baseUrl", "fetch", ...READY_PLAN_OPTIONS])
  const url = `${baseOf(options.baseUrl ?? "https://api.tally.so")}/users/me`
  const ask: TallyFetch = options.fetch ?? ((address, init) => fetch(address, init))
  refuseNoFunction(`fetch of ${OF}`, ask)
  // Refused under the name that the caller knows.
  inputOf(OF, options.input)
  return assisted({
    ...taken(options),
    input: options.input,
    howToMake: "make a key in Tally (Settings, API keys)",
    howToRevoke: "delete the old key in Tally (Settings, API keys)",
    prefix: "tly-",
    verify: async (token, { name, signal }) =>
      await untilAborted(signal, async own => {
        // A header cannot carry it, so that no request would be made at all.
        if (!/^[\x21-\x7e]+$/.test(token)) return "refused"
        const answer = await answered(ask, url, token, own).catch((thrown: unknown) => {
          throw unreachable(thrown, name)
        })
        return verdictOf(answer, name)
      }),
  })
}

/** An answer that has been read. */
interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  /** `undefined` for one that is longer than any of Tally's. */
  readonly body: string | undefined
}

async function answered(ask: TallyFetch, url: string, token: string, signal: AbortSignal): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json",
    "user-agent": USER_AGENT,
  }
  // A redirect is never followed: the token is for this address alone.
  const response = await ask(url, { headers, redirect: "manual", signal })
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: await bodyOf(response),
  }
}

async function bodyOf({ body }: TallyResponse): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body ?? []) {
    size += piece.byteLength
    if (size > LARGEST_ANSWER) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString("utf8")
}

function verdictOf({ status, retryAfter, body }: Answer, secret: string): Verdict {
  if (status === 401) return "refused"
  if (status === 200 && isUser(body)) return "works"
  const about = { secret, store: "tally" }
  if (status === 200 || status < 400) {
    throw new SecretError("MISCONFIGURED", {
      ...about,
      message: `the answer with status ${status} is none of Tally's API`,
      hint: "look at baseUrl, and at what stands between here and Tally",
    })
  }
  if (status === 403) {
    throw new SecretError("DENIED", {
      ...about,
      message: "Tally lets nobody in from here, whatever the token",
      hint: "ask from another network, or ask Tally's support",
    })
  }
  if (status === 429) {
    throw new SecretError("THROTTLED", {
      ...about,
      message: "Tally asks to slow down",
      retryAfterMs: retryAfterOf(retryAfter),
    })
  }
  throw new SecretError("UNAVAILABLE", {
    ...about,
    message: `Tally answered with status ${status}`,
    retryAfterMs: retryAfterOf(retryAfter),
  })
}

function isUser(body: string | undefined): boolean {
  try {
    const user = JSON.parse(body ?? "") as { readonly id?: unknown } | null
    return typeof user?.id === "string"
  } catch {
    // No JSON, so no user.
    return false
  }
}

/** `fetch` says in `cause.code` what went wrong; all the rest may quote the request. */
function unreachable(thrown: unknown, secret: string): SecretError {
  const { cause } = (thrown ?? {}) as { readonly cause?: { readonly code?: unknown } }
  const code = typeof cause?.code === "string" ? cause.code : undefined
  const known = networkFailure(code, {
    host: "look at the host in baseUrl",
    address: "look at host and port in baseUrl",
    certificate: "look at NODE_EXTRA_CA_CERTS",
    tls: "look at baseUrl: http or https",
  })
  return rebuild(
    thrown,
    { secret, store: "tally" },
    known ?? { code: "UNAVAILABLE", message: "Tally cannot be reached" },
  )
}

function baseOf(baseUrl: unknown): string {
  const url = typeof baseUrl === "string" && URL.canParse(baseUrl) ? new URL(baseUrl) : undefined
  const isHere = url !== undefined && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname)
  const isFit =
    url !== undefined &&
    (url.protocol === "https:" || (url.protocol === "http:" && isHere)) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ""
  if (isFit) return url.href.replace(/\/+$/, "")
  throw misconfigured(
    `baseUrl of ${OF} is not the address of an API`,
    'write "https://api.tally.so"; http is for this machine alone, since the token is sent there',
  )
}
