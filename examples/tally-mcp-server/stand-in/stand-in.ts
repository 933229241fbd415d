import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { ADMIN_PATH, TokenAdmin } from "./admin.ts"
import { type Fault, Faults } from "./faults.ts"
import { RateLimit } from "./rate-limit.ts"
import { failure, type Reply, route } from "./routes.ts"
import { digestOf, TokenBook } from "./tokens.ts"

export interface StandInOptions {
  /** Default: a free one. */
  readonly port?: number
  /** How many requests a token may make in a minute. Default: 100, as Tally says. `Infinity` lifts the limit. */
  readonly requestsPerMinute?: number
}

/** One request that came in. Holds no token: this may be printed. */
export interface SeenRequest {
  readonly path: string
  readonly query: string
  readonly via: string
  readonly userAgent: string | undefined
  /** The start of the SHA-256 of the token that came with it. */
  readonly digest: string | undefined
  /** The status that was answered; undefined as long as there is no answer. */
  status: number | undefined
  /** Whether the client closed the connection before it had the whole answer. */
  leftEarly: boolean
}

/** Under a load test the list of requests would grow without end; the newest are what anybody looks at. */
const REQUESTS_KEPT = 10_000

/** A stand-in for the Tally API on 127.0.0.1: the same paths, pages, codes and limits, with made-up forms. */
export class TallyStandIn {
  readonly tokens = new TokenBook()
  readonly #faults = new Faults()
  readonly #admin = new TokenAdmin(this.tokens)
  readonly #limit: RateLimit
  readonly #server: Server
  #requests: SeenRequest[] = []

  private constructor(limit: RateLimit) {
    this.#limit = limit
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  /** Resolves when it listens. */
  static async start(options: StandInOptions = {}): Promise<TallyStandIn> {
    const standIn = new TallyStandIn(new RateLimit(options.requestsPerMinute ?? 100))
    await new Promise<void>((resolve, reject) => {
      standIn.#server.once("error", reject)
      standIn.#server.listen(options.port ?? 0, "127.0.0.1", () => {
        standIn.#server.off("error", reject)
        resolve()
      })
    })
    return standIn
  }

  /**
   * The base URL for a client.
   *
   * @param via a name by which this client's requests are told from others': `/via/<name>` in front of every path,
   * as if a proxy stood between.
   */
  url(via?: string): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}${via === undefined ? "" : `/via/${via}`}`
  }

  /** What lets its bearer make, list and end tokens; see `TokenAdmin`. */
  get adminKey(): string {
    return this.#admin.key
  }

  /** The requests so far, oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#requests
  }

  /** Makes the next requests go wrong. */
  fail(fault: Fault): void {
    this.#faults.add(fault)
  }

  /** Everything goes well again. */
  heal(): void {
    this.#faults.clear()
  }

  /** Stops listening and ends all connections. */
  async close(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams, search } = new URL(request.url ?? "/", this.url())
    const [, via = "", path = pathname] = /^\/via\/([^/]+)(\/.*)$/.exec(pathname) ?? []
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1]
    const seen: SeenRequest = {
      path,
      query: search,
      via,
      userAgent: request.headers["user-agent"],
      digest: token === undefined ? undefined : digestOf(token),
      status: undefined,
      leftEarly: false,
    }
    this.#note(seen)
    response.once("close", () => {
      seen.leftEarly = !response.writableFinished
    })

    const admin = path.startsWith(ADMIN_PATH)
      ? { method: request.method, path, key: token, body: await text(request) }
      : undefined
    const fault = this.#faults.take(path)
    if (fault?.hang) return
    if (fault?.delayMs !== undefined) await delay(fault.delayMs, response)
    await fault?.heldUntil
    if (response.destroyed) return
    const asItShould = (): Reply =>
      admin === undefined ? this.#reply(request, seen, token, searchParams) : this.#admin.answer(admin)
    const reply = fault?.status === undefined ? asItShould() : faulty(fault.status, fault)
    seen.status = reply.status
    send(response, reply, fault)
  }

  #reply(
    request: IncomingMessage,
    seen: SeenRequest,
    token: string | undefined,
    query: URLSearchParams,
  ): Reply {
    if (!seen.userAgent) return failure(403, "FORBIDDEN", "Blocked: no User-Agent")
    if (!this.tokens.check(token, seen.via)) return failure(401, "UNAUTHORIZED", "Missing or invalid API key")
    const seconds = this.#limit.secondsToWait(seen.digest ?? "")
    if (seconds > 0) {
      return {
        ...failure(429, "RATE_LIMITED", "Too many requests"),
        headers: { "retry-after": String(seconds) },
      }
    }
    if (request.method !== "GET") return failure(405, "METHOD_NOT_ALLOWED", "Only GET is answered here")
    return route(seen.path, query)
  }

  #note(seen: SeenRequest): void {
    this.#requests.push(seen)
    if (this.#requests.length > 2 * REQUESTS_KEPT) this.#requests = this.#requests.slice(-REQUESTS_KEPT)
  }
}

function faulty(status: number, { headers, body }: Fault): Reply {
  const reply = body === undefined ? failure(status, "FAULT", "On demand") : { status, body: undefined }
  return headers === undefined ? reply : { ...reply, headers }
}

function send(response: ServerResponse, { status, headers, body }: Reply, fault: Fault | undefined): void {
  const content = fault?.body ?? JSON.stringify(body) ?? ""
  response.writeHead(status, {
    "content-type": "application/json",
    ...(status === 204 ? {} : { "content-length": Buffer.byteLength(content) }),
    ...headers,
  })
  if (fault?.cutOff) {
    response.write(content.slice(0, content.length / 2), () => response.destroy())
  } else {
    response.end(content)
  }
}

/** Waits, but not for a client that has gone. */
async function delay(milliseconds: number, response: ServerResponse): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>(resolve => {
    timer = setTimeout(resolve, milliseconds)
    response.once("close", resolve)
  })
  clearTimeout(timer)
}
