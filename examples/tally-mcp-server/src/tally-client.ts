import { isSecretError, type Secret } from "latchkey"
import type { z } from "zod"
import { problemOfStatus, TallyError } from "./errors.ts"
import { Form, FormsPage, SubmissionsPage, User } from "./tally-answers.ts"

/** Without one the front of the service blocks the request. */
const USER_AGENT = "tally-mcp-server/0.1 (latchkey example)"

/** More than any page of forms or submissions needs; bounds what a broken far side can make this process hold. */
const LARGEST_ANSWER = 16 * 1024 * 1024

export interface TallyOptions {
  readonly token: Secret<string>
  /** Where the API is, as the configuration has checked it. */
  readonly baseUrl: string
  /** How long one call may take, with the retry after a 401. */
  readonly timeoutMs: number
}

export interface Page {
  readonly page: number
  readonly limit: number
}

export interface SubmissionsQuery extends Page {
  readonly startDate?: string | undefined
  readonly endDate?: string | undefined
  readonly afterId?: string | undefined
}

/** What has been read of an answer. It has a `status`, which is how `use()` sees that the token was refused. */
interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: string
}

type Query = Readonly<Record<string, string | number | undefined>>

/** Asks the Tally API. Every method rejects with a {@link TallyError} and nothing else. */
export class TallyClient {
  readonly #token: Secret<string>
  readonly #baseUrl: string
  readonly #timeoutMs: number

  constructor({ token, baseUrl, timeoutMs }: TallyOptions) {
    this.#token = token
    this.#baseUrl = baseUrl.replace(/\/+$/, "")
    this.#timeoutMs = timeoutMs
  }

  /** The account that the token belongs to. */
  async whoAmI(signal: AbortSignal): Promise<User> {
    return await this.#get("/users/me", {}, User, signal)
  }

  async listForms(page: Page, signal: AbortSignal): Promise<FormsPage> {
    return await this.#get("/forms", { ...page }, FormsPage, signal)
  }

  async getForm(id: string, signal: AbortSignal): Promise<Form> {
    return await this.#get(`/forms/${encodeURIComponent(id)}`, {}, Form, signal)
  }

  async listSubmissions(
    formId: string,
    query: SubmissionsQuery,
    signal: AbortSignal,
  ): Promise<SubmissionsPage> {
    const path = `/forms/${encodeURIComponent(formId)}/submissions`
    return await this.#get(path, { ...query }, SubmissionsPage, signal)
  }

  async #get<T>(path: string, query: Query, schema: z.ZodType<T>, cancelled: AbortSignal): Promise<T> {
    const url = addressOf(this.#baseUrl, path, query)
    const late = AbortSignal.timeout(this.#timeoutMs)
    const either = AbortSignal.any([cancelled, late])
    let answer: Answer
    try {
      // A 401 makes use() read the secret again and, if there is another value by now, call this once more.
      answer = await this.#token.use((value, { signal }) => ask(url, value, signal), { signal: either })
    } catch (thrown) {
      if (cancelled.aborted) throw new TallyError("cancelled")
      if (late.aborted) throw new TallyError("timeout")
      throw rebuilt(thrown)
    }
    return understood(answer, schema)
  }
}

function addressOf(baseUrl: string, path: string, query: Query): URL {
  const url = new URL(`${baseUrl}${path}`)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

async function ask(url: URL, token: string, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}`, accept: "application/json", "user-agent": USER_AGENT },
    // A redirect is handed back as it is and never followed: the token is for this address alone.
    redirect: "manual",
    signal,
  })
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: await textOf(response),
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ""
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > LARGEST_ANSWER) throw new TallyError("too-large", { status: response.status })
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function understood<T>(answer: Answer, schema: z.ZodType<T>): T {
  const { status, retryAfter, body } = answer
  if (status !== 200) {
    throw new TallyError(problemOfStatus(status), { status, retryAfterSeconds: secondsOf(retryAfter) })
  }
  const parsed = schema.safeParse(jsonOf(body))
  if (!parsed.success) throw new TallyError("malformed", { status })
  return parsed.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's error quotes its input; undefined fits no schema and becomes "malformed".
    return undefined
  }
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). */
function secondsOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined
}

/** What may be known of an error of `fetch` or of latchkey: a code from a closed set, never its text. */
function rebuilt(thrown: unknown): TallyError {
  if (thrown instanceof TallyError) return thrown
  if (isSecretError(thrown)) return new TallyError("no-token", { code: thrown.code })
  return new TallyError("unreachable", { code: networkCodeOf(thrown) })
}

function networkCodeOf(thrown: unknown): string | undefined {
  const code =
    thrown instanceof Error && thrown.cause instanceof Error && "code" in thrown.cause && thrown.cause.code
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : undefined
}
