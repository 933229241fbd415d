import { isSecretError, notInstalled, openOnce, untilAborted } from "../../src/core/index.ts"
import { type Asked, reasonOf, reasonOfText, type Stage, unanswered, VaultFailure } from "./failure.ts"
import { fieldsOf, numberOf, textOf } from "./json.ts"
import type { VaultAnswer, VaultTransport } from "./transport.ts"

/** One request of the server, in the words of its HTTP API. */
export interface Ask {
  readonly method: "GET" | "POST" | "DELETE"
  /** Behind `/v1/`, with every segment encoded: `secret/data/tally/api-token`. */
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>> | undefined
  readonly token?: string | undefined
  readonly namespace?: string | undefined
  readonly stage?: Stage | undefined
  readonly signal: AbortSignal
}

/** What the server answered: its JSON, taken apart and as it came. Nothing, where it answers with nothing (204). */
export interface Answer {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
  /** When it was given, in milliseconds since 1970, by the clock of the server (or of what stands in front of it), if it says so. */
  readonly at: number | undefined
}

/** The one way to the server. */
export interface Client {
  /** @throws VaultFailure if there is no answer, or none of success; SecretError `CLOSED` after `close()` */
  ask(ask: Ask): Promise<Answer>
  close(): Promise<void>
}

/** The few things of node-vault that are used. */
interface NodeVault {
  endpoint: string
  token: string
  namespace: string
  pathPrefix: string
  request(options: Record<string, unknown>): Promise<unknown>
}

/** What node-vault hands to whatever stands in for its HTTP client. */
interface SeamOptions {
  readonly uri: string
  readonly ask: Ask
  readonly headers: Readonly<Record<string, string>>
}

/**
 * node-vault behind its transport seam: it makes addresses and looks at statuses, and none of its own requests are sent,
 * because those print tokens and values when they fail, and follow redirects with the token.
 */
export function clientOf(address: string, transport: VaultTransport): Client {
  const closing = new AbortController()
  const loaded = openOnce(async () => {
    const { default: nodeVault } = await import("node-vault").catch(notInstalled("node-vault", "vault()"))
    const made = nodeVault({
      endpoint: address,
      debug: () => undefined,
      "request-promise": { defaults: () => (options: SeamOptions) => exchange(options, transport) },
    }) as unknown as NodeVault
    // It fills these from variables of the environment where they are missing.
    return Object.assign(made, { endpoint: address, token: "", namespace: "", pathPrefix: "" })
  })

  return {
    async ask(ask) {
      const asked = async (signal: AbortSignal): Promise<unknown> => {
        const nodeVault = await loaded.get()
        signal.throwIfAborted()
        return await nodeVault.request({
          method: ask.method,
          path: `/${ask.path}`,
          headers: headersOf(ask),
          ask: { ...ask, signal },
        })
      }
      return (await untilAborted(ask.signal, asked, closing.signal)) as Answer
    },
    async close() {
      closing.abort()
      await transport.close?.()
    },
  }
}

function headersOf({ token, namespace, body }: Ask): Record<string, string> {
  return {
    // A server may refuse what lacks it, and a browser that was led astray cannot send it.
    "X-Vault-Request": "true",
    accept: "application/json",
    ...(token !== undefined && { "X-Vault-Token": token }),
    ...(namespace !== undefined && { "X-Vault-Namespace": namespace }),
    ...(body !== undefined && { "content-type": "application/json" }),
  }
}

/** One request and its answer, in the form that node-vault wants. */
async function exchange(
  { uri, ask, headers }: SeamOptions,
  transport: VaultTransport,
): Promise<{ statusCode: number; body: Answer; request: { path: string } }> {
  const stage = ask.stage ?? "call"
  let answer: VaultAnswer
  try {
    answer = await transport.send({
      method: ask.method,
      url: uri,
      headers,
      body: ask.body === undefined ? undefined : JSON.stringify(ask.body),
      signal: ask.signal,
      freshCertificates: stage === "login",
    })
  } catch (thrown) {
    throw isSecretError(thrown) || thrown instanceof VaultFailure ? thrown : unanswered(thrown, stage)
  }
  return { statusCode: 200, body: understood(answer, ask), request: { path: "" } }
}

