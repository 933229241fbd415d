import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"

/** A Depot in this process, and what can be done to it behind the back of its clients. */
export interface DepotServer {
  readonly url: string
  readonly token: string
  put(name: string, value: string): void
  remove(name: string): void
  disable(name: string): void
  deny(name: string): void
  /** From now on every request ends with this status, or, with `undefined`, as it should. */
  failWith(status: number | undefined, headers?: Readonly<Record<string, string>>): void
  close(): Promise<void>
}

/** Starts a Depot. */
export async function startDepot(token: string): Promise<DepotServer> {
  const secrets = new Map<string, { value: string; version: string }>()
  const closed = { disabled: new Set<string>(), denied: new Set<string>() }
  let failure: { status: number; headers: Readonly<Record<string, string>> } | undefined
  let versions = 0
  const put = (name: string, value: string): { version: string } => {
    versions += 1
    secrets.set(name, { value, version: String(versions) })
    return { version: String(versions) }
  }

  async function answer(request: IncomingMessage): Promise<[status: number, body?: unknown]> {
    if (request.headers.authorization !== `Bearer ${token}`) return [401]
    const path = new URL(request.url ?? "/", "http://depot").pathname
    if (path === "/health") return [200, {}]
    if (path === "/secrets") return [200, { names: [...secrets.keys()] }]
    const name = path.replace("/secrets/", "")
    const held = secrets.get(name)
    if (closed.denied.has(name)) return [403]
    if (closed.disabled.has(name)) return [410]
    if (request.method === "PUT") {
      const { value } = JSON.parse(await textOf(request)) as { value: string }
      const { "if-match": match, "if-none-match": none } = request.headers
      const holds = (none === undefined || held === undefined) && (!match || match === held?.version)
      return holds ? [200, put(name, value)] : [412]
    }
    if (held === undefined) return [404]
    if (request.method === "DELETE") secrets.delete(name)
    return [200, held]
  }

  const server = createServer((request, response) => {
    void answer(request).then(([status, body = {}]) => {
      response.writeHead(failure?.status ?? status, failure?.headers).end(JSON.stringify(failure ? {} : body))
    })
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    put: (name, value) => void put(name, value),
    remove: name => void secrets.delete(name),
    disable: name => void closed.disabled.add(name),
    deny: name => void closed.denied.add(name),
    failWith(status, headers = {}) {
      failure = status === undefined ? undefined : { status, headers }
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
