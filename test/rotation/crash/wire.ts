import { once } from "node:events"
import {
  createServer,
  type Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http"
import { createServer as createTlsServer, request as httpsRequest } from "node:https"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import type { Certificate } from "../../support/certificates.ts"
import type { Life } from "./life.ts"

/** What is between a program and a service that speaks HTTP. */
export interface WireParts {
  /** Through which every request passes, and which may hold it before it gets there or before it is answered. */
  readonly life: Life
  /** The service: `http://127.0.0.1:8200`. */
  readonly upstream: string
  /** Its connections, which several wires may share. */
  readonly agent: HttpAgent
  /** Speaks TLS to the program, with this certificate. Default: plain HTTP. */
  readonly certificate?: Certificate | undefined
  /** The time that answers tell in place of the service's own, in milliseconds since 1970. */
  readonly now: () => number
}

/** A wire that is up. */
export interface Wire {
  /** Where the program finds the service. */
  readonly url: string
  /** Cuts it, with all that is held. */
  close(): Promise<void>
}

/** Headers that are about one connection and not about what is sent over it (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
])

/**
 * Lays a wire on a free port of 127.0.0.1. What is held stays so: no answer, no end of the connection, as a process finds
 * it that is killed while it waits.
 */
export async function layWire({ life, upstream, agent, certificate, now }: WireParts): Promise<Wire> {
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming)
    const answer = await life.request(() => forwarded(upstream, agent, incoming, body))
    const headers = answer.headers.filter(([name]) => name.toLowerCase() !== "date")
    // Before the head is written, or Node puts the time of this machine there.
    response.sendDate = false
    const date = ["date", new Date(now()).toUTCString()] as const
    response.writeHead(answer.status, [...headers, date].flat()).end(answer.body)
  }
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A service that breaks off breaks off here as well, and a program that has left hears nothing.
    handle(incoming, response).catch(() => response.destroy())
  }
  const server: Server =
    certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener)
  server.requestTimeout = 0
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Answer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

async function forwarded(
  upstream: string,
  agent: HttpAgent,
  { method = "GET", url = "/", headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const passed = Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.has(name)))
  const target = new URL(url, upstream)
  const outgoing = (target.protocol === "https:" ? httpsRequest : httpRequest)(target, {
    method,
    agent,
    headers: { ...passed, "content-length": String(body.length) },
  })
  outgoing.end(body)
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage]
  const raw = incoming.rawHeaders
  const answered = raw.flatMap((name, index) =>
    index % 2 === 0 && !OF_THE_CONNECTION.has(name.toLowerCase())
      ? [[name, raw[index + 1] ?? ""] as const]
      : [],
  )
  return { status: incoming.statusCode ?? 502, headers: answered, body: await buffer(incoming) }
}
