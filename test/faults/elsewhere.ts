import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** A host that a client was sent to and should not have gone to. */
export interface Elsewhere {
  /** By another host name than that of the proxies: it is another host, and not another port only. */
  readonly url: string
  /** The names and values of the headers of each request that came. */
  readonly heard: readonly (readonly string[])[]
  close(): Promise<void>
}

/** Starts a host that answers everything with 200 and this body. */
export async function startElsewhere(body: string): Promise<Elsewhere> {
  const heard: string[][] = []
  const server = createServer((request, response) => {
    heard.push(request.rawHeaders)
    response.writeHead(200, { "content-type": "application/json" }).end(body)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    heard,
    async close() {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
