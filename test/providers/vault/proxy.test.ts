import { createServer, request as httpRequest, type IncomingMessage } from "node:http"
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net"
import { vault } from "latchkey/vault"
import { expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { newAuthority } from "../../support/certificates.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf } from "../calls.ts"
import { kv2Answer, playedServer } from "./server.ts"

interface Proxy {
  readonly url: string
  readonly asked: string[]
  readonly authorizations: (string | undefined)[]
  /** How many connections are open that lead to it. */
  connections(): Promise<number>
}

/** A server that takes connections and never says anything. */
async function tcpServer(): Promise<{ readonly port: number; connections(): Promise<number> }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket.on("error", () => undefined))
    socket.resume()
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connectionsOf(server) }
}

async function connectionsOf(server: Server): Promise<number> {
  return await new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

/** A proxy, and what it was asked for. */
async function startProxy(manner: "willing" | "refusing" | "silent" = "willing"): Promise<Proxy> {
  const asked: string[] = []
  const authorizations: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const onward = httpRequest(incoming.url ?? "", {
      method: incoming.method ?? "GET",
      headers: incoming.headers,
    })
    onward.on("response", answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  server.on("connection", socket => sockets.add(socket))
  server.on("connect", (incoming: IncomingMessage, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`)
    authorizations.push(incoming.headers["proxy-authorization"])
    if (manner === "silent") {
      // Ends with the other side; a server of HTTP would leave its half open.
      socket.on("error", () => undefined).on("end", () => socket.end())
      return void socket.resume()
    }
    if (manner === "refusing") return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
    const [host = "", port = ""] = (incoming.url ?? "").split(":")
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
      onward.pipe(socket).pipe(onward)
    })
    sockets.add(onward)
    for (const one of [socket, onward]) one.on("error", () => undefined)
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    authorizations,
    connections: () => connectionsOf(server),
  }
}

test("a proxy is gone through by a tunnel, in which it sees nothing", async () => {
  const authority = await newAuthority()
  const server = await playedServer(() => kv2Answer({ value: "v" }), await authority.server())
  const proxy = await startProxy()
  const store = vault({
    kv: 2,
    address: server.url,
    proxy: proxy.url,
    tls: { ca: authority.ca },
    auth: { method: "token", token: "mine" },
  })
  expect((await store.read("tally", calm)).value).toBe("v")
  expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${server.port}`])
  await store.close()
})

test("a proxy that asks who one is is told so, and the server is not", async () => {
  const authority = await newAuthority()
  const server = await playedServer(() => kv2Answer({ value: "v" }), await authority.server())
  const proxy = await startProxy()
  const store = vault({
    kv: 2,
    address: server.url,
    proxy: proxy.url.replace("//", "//anna:p%40ss@"),
    tls: { ca: authority.ca },
    auth: { method: "token", token: "mine" },
  })
  await store.read("tally", calm)
  expect(proxy.authorizations).toEqual([`Basic ${Buffer.from("anna:p@ss").toString("base64")}`])
  expect(server.seen[0]?.headers).not.toHaveProperty("proxy-authorization")
  await store.close()
})

test("connections in a tunnel are kept, and end with the store", async () => {
  const authority = await newAuthority()
  const server = await playedServer(() => kv2Answer({ value: "v" }), await authority.server())
  const proxy = await startProxy()
  const tls = { ca: authority.ca }
  const auth = { method: "token", token: "mine" } as const
  const store = vault({ kv: 2, address: server.url, proxy: proxy.url, tls, auth })
  for (const name of ["one", "two", "three"]) await store.read(name, calm)
  expect(proxy.asked).toHaveLength(1)
  expect(await proxy.connections()).toBe(1)
  await store.close()
  await eventually(async () => expect(await proxy.connections()).toBe(0))
})

test.for([
  ["its caller goes", "ABORTED"],
  ["the store is closed", "CLOSED"],
] as const)("a proxy that says nothing is left with its connection when %s", async ([, code]) => {
  const proxy = await startProxy("silent")
  const auth = { method: "token", token: "mine" } as const
  const store = vault({ kv: 2, address: "https://127.0.0.1:8200", proxy: proxy.url, auth })
  const patience = new AbortController()
  const calls = ["one", "two"].map(name => errorOf(store.read(name, { signal: patience.signal })))
  await eventually(() => expect(proxy.asked.length).toBe(2))
  if (code === "ABORTED") patience.abort()
  else await store.close()
  expect((await Promise.all(calls)).map(error => error.code)).toEqual([code, code])
  await eventually(async () => expect(await proxy.connections()).toBe(0))
  await store.close()
})

test("a server that says nothing in the tunnel is left with its connection", async () => {
  const silent = await tcpServer()
  const proxy = await startProxy()
  const auth = { method: "token", token: "mine" } as const
  const store = vault({ kv: 2, address: `https://127.0.0.1:${silent.port}`, proxy: proxy.url, auth })
  const patience = new AbortController()
  const call = errorOf(store.read("tally", { signal: patience.signal }))
  await eventually(async () => expect(await silent.connections()).toBe(1))
  patience.abort()
  expect((await call).code).toBe("ABORTED")
  await eventually(async () => expect(await proxy.connections()).toBe(0))
  await store.close()
})

test("a proxy is asked for what is not by TLS", async () => {
  const server = await playedServer(() => kv2Answer({ value: "v" }))
  const proxy = await startProxy()
  const store = vault({
    kv: 2,
    address: server.url,
    proxy: proxy.url,
    auth: { method: "token", token: "mine" },
  })
  expect((await store.read("tally", calm)).value).toBe("v")
  expect(proxy.asked).toEqual([`GET ${server.url}/v1/secret/data/tally`])
  await store.close()
})

test("a proxy that is reached by TLS is told nothing before it is trusted", async () => {
  const canary = newCanary()
  const proxy = await playedServer(() => kv2Answer({ value: "v" }), await (await newAuthority()).server())
  for (const address of ["https://vault.example.com:8200", "http://vault.example.com:8200"]) {
    const auth = { method: "token", token: canary.text } as const
    const store = canary.watch(vault({ kv: 1, address, proxy: proxy.url, auth }))
    const error = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    await store.close()
  }
  expect(proxy.seen).toEqual([])
})

test("a proxy that refuses, or is not there, is UNAVAILABLE, and its password stays where it is", async () => {
  const canary = newCanary()
  const proxy = await startProxy("refusing")
  for (const url of [proxy.url, "http://127.0.0.1:1"]) {
    const store = canary.watch(
      vault({
        kv: 2,
        address: "https://127.0.0.1:8200",
        proxy: url.replace("//", `//user:${canary.text}@`),
        auth: { method: "token", token: "mine" },
      }),
    )
    const error = canary.watch(await errorOf(store.write("tally", "v", calm)))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    expect(error.hint).toMatch(/NO_PROXY/)
    await store.close()
  }
})
