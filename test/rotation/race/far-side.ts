import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { asked, type Credentials, type FarSide } from "../crash/far-side/far-side.ts"

/** What a far side is asked for, by the path of the request. */
type Call = keyof FarSide

/** A far side that is up. */
export interface FarSideServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

/** Lets processes ask a far side over HTTP, on a free port of 127.0.0.1. */
export async function serveFarSide(credentials: Credentials): Promise<FarSideServer> {
  const far = asked(credentials)
  const calls: Readonly<Record<Call, (argument: never) => Promise<unknown>>> = far
  const server = createServer(async (request, response) => {
    const call = calls[(request.url ?? "").slice(1) as Call]
    if (call === undefined) {
      response.writeHead(404).end()
      return
    }
    const { argument } = (await json(request)) as { argument?: never }
    const answer = await call(argument as never)
    response.end(JSON.stringify({ answer }))
  })
  // A replica that was stopped for a while finds its connection as it was.
  server.keepAliveTimeout = 0
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Asks the far side at an address, one request for each call. */
export function farSideAt(url: string): FarSide {
  const ask = async <T>(call: Call, argument?: unknown): Promise<T> => {
    const response = await fetch(`${url}/${call}`, { method: "POST", body: JSON.stringify({ argument }) })
    if (!response.ok) throw new Error(`the far side answered ${response.status}`)
    return ((await response.json()) as { answer: T }).answer
  }
  return {
    mint: label => ask("mint", label),
    list: () => ask("list"),
    apply: value => ask("apply", value),
    accepts: credential => ask("accepts", credential),
    revoke: credential => ask("revoke", credential),
    identify: value => ask("identify", value),
  }
}
