import type { AddressInfo } from "node:net"
import { createServer as createTcpServer, type Socket } from "node:net"
import { vault } from "latchkey/vault"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf } from "../calls.ts"
import { kv2Answer, playedServer, refusal } from "./server.ts"

/** A server that does with the connection whatever it likes. */
async function tcpServer(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    talk(socket)
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function storeAt(address: string, token: string, kv: 1 | 2 = 2) {
  return vault({ kv, address, auth: { method: "token", token } })
}

describe("a network that", () => {
  test("refuses the connection is UNAVAILABLE, and a write was not sent", async () => {
    const canary = newCanary()
    const server = await playedServer(() => "never")
    await server.close()
    const store = canary.watch(storeAt(server.url, canary.text))
    const error = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    expect(error.hint).toMatch(/VAULT_ADDR/)
    await store.close()
  })

  test("knows no such host is UNAVAILABLE, and a write was not sent", async () => {
    const canary = newCanary()
    const store = canary.watch(storeAt("http://vault.invalid:8200", canary.text))
    const error = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    expect(error.hint).toMatch(/DNS/)
    await store.close()
  })

  test.for([
    ["cuts the connection before the answer", (socket: Socket) => socket.on("data", () => socket.destroy())],
    [
      "cuts the connection in the middle of the answer",
      (socket: Socket) =>
        socket.on("data", () => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{"data":')
          socket.destroySoon()
        }),
    ],
    [
      "cuts an answer that has no length",
      (socket: Socket) =>
        socket.on("data", () => {
          socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{"data":\r\n')
          socket.destroySoon()
        }),
    ],
    [
      "speaks another protocol",
      (socket: Socket) => socket.on("data", () => socket.end("220 mail ready\r\n")),
    ],
  ] as const)("%s is UNAVAILABLE, transient, and a write may have been made", async ([, talk]) => {
    const canary = newCanary()
    // Of version 2 the server would be asked before, and nothing be written.
    const store = canary.watch(storeAt(await tcpServer(talk), canary.text, 1))
    const read = canary.watch(await errorOf(store.read("tally", calm)))
    expect([read.code, read.transient, read.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    const write = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
    expect([write.code, write.transient, write.outcome]).toEqual(["UNAVAILABLE", true, "unknown"])
    await store.close()
  })

  test("never answers is left when the signal aborts, and the connection with it", async () => {
    let ended = 0
    let begun = 0
    const address = await tcpServer(socket => {
      begun += 1
      socket.resume().on("close", () => {
        ended += 1
      })
    })
    const store = storeAt(address, "token")
    const patience = new AbortController()
    const call = errorOf(store.read("tally", { signal: patience.signal }))
    await eventually(() => expect(begun).toBe(1))
    patience.abort()
    expect((await call).code).toBe("ABORTED")
    await eventually(() => expect(ended).toBe(1))
    await store.close()
  })

  test("answers without an end is left after 64 MiB", async () => {
    const block = Buffer.alloc(2 ** 20, "x")
    const address = await tcpServer(socket => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        const more = (): void => {
          while (!socket.destroyed && socket.write(block));
        }
        socket.on("drain", more)
        more()
      })
    })
    const store = storeAt(address, "token")
    const error = await errorOf(store.read("tally", calm))
    expect([error.code, error.transient]).toEqual(["UNAVAILABLE", false])
    expect(error.message).toMatch(/64 MiB/)
    await store.close()
  })
})

test("a redirect to another host is not followed, and takes no token along", async () => {
  const elsewhere = await playedServer(() => kv2Answer({ value: "from elsewhere" }))
  for (const status of [301, 302, 303, 307, 308]) {
    const canary = newCanary()
    const server = await playedServer(() => ({
      status,
      headers: { location: `${elsewhere.url}/v1/secret/data/tally` },
    }))
    const store = canary.watch(storeAt(server.url, canary.text))
    expect(canary.watch(await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
    await store.close()
  }
  expect(elsewhere.seen).toEqual([])
})

test("one connection serves calls that come one after another, and ends with the store", async () => {
  const server = await playedServer(() => kv2Answer({ value: "v" }))
  const store = storeAt(server.url, "token")
  for (let round = 0; round < 5; round++) await store.read("tally", calm)
  expect(new Set(server.seen.map(({ connection }) => connection)).size).toBe(1)
  await store.close()
  await eventually(async () => expect(await server.connections()).toBe(0))
})

test("a server that was sealed answers again after it was unsealed, without a restart of ours", async () => {
  const server = await playedServer(() => refusal(503, "Vault is sealed"))
  const store = storeAt(server.url, "token")
  expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
  server.play(() => kv2Answer({ value: "v" }))
  expect((await store.read("tally", calm)).value).toBe("v")
  await store.close()
})

test("a server behind a path is asked below it", async () => {
  const server = await playedServer(() => kv2Answer({ value: "v" }))
  const store = storeAt(`${server.url}/team%20a/vault/`, "token")
  expect((await store.read("tally", calm)).value).toBe("v")
  expect(server.asked).toEqual(["GET /team%20a/vault/v1/secret/data/tally"])
  await store.close()
})

describe("a transport of one's own", () => {
  const answer = {
    status: 200,
    headers: {},
    body: JSON.stringify({ data: { data: { value: "v" }, metadata: { version: 3 } } }),
  }

  test("is given whole requests, and closed with the store", async () => {
    const sent: unknown[] = []
    let closed = 0
    const store = vault({
      kv: 2,
      address: "https://vault.example.com",
      namespace: "team",
      auth: { method: "token", token: "mine" },
      transport: {
        async send({ signal: _, ...request }) {
          sent.push(request)
          return answer
        },
        close() {
          closed += 1
        },
      },
    })
    expect((await store.read("tally/a b?c#d", calm)).version).toBe("3")
    expect(sent).toEqual([
      {
        method: "GET",
        url: "https://vault.example.com/v1/secret/data/tally/a%20b%3Fc%23d",
        headers: {
          accept: "application/json",
          "X-Vault-Request": "true",
          "X-Vault-Token": "mine",
          "X-Vault-Namespace": "team",
        },
        body: undefined,
        freshCertificates: false,
      },
    ])
    await store.close()
    expect(closed).toBe(1)
  })

  test.for([
    ["the caller has gone", "ABORTED"],
    ["the store is closed", "CLOSED"],
  ] as const)("that never ends is left once %s, and its signal says so", async ([, code]) => {
    const signals: AbortSignal[] = []
    const store = vault({
      kv: 2,
      address: "https://vault.example.com",
      auth: { method: "token", token: "mine" },
      transport: {
        async send({ signal }) {
          signals.push(signal)
          return await new Promise<never>(() => undefined)
        },
      },
    })
    const caller = new AbortController()
    const call = errorOf(store.read("tally", { signal: caller.signal }))
    await eventually(() => expect(signals.length).toBe(1))
    if (code === "ABORTED") caller.abort()
    else await store.close()
    expect([(await call).code, signals[0]?.aborted]).toEqual([code, true])
    await store.close()
  })

  test.for([
    [Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "UNAVAILABLE", undefined],
    [
      Object.assign(new TypeError("fetch failed"), { cause: { code: "ENOTFOUND" } }),
      "UNAVAILABLE",
      undefined,
    ],
    [Object.assign(new Error("x"), { code: "ECONNRESET" }), "UNAVAILABLE", "unknown"],
    [Object.assign(new Error("x"), { code: "ETIMEDOUT", syscall: "connect" }), "UNAVAILABLE", undefined],
    [new Error("x"), "UNAVAILABLE", "unknown"],
    ["a text", "UNAVAILABLE", "unknown"],
    [undefined, "UNAVAILABLE", "unknown"],
  ] as const)("that throws is a network that failed (%#)", async ([thrown, code, outcome]) => {
    const canary = newCanary()
    if (thrown instanceof Error)
      Object.assign(thrown, { config: { headers: { "X-Vault-Token": canary.text } } })
    const store = vault({
      kv: 1,
      address: "https://vault.example.com",
      auth: { method: "token", token: canary.text },
      transport: { send: () => Promise.reject(thrown) },
    })
    const error = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
    expect([error.code, error.outcome]).toEqual([code, outcome])
    await store.close()
  })
})