/**
 * Sees that a change was answered with nothing, as the engine does.
 *
 * @throws VaultFailure if something is said: that is not the engine
 */
export function nothingSaid({ text }: Answer): void {
  if (text !== "") throw new VaultFailure({ status: 200, reason: "odd-answer" })
}

/** What a good answer says. @throws VaultFailure for any other */
function understood({ status, headers, body }: VaultAnswer, ask: Ask): Answer {
  const { stage = "call" } = ask
  const at = timeIn(headers)
  if (status === 204) return { json: {}, text: "", at }
  const json = parsed(body)
  if (status === 200 && json !== undefined) return { json, text: body, at }
  const said = json === undefined ? reasonOfText(body.slice(0, 500), status) : reasonOf(wordsOf(json), status)
  const isOdd = said === undefined && DEFINITIVE.has(status) && !isVaults(json)
  const retryAfter = headers["retry-after"]
  throw new VaultFailure({
    stage,
    status,
    reason: isOdd ? "odd-answer" : said,
    retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    requestId: requestIdOf(json),
    asked: stage === "call" ? askedBy(ask) : undefined,
    deleted: deletedIn(json),
    at,
  })
}

/** The time in an answer's header "Date", which has whole seconds (RFC 9110, section 6.6.1). */
function timeIn({ date }: VaultAnswer["headers"]): number | undefined {
  const at = typeof date === "string" ? Date.parse(date) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function askedBy({ method, path: written }: Ask): Asked {
  const [path = "", query = ""] = written.split("?")
  const reads = query === "list=true" ? "list" : query === "" ? "read" : "read version"
  return {
    path: decodeURIComponent(path),
    does: method === "GET" ? reads : method === "POST" ? "change" : "delete",
  }
}

/** An object in JSON, or nothing: what a proxy answers is HTML, and what is cut off does not parse. */
function parsed(body: string): Record<string, unknown> | undefined {
  try {
    return fieldsOf(JSON.parse(body))
  } catch {
    // The parser's message quotes the answer; that it is odd is all that is kept.
    return undefined
  }
}

/** Statuses that say something for good about the secret or the identity, and are believed from nobody but the server. */
const DEFINITIVE: ReadonlySet<number> = new Set([200, 400, 401, 403, 404, 405])

/**
 * Whether the server itself refuses: it says `errors`, each a text, or which version is deleted. Proxies and gateways have
 * answers of their own for the same statuses, in JSON, too.
 */
function isVaults(json: Record<string, unknown> | undefined): boolean {
  return isTexts(json?.errors) || deletedIn(json) !== undefined
}

/** All that the server says in words. To be looked through, and forgotten. */
function wordsOf({ errors, warnings }: Readonly<Record<string, unknown>>): string {
  return [errors, warnings].flatMap(words => (isTexts(words) ? words : [])).join("\n")
}

function isTexts(thing: unknown): thing is readonly string[] {
  return Array.isArray(thing) && thing.every(one => typeof one === "string")
}

function requestIdOf(json: Record<string, unknown> | undefined): string | undefined {
  const id = textOf(json?.request_id)
  return id !== undefined && /^[0-9a-f-]{36}$/.test(id) ? id : undefined
}

/** A version that was deleted is answered with 404, and said to be there all the same (KV version 2, "Read Secret Version"). */
function deletedIn(json: Record<string, unknown> | undefined): VaultFailure["deleted"] {
  const data = fieldsOf(json?.data)
  const metadata = data?.data === null ? fieldsOf(data.metadata) : undefined
  const version = numberOf(metadata?.version)
  return version === undefined
    ? undefined
    : { version: String(version), destroyed: metadata?.destroyed === true }
}
