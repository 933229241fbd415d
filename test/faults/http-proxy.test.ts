import { once } from "node:events"
import { type Agent, createServer, request as httpRequest, type IncomingMessage } from "node:http"
import { createServer as createTlsServer, request as httpsRequest } from "node:https"
import type { AddressInfo } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { makeCertificate } from "../support/certificates.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { eventually } from "../support/eventually.ts"
import { startElsewhere } from "./elsewhere.ts"
import type { Deed } from "./http-faults.ts"
import { type HttpProxyOptions, startHttpProxy } from "./http-proxy.ts"

const BODY = JSON.stringify({ value: "a value that is long enough to be cut in two" })

/** A service that says what it was asked, and a proxy in front of it. */
async function behindProxy(options: Partial<HttpProxyOptions> = {}) {
  const asked: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[] = []
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request
    asked.push({ method, url, headers, body: await textOf(request) })
    if (method === "DELETE") response.writeHead(204).end()
    else response.writeHead(201, { "content-type": "application/json", "x-id": "7" }).end(BODY)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const proxy = await startHttpProxy({ upstream, ...options })
  onTestFinished(async () => {
    await proxy.close()
    server.closeAllConnections()
    server.close()
    await once(server, "close")
  })
  return { proxy, asked }
}

interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly ca?: string
  readonly agent?: Agent
}

async function ask(url: string, { method = "GET", headers = {}, body = "", ca, agent }: Asking = {}) {
  const outgoing = url.startsWith("https:")
    ? httpsRequest(url, { method, headers, agent: false, ...(ca === undefined ? {} : { ca }) })
    : httpRequest(url, { method, headers, agent: agent ?? false })
  // An answer that breaks off fails where it is read.
  outgoing.on("error", () => undefined).end(body)
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage]
  return { status: incoming.statusCode, headers: incoming.headers, body: await textOf(incoming) }
}

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

/** The code with which a call fails. */
async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code
  }
  throw new Error("it did not fail")
}

describe("a request without a fault", () => {
  it("is passed on as it is, and so is its answer", async () => {
    const { proxy, asked } = await behindProxy()
    const answer = await ask(`${proxy.url}/a/b%2Fc?d=1`, {
      method: "PUT",
      headers: { "x-token": "t", "content-type": "application/json" },
      body: "{}",
    })
    expect(answer).toMatchObject({ status: 201, body: BODY, headers: { "x-id": "7" } })
    expect(asked).toMatchObject([
      { method: "PUT", url: "/a/b%2Fc?d=1", headers: { "x-token": "t" }, body: "{}" },
    ])
    expect(asked[0]?.headers.host).toBe(`127.0.0.1:${proxy.port}`)
  })

  it("may be answered without a body", async () => {
    const { proxy } = await behindProxy()
    expect(await ask(proxy.url, { method: "DELETE" })).toMatchObject({ status: 204, body: "" })
  })

  it("fails when the service behind the proxy is not there", async () => {
    const proxy = await startHttpProxy({ upstream: "http://127.0.0.1:1" })
    onTestFinished(async () => await proxy.close())
    expect(await codeOf(ask(proxy.url))).toBe("ECONNRESET")
    expect(proxy.log.requests).toMatchObject([{ status: undefined, struckBy: undefined }])
  })

  it("is answered later where the network is slow", async () => {
    const clock = checkedFakeClock()
    const { proxy } = await behindProxy({ clock, latencyMs: 5 })
    expect(proxy.latencyMs).toBe(5)
    proxy.latencyMs = 20
    const answer = ask(proxy.url)
    await eventually(() => expect(clock.pending).not.toHaveLength(0))
    expect(clock.pending).toMatchObject([{ dueIn: 20 }])
    await clock.advance("20ms")
    expect((await answer).status).toBe(201)
  })
})

