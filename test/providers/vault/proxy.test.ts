import { createServer, request as httpRequest, type IncomingMessage } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"
import { vault } from "latchkey/vault"
import { expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { newAuthority } from "../../support/certificates.ts"
import { calm, errorOf } from "../calls.ts"
import { kv2Answer, playedServer } from "./server.ts"

/** A proxy, and what it was asked for. */
async function startProxy(refuses = false): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = []
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
    if (refuses) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
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
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
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

test("a proxy that refuses, or is not there, is UNAVAILABLE, and its password stays where it is", async () => {
  const canary = newCanary()
  const proxy = await startProxy(true)
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
    await store.close()
  }
})
