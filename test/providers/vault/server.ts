import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import { createServer as createTlsServer, type ServerOptions } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { onTestFinished } from "vitest"

/** A request that was made of the server. */
export interface Seen {
  readonly method: string
  /** Behind `/v1/`, as it was sent, with its query. */
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: unknown
  readonly token: string | undefined
  readonly namespace: string | undefined
  /** The port of the other side: the same for requests on one connection. */
  readonly connection: number | undefined
  readonly socket: Socket
}

/** What is to be answered: a status and JSON, or a text as it is. `"never"` answers nothing. */
export type Played =
  | { readonly status?: number; readonly json?: unknown; readonly text?: string; readonly headers?: Headers }
  | "never"

type Headers = Readonly<Record<string, string>>

/** An HTTP server of the test's own that answers as it is told. */
export interface PlayedServer {
  readonly url: string
  readonly port: number
  /** All requests, in their order. */
  readonly seen: Seen[]
  /** The paths of them, with the method. */
  readonly asked: string[]
  /** How it answers from now on. */
  play(answer: (request: Seen) => Played | Promise<Played>): void
  /** How many connections are open. */
  connections(): Promise<number>
  close(): Promise<void>
}

/**
 * Starts a server that ends with the test. It speaks TLS if it is given a certificate.
 *
 * @param at the port. Default: a free one.
 */
export async function playedServer(
  answer: (request: Seen) => Played | Promise<Played>,
  tls?: ServerOptions,
  at = 0,
): Promise<PlayedServer> {
  let play = answer
  const seen: Seen[] = []
  const listener: RequestListener = (request, response) => {
    void (async () => {
      const one = await seenIn(request)
      seen.push(one)
      const played = await play(one)
      if (played === "never") return
      const { status = 200, json, text = json === undefined ? "" : JSON.stringify(json), headers } = played
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(text)
    })()
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  await new Promise<void>(resolve => server.listen(at, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  onTestFinished(close)
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    seen,
    get asked() {
      return seen.map(({ method, path }) => `${method} ${path}`)
    },
    play(next) {
      play = next
    },
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
    close,
  }
}

async function seenIn(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const header = (name: string) => request.headers[name]?.toString()
  return {
    method: request.method ?? "",
    path: (request.url ?? "").replace(/^\/v1\//, ""),
    headers: request.headers,
    body: text === "" ? undefined : JSON.parse(text),
    token: header("x-vault-token"),
    namespace: header("x-vault-namespace"),
    connection: request.socket.remotePort,
    socket: request.socket,
  }
}

/** A value in version 2 of the key-value engine. */
export function kv2Answer(data: unknown, metadata: Readonly<Record<string, unknown>> = {}): Played {
  return {
    json: {
      data: {
        data,
        metadata: {
          version: 1,
          created_time: "2026-01-02T03:04:05.678901234Z",
          deletion_time: "",
          destroyed: false,
          custom_metadata: null,
          ...metadata,
        },
      },
    },
  }
}

/** Answers which engine there is at a mount, one of version 2 by default, and everything else as it is told. */
export function withMount(
  answer: (request: Seen) => Played | Promise<Played>,
  mount: unknown = { type: "kv", options: { version: "2" } },
): (request: Seen) => Played | Promise<Played> {
  return request =>
    request.path.startsWith("sys/internal/ui/mounts/") ? { json: { data: mount } } : answer(request)
}

/** What a login gives. */
export function loginAnswer(token: string, lease = 0, renewable = false): Played {
  return { json: { auth: { client_token: token, lease_duration: lease, renewable } } }
}

/** The answer of a server that refuses, in its own words. */
export function refusal(status: number, ...errors: string[]): Played {
  return { status, json: { errors } }
}