describe("a fault", () => {
  it("answers in the place of the service", async () => {
    const { proxy, asked } = await behindProxy()
    proxy.faults.add({ is: "answer", status: 429, headers: { "retry-after": "3" }, body: "no" })
    expect(await ask(proxy.url)).toMatchObject({ status: 429, headers: { "retry-after": "3" }, body: "no" })
    expect(asked).toEqual([])
  })

  it("never answers, and notes when the client has left", async () => {
    const { proxy, asked } = await behindProxy()
    proxy.faults.add({ is: "silence" })
    const outgoing = httpRequest(proxy.url, { agent: false })
    outgoing.on("error", () => undefined)
    outgoing.end()
    await eventually(() => expect(proxy.log.underWay).toBe(1))
    outgoing.destroy()
    await eventually(() => expect(proxy.log.underWay).toBe(0))
    expect(proxy.log.requests).toMatchObject([{ status: undefined, struckBy: "silence" }])
    expect(asked).toEqual([])
  })

  it("delays the answer of the service", async () => {
    const clock = checkedFakeClock()
    const { proxy } = await behindProxy({ clock })
    proxy.faults.add({ is: "delay", milliseconds: 2_000 })
    const answer = ask(proxy.url)
    await eventually(() => expect(clock.pending).not.toHaveLength(0))
    await clock.advance("1999ms")
    expect(proxy.log.underWay).toBe(1)
    await clock.advance("1ms")
    expect((await answer).body).toBe(BODY)
  })

  const cut: readonly (readonly [Deed, string])[] = [
    [{ is: "truncate" }, "ECONNRESET"],
    [{ is: "reset" }, "ECONNRESET"],
  ]
  it.each(cut)("cuts an answer that had begun: %o", async (deed, code) => {
    const certificate = await makeCertificate()
    for (const options of [{}, { certificate }]) {
      const { proxy, asked } = await behindProxy(options)
      proxy.faults.add(deed)
      expect(await codeOf(ask(proxy.url, { ca: certificate.cert }))).toBe(code)
      expect([asked.length, proxy.log.requests[0]?.status]).toEqual([1, 201])
    }
  })

  it("takes the last character of an answer, and says that this is all", async () => {
    const { proxy } = await behindProxy()
    proxy.faults.add({ is: "malform" })
    const { body, headers } = await ask(proxy.url)
    expect([body, headers["content-length"]]).toEqual([BODY.slice(0, -1), String(BODY.length - 1)])
  })

  it("loses the answer to what the service has done", async () => {
    const { proxy, asked } = await behindProxy()
    proxy.faults.add({ is: "lose" })
    expect(await codeOf(ask(proxy.url, { method: "PUT" }))).toBe("ECONNRESET")
    expect(asked).toMatchObject([{ method: "PUT" }])
  })

  it("strikes those requests that it is for, so often, and until it ends", async () => {
    const { proxy } = await behindProxy()
    const statuses = async () => {
      const operations = ["Get", "Put", "Get"]
      const answers = operations.map(name =>
        ask(proxy.url, { headers: { "x-amz-target": `service.${name}` } }),
      )
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    const fault = proxy.faults.add(
      { is: "answer", status: 500 },
      { which: ({ operation }) => operation === "Put" },
    )
    expect(await statuses()).toEqual([201, 500, 201])
    fault.end()
    expect(await statuses()).toEqual([201, 201, 201])
    expect(fault.struck).toBe(1)

    const twice = proxy.faults.add({ is: "answer", status: 503 }, { times: 2 })
    expect((await statuses()).filter(status => status === 503)).toHaveLength(2)
    expect((await statuses()).concat(twice.struck)).toEqual([201, 201, 201, 2])

    proxy.faults.add({ is: "answer", status: 500 })
    proxy.faults.add({ is: "answer", status: 501 })
    expect(await statuses()).toEqual([500, 500, 500])
    proxy.faults.clear()
    expect(await statuses()).toEqual([201, 201, 201])
  })
})

describe("the log", () => {
  it("says what was asked, and nothing that could be a secret", async () => {
    const { proxy } = await behindProxy()
    await ask(`${proxy.url}/x?token=t`, {
      method: "POST",
      headers: { "x-amz-target": "service.Get", "x-token": "t" },
      body: "t",
    })
    await eventually(() => expect(proxy.log.underWay).toBe(0))
    expect(proxy.log.requests).toEqual([
      {
        method: "POST",
        path: "/x",
        operation: "Get",
        startedAt: expect.any(Number),
        endedAt: expect.any(Number),
        status: 201,
        struckBy: undefined,
        inFlight: 1,
        wave: 1,
      },
    ])
    expect([proxy.log.of("Get").length, proxy.log.of("POST").length]).toEqual([1, 0])
  })

  it("counts how many are under way at once, and how often somebody had to wait", async () => {
    const clock = checkedFakeClock()
    const { proxy } = await behindProxy({ clock, latencyMs: 10 })
    const wave = async (size: number) => {
      const answers = Array.from({ length: size }, () => ask(proxy.url))
      await eventually(() => expect(clock.pending).toHaveLength(size))
      await clock.advance("10ms")
      await Promise.all(answers)
      await eventually(() => expect(proxy.log.underWay).toBe(0))
    }
    for (const size of [3, 5, 1]) await wave(size)
    expect([proxy.log.mostInFlight, proxy.log.waves]).toEqual([5, 3])
    proxy.log.clear()
    expect([proxy.log.mostInFlight, proxy.log.waves, proxy.log.requests]).toEqual([0, 0, []])
    await wave(2)
    expect([proxy.log.mostInFlight, proxy.log.waves]).toEqual([2, 1])
  })
})

describe("a proxy with TLS", () => {
  it("shows its certificate, and trusts that of the service if it is told to", async () => {
    const [inner, outer] = [await makeCertificate(), await makeCertificate()]
    const server = createTlsServer(inner, (_, response) => response.end(BODY))
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const upstream = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const trusting = await startHttpProxy({ upstream, upstreamCa: inner.cert, certificate: outer })
    const doubting = await startHttpProxy({ upstream, certificate: outer })
    onTestFinished(async () => {
      await Promise.all([trusting.close(), doubting.close()])
      server.closeAllConnections()
      server.close()
    })
    const ca = outer.cert
    expect((await ask(trusting.url, { ca })).body).toBe(BODY)
    expect(await codeOf(ask(trusting.url, { ca: inner.cert }))).toMatch(/CERT/)
    expect(await codeOf(ask(doubting.url, { ca }))).toBe("ECONNRESET")
  })

  it("shows another one from one moment to the next, also to those who are connected", async () => {
    const [old, other] = [await makeCertificate(), await makeCertificate()]
    const { proxy } = await behindProxy({ certificate: old })
    expect((await ask(proxy.url, { ca: old.cert })).status).toBe(201)
    expect(proxy.certificate).toBe(old)
    proxy.show(other)
    expect(proxy.certificate).toBe(other)
    expect(await codeOf(ask(proxy.url, { ca: old.cert }))).toMatch(/CERT/)
    expect((await ask(proxy.url, { ca: other.cert })).status).toBe(201)
  })

  it("is needed to show a certificate", async () => {
    const { proxy } = await behindProxy()
    const certificate = await makeCertificate()
    expect(() => proxy.show(certificate)).toThrow("without TLS")
  })
})

describe("a proxy that is closed", () => {
  it("lets go of those who wait, and leaves no timer", async () => {
    const clock = checkedFakeClock()
    const { proxy } = await behindProxy({ clock })
    proxy.faults.add({ is: "delay", milliseconds: 60_000 }, { times: 1 })
    proxy.faults.add({ is: "silence" })
    const waiting = [codeOf(ask(proxy.url)), codeOf(ask(proxy.url))]
    await eventually(() => expect([proxy.log.underWay, clock.pending.length]).toEqual([2, 1]))
    await proxy.close()
    expect(await Promise.all(waiting)).toEqual(["ECONNRESET", "ECONNRESET"])
    expect(clock.pending).toEqual([])
  })
})

describe("another host", () => {
  it("hears what a client tells it that should not have come", async () => {
    const elsewhere = await startElsewhere(BODY)
    onTestFinished(async () => await elsewhere.close())
    expect(new URL(elsewhere.url).hostname).not.toBe("127.0.0.1")
    expect(elsewhere.heard).toEqual([])
    await ask(elsewhere.url.replace("localhost", "127.0.0.1"), { headers: { "x-token": "t" } })
    expect(elsewhere.heard).toEqual([expect.arrayContaining(["x-token", "t"])])
  })
})
