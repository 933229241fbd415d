import { once } from "node:events"
import { createServer } from "node:http"
import { expect, it, onTestFinished } from "vitest"
import { describeOn } from "./cases.ts"
import { type ProxyTo, proxyTo } from "./index.ts"

describeOn("toxiproxy", () => {
  it("lets everything pass as long as there is no harm", async () => {
    const proxy = await toServer()
    expect(await outcome(proxy)).toBe(BODY)
  })

  it("refuses while it is down, and is well again afterwards", async () => {
    const proxy = await toServer()
    await proxy.down()
    expect(await outcome(proxy)).toBe("ECONNREFUSED")
    await proxy.up()
    expect(await outcome(proxy)).toBe(BODY)
  })

  it("resets connections", async () => {
    const proxy = await toServer()
    await proxy.reset()
    expect(["ECONNRESET", "UND_ERR_SOCKET"]).toContain(await outcome(proxy))
    await proxy.up()
    expect(await outcome(proxy)).toBe(BODY)
  })

  it("lets nothing pass while it hangs", async () => {
    const proxy = await toServer()
    await proxy.hang()
    expect(await outcome(proxy, 300)).toBe("nothing")
    await proxy.up()
    expect(await outcome(proxy)).toBe(BODY)
  })

  it("holds answers back", async () => {
    const proxy = await toServer()
    await proxy.latency(60_000)
    expect(await outcome(proxy, 300)).toBe("nothing")
    await proxy.up()
    expect(await outcome(proxy)).toBe(BODY)
  })

  it("cuts an answer short", async () => {
    const proxy = await toServer()
    await proxy.limit(400)
    expect(await outcome(proxy)).toMatch(/^UND_ERR_(?:SOCKET|RES_CONTENT_LENGTH_MISMATCH)$/)
    await proxy.up()
    expect(await outcome(proxy)).toBe(BODY)
  })

  it("is gone when it was closed", async () => {
    const proxy = await toServer()
    await proxy.close()
    expect(await outcome(proxy)).toBe("ECONNREFUSED")
  })
})

const BODY = "x".repeat(2000)

async function toServer(): Promise<ProxyTo> {
  const server = createServer((_, response) => response.end(BODY)).listen(0, "127.0.0.1")
  await once(server, "listening")
  const proxy = await proxyTo("127.0.0.1", (server.address() as { port: number }).port)
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await proxy.close().catch(() => undefined)
  })
  return proxy
}

/** What came of a request: the body, the code of the error, or nothing within a time. */
async function outcome({ url }: ProxyTo, within = 15_000): Promise<string> {
  try {
    const signal = AbortSignal.timeout(within)
    const response = await fetch(url, { signal, headers: { connection: "close" } })
    return await response.text()
  } catch (error) {
    if ((error as Error).name === "TimeoutError") return "nothing"
    const { cause } = error as { cause: { code: string } }
    return cause.code
  }
}
