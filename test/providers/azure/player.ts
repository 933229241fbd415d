import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { onTestFinished } from "vitest"
import { makeCertificate } from "../../support/certificates.ts"

/** A request that reached the player. */
export interface Played {
  readonly method: string
  /** With the query. */
  readonly url: string
  readonly path: string
  readonly token: string | undefined
  readonly body: string
}

/** What it is answered with: text is sent as a page, bytes are sent as they are and said to be JSON, all else is JSON. */
export interface Part {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** An HTTPS server that answers each request with what a test says. */
export interface Player {
  readonly url: string
  readonly host: string
  readonly ca: string
  readonly requests: readonly Played[]
}

/** The tenant that the challenge names. */
export const TENANT = "00000000-0000-0000-0000-0000000000aa"

/** The challenge of a vault. */
export const CHALLENGE: Part = {
  status: 401,
  headers: {
    "www-authenticate": `Bearer authorization="https://login.windows.net/${TENANT}", resource="https://vault.azure.net"`,
  },
  body: { error: { code: "Unauthorized", message: "AKV10000: Request is missing a Bearer or PoP token." } },
}

let certificate: ReturnType<typeof makeCertificate> | undefined

/** Starts a player that ends with the test. What comes without a token is challenged, unless `open` is set. */
export async function playing(
  answer: (request: Played) => Part | Promise<Part>,
  { open = false }: { readonly open?: boolean } = {},
): Promise<Player> {
  certificate ??= makeCertificate()
  const made = await certificate
  const requests: Played[] = []

  async function play(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request
    const path = new URL(url, "https://player").pathname
    const token = request.headers.authorization?.replace(/^Bearer /, "")
    const played = { method, url, path, token, body: await text(request) }
    requests.push(played)
    const { status, headers = {}, body } = token === undefined && !open ? CHALLENGE : await answer(played)
    const sent = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body)
    const type = typeof body === "string" ? "text/html" : "application/json; charset=utf-8"
    response.writeHead(status, {
      ...(body === undefined ? {} : { "content-type": type }),
      "x-ms-request-id": randomUUID(),
      ...headers,
    })
    response.end(sent)
  }

  const server = createServer(made, (request, response) => {
    play(request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, ca: made.cert, requests }
}
