import { once } from "node:events"
import {
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from "node:http"
import { createServer as createTlsServer, Agent as HttpsAgent, request as httpsRequest } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { type Clock, systemClock, type Timer } from "../../src/core/index.ts"
import type { Certificate } from "../support/certificates.ts"
import { type Deed, HttpFaults, type ProxiedRequest } from "./http-faults.ts"
import { type Entry, type RequestLog, WrittenLog } from "./request-log.ts"

/** Where a proxy stands, and how. */
export interface HttpProxyOptions {
  /** The service behind it: `http://127.0.0.1:8200`. */
  readonly upstream: string
  /** The certificate, in PEM, that the service behind it is trusted by. */
  readonly upstreamCa?: string | undefined
  /** Speaks TLS to clients, with this certificate. Default: plain HTTP. */
  readonly certificate?: Certificate | undefined
  /** The source of time for what comes late. Default: the machine's. */
  readonly clock?: Clock
  /** Milliseconds by which every answer comes later. Default: 0. */
  readonly latencyMs?: number
  /** The time that answers tell, in milliseconds since 1970. Default: what the service tells. */
  readonly now?: () => number
}

/** A proxy in this process that understands HTTP, passes everything on, and does harm on demand. */
export interface HttpProxy {
  readonly url: string
  readonly host: "127.0.0.1"
  readonly port: number
  readonly log: RequestLog
  readonly faults: HttpFaults
  /** Milliseconds by which every answer comes later, from now on. */
  latencyMs: number
  /** The certificate that clients are shown; `undefined` without TLS. */
  readonly certificate: Certificate | undefined
  /** Shows clients another certificate from now on, and closes the connections that were opened with the old one. */
  show(certificate: Certificate): void
  /** Ends it, with all requests that wait. */
  close(): Promise<void>
}

/** What a service answered. */
interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

/** Headers that are about one connection and not about what is sent over it (RFC 9110, 7.6.1), and lengths. */
const OF_THE_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
])

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const { upstream, upstreamCa, clock = systemClock, now } = options
  const secure = new URL(upstream).protocol === "https:"
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ...(upstreamCa === undefined ? {} : { ca: upstreamCa }) })
    : new HttpAgent({ keepAlive: true })
  const log = new WrittenLog()
  const faults = new HttpFaults()
  const timers = new Set<Timer>()
  let { certificate } = options
  let latencyMs = options.latencyMs ?? 0

  const pause = async (milliseconds: number): Promise<void> => {
    if (milliseconds <= 0) return
    await new Promise<void>(resolve => {
      const timer = clock.timer("waited-for", milliseconds, () => {
        timers.delete(timer)
        resolve()
      })
      timers.add(timer)
    })
  }

  async function forwarded(request: ProxiedRequest, url: string): Promise<Answer> {
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !OF_THE_CONNECTION.has(name)),
    )
    const outgoing = (secure ? httpsRequest : httpRequest)(new URL(url, upstream), {
      method: request.method,
      agent,
      headers: { ...headers, "content-length": String(request.body.length) },
    })
    outgoing.end(request.body)
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage]
    const body = await bytesOf(incoming)
    return { status: incoming.statusCode ?? 502, headers: headersOf(incoming), body }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = requestOf(incoming, await bytesOf(incoming))
    const entry = log.begin(request)
    response.once("close", () => log.end(entry))
    const deed = faults.take(request)
    entry.struckBy = deed?.is
    if (deed?.is === "silence") return
    if (deed?.is === "answer") {
      await pause(latencyMs)
      return give(response, entry, made(deed))
    }
    const answer = dated(await forwarded(request, incoming.url ?? "/"), now)
    await pause(latencyMs + (deed?.is === "delay" ? deed.milliseconds : 0))
    if (!response.destroyed) harm(response, entry, answer, { deed, reset })
  }

  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A client that left, or a service that did: there is nobody to tell, and no answer to give.
    handle(incoming, response).catch(() => response.destroy())
  }
  const tls = certificate === undefined ? undefined : createTlsServer(certificate, listener)
  const server = tls ?? createServer(listener)
  // Only what is underneath TLS can be reset, and it is found again by the port on the other side.
  const sockets = new Map<number | undefined, Socket>()
  server.on("connection", (socket: Socket) => {
    const { remotePort } = socket
    sockets.set(remotePort, socket)
    socket.once("close", () => sockets.delete(remotePort))
  })
  const reset = (response: ServerResponse): void =>
    void sockets.get(response.socket?.remotePort)?.resetAndDestroy()
  // What is kept silent about must stay so.
  server.requestTimeout = 0
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo

  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    host: "127.0.0.1",
    port,
    log,
    faults,
    get certificate() {
      return certificate
    },
    get latencyMs() {
      return latencyMs
    },
    set latencyMs(milliseconds) {
      latencyMs = milliseconds
    },
    show(other) {
      if (tls === undefined) throw new TypeError("a proxy without TLS shows no certificate")
      certificate = other
      tls.setSecureContext(other)
      server.closeAllConnections()
    },
    async close() {
      for (const timer of timers) timer.clear()
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

/** The same answer, told at another time. */
function dated(answer: Answer, now: (() => number) | undefined): Answer {
  if (now === undefined) return answer
  const rest = answer.headers.filter(([name]) => name.toLowerCase() !== "date")
  return { ...answer, headers: [...rest, ["date", new Date(now()).toUTCString()]] }
}

interface Harm {
  readonly deed: Deed | undefined
  reset(response: ServerResponse): void
}

/** Gives an answer, with what a fault makes of it. */
function harm(response: ServerResponse, entry: Entry, answer: Answer, { deed, reset }: Harm): void {
  if (deed?.is === "lose") {
    response.destroy()
  } else if (deed?.is === "malform") {
    give(response, entry, { ...answer, body: Buffer.from(answer.body.toString().trimEnd().slice(0, -1)) })
  } else if (deed?.is === "truncate" || deed?.is === "reset") {
    entry.status = answer.status
    response.writeHead(answer.status, [...answer.headers, ...lengthOf(answer)].flat())
    response.write(answer.body.subarray(0, Math.ceil(answer.body.length / 2)), () => {
      if (deed.is === "reset") reset(response)
      else response.socket?.end()
    })
  } else give(response, entry, answer)
}

function give(response: ServerResponse, entry: Entry, answer: Answer): void {
  entry.status = answer.status
  response.writeHead(answer.status, [...answer.headers, ...lengthOf(answer)].flat()).end(answer.body)
}

function made({ status, headers = {}, body = "" }: Deed & { is: "answer" }): Answer {
  return { status, headers: Object.entries(headers), body: Buffer.from(body) }
}

/** How long an answer is; one that may have no body does not say (RFC 9110, 8.6). */
function lengthOf({ status, body }: Answer): (readonly [string, string])[] {
  return status === 204 || status === 304 ? [] : [["content-length", String(body.length)]]
}

function requestOf(incoming: IncomingMessage, body: Buffer): ProxiedRequest {
  const { method = "GET", url = "/", headers } = incoming
  const target = headers["x-amz-target"]
  const operation = typeof target === "string" ? (target.split(".").at(-1) ?? method) : method
  return { method, path: url.split("?")[0] ?? "/", operation, headers, body }
}

function headersOf({ rawHeaders }: IncomingMessage): (readonly [string, string])[] {
  return rawHeaders.flatMap((name, index) => {
    const value = rawHeaders[index + 1] ?? ""
    return index % 2 === 0 && !OF_THE_CONNECTION.has(name.toLowerCase()) ? [[name, value] as const] : []
  })
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
