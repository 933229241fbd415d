import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { azure } from "latchkey/azure"
import { describe, expect, it, onTestFinished } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { makeCertificate } from "../../support/certificates.ts"
import { eventually } from "../../support/eventually.ts"
import { playing } from "./player.ts"
import { calm, collected, errorOf, reaching, scene, started } from "./scene.ts"

/** A port of this machine on which nobody listens. */
async function deafPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

const nowhere = { getToken: async () => ({ token: "token", expiresOnTimestamp: Date.now() + 3_600_000 }) }

describe("a vault that cannot be reached", () => {
  it("is UNAVAILABLE where nothing listens, and a write was certainly not made", async () => {
    const store = azure({ vault: `127.0.0.1:${await deafPort()}`, credential: nowhere })
    const error = await errorOf(store.write("name", "value", calm))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    expect(error.hint).toContain("HTTPS_PROXY")
  })

  it("is UNAVAILABLE where its name has no address, and the hint says to look at the name", async () => {
    const store = azure({ vault: "no-such-vault.invalid", credential: nowhere })
    const error = await errorOf(store.write("name", "value", calm))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    expect(error.hint).toMatch(/called this|DNS/)
  })

  it("is UNAVAILABLE and not transient where its certificate is not trusted", async () => {
    const server = await started()
    const { ca, ...usual } = reaching(server)
    const other = (await makeCertificate()).cert
    for (const options of [usual, { ...usual, ca: other }]) {
      const error = await errorOf(azure(options).write("name", "value", calm))
      expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", false, undefined])
      expect(error.hint).toContain("ca=")
    }
    await azure({ ...usual, ca }).ping(calm)
    expect(server.log.requests.map(({ method }) => method)).toEqual(["GET", "GET"])
  })

  it("is UNAVAILABLE and not transient where what answers speaks no TLS", async () => {
    const server = createServer(socket =>
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    )
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const error = await errorOf(azure({ vault: `127.0.0.1:${port}`, credential: nowhere }).read("name", calm))
    expect([error.code, error.transient]).toEqual(["UNAVAILABLE", false])
  })
})

describe("an answer that does not come whole", () => {
  it.for(["reset", "cut", "malformed", "html"] as const)("is UNAVAILABLE for a read: %s", async mishap => {
    const canary = newCanary()
    const { server, store } = await scene()
    server.put("name", canary.text)
    await store.ping(calm)
    const text = { [mishap]: mishap === "html" ? `<p>${canary.text}</p>` : true } as unknown as {
      reset: true
    }
    server.faults.next(text)
    const error = canary.watch(await errorOf(store.read("name", calm)), store)
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    expect((await store.read("name", calm)).value === canary.text).toBe(true)
  })

  it.for(["lost", "cut", "malformed"] as const)("leaves open what became of a write: %s", async mishap => {
    const canary = newCanary()
    const { server, store } = await scene()
    await store.ping(calm)
    server.faults.next({ [mishap]: true } as unknown as { lost: true })
    const error = canary.watch(await errorOf(store.write("name", canary.text, calm)), store)
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
    expect(server.value("name") === canary.text).toBe(true)
    // Sent once: a second write would have made a second version.
    expect(server.versions("name")).toHaveLength(1)
  })

  it.for([429, 500, 503])("is never asked for again here, whatever the SDK would do: %i", async status => {
    const { server, store } = await scene()
    await store.ping(calm)
    server.log.clear()
    server.faults.always({ status, retryAfter: 1 })
    const error = await errorOf(store.read("name", calm))
    expect([server.log.count(), error.retryAfterMs]).toEqual([1, 1_000])
  })
})

describe("a list of several pages", () => {
  it("fails for what became of the page that failed", async () => {
    const { server, store } = await scene()
    for (let index = 0; index < 30; index++) server.put(`name-${index}`, "value")
    await store.ping(calm)
    const onPage = (last: number) => {
      let page = 0
      return () => ++page === last
    }
    for (const page of [1, 2]) {
      server.faults.next({ status: 403, match: onPage(page) })
      expect((await errorOf(collected(store.list(calm)))).code).toBe("DENIED")
      server.faults.next({ reset: true, match: onPage(page) })
      const error = await errorOf(collected(store.list(calm)))
      expect(error.plainMessage).toBe("the connection broke off")
      server.faults.next({ status: 429, retryAfter: 3, match: onPage(page) })
      expect((await errorOf(collected(store.list(calm)))).retryAfterMs).toBe(3_000)
    }
    // That the vault wanted another token, and got one, is not what the page failed for.
    server.expireTokens()
    server.faults.next({ reset: true, match: ({ identity }) => identity !== undefined })
    expect((await errorOf(collected(store.list(calm)))).plainMessage).toBe("the connection broke off")
  })
})

describe("an answer that leads to another host", () => {
  it("is not followed, neither with the token nor without, nor with the value", async () => {
    const elsewhere = await playing(() => ({ status: 200, body: {} }), { open: true })
    const { server, store } = await scene()
    server.put("name", "value")
    const calls = [
      () => store.read("name", calm),
      () => store.write("name", "value", calm),
      () => collected(store.list(calm)),
      () => store.delete("name", calm),
    ]
    for (const signedIn of [false, true]) {
      if (signedIn) await store.ping(calm)
      for (const call of calls) {
        server.faults.next({
          redirect: elsewhere.url,
          match: ({ identity }) => (identity !== undefined) === signedIn,
        })
        const error = await errorOf(call())
        expect([error.code, error.transient]).toEqual(["UNAVAILABLE", false])
        expect(error.message).toContain("leads elsewhere")
        server.faults.heal()
      }
    }
    expect(elsewhere.requests).toEqual([])
  })

  it("is not followed to the same host either", async () => {
    const { server, store } = await scene()
    server.put("name", "value")
    await store.ping(calm)
    server.faults.next({ redirect: server.url })
    expect((await errorOf(store.read("name", calm))).message).toContain("leads elsewhere")
  })

  it("is not followed from one page of a list to the next", async () => {
    const elsewhere = await playing(() => ({ status: 200, body: { value: [] } }), { open: true })
    const id = "https://v/secrets/name"
    const player = await playing(() => ({
      status: 200,
      body: { value: [{ id, attributes: {} }], nextLink: `${elsewhere.url}/secrets?api-version=7.6` },
    }))
    const store = azure({
      vaultUrl: player.url,
      ca: player.ca,
      credential: nowhere,
      disableChallengeResourceVerification: true,
    })
    expect((await errorOf(collected(store.list(calm)))).message).toContain("leads elsewhere")
    expect(elsewhere.requests).toEqual([])
  })
})

describe("a call whose caller has left", () => {
  it("ends the request, also that for a later page of a list", async () => {
    const { server, store } = await scene()
    for (let index = 0; index < 30; index++) server.put(`name-${index}`, "value")
    for (const [path, page] of [
      ["/secrets/name-1/", false],
      ["/secrets", true],
    ] as const) {
      let met = 0
      server.faults.next({
        hang: true,
        match: request => request.path === path && request.identity !== undefined && (!page || ++met === 2),
      })
      const leaving = new AbortController()
      const call = errorOf(
        page
          ? collected(store.list({ signal: leaving.signal }))
          : store.read("name-1", { signal: leaving.signal }),
      )
      await eventually(() => expect(server.faults.waiting).toBe(0))
      leaving.abort()
      expect((await call).code).toBe("ABORTED")
      // The server sees the connection end, which is when it logs a request that it did not answer.
      await eventually(() => expect(server.log.requests.at(-1)).toMatchObject({ path, status: undefined }))
      await eventually(() => expect(server.log.requests.at(-1)?.ended).toBeTypeOf("number"))
    }
  })
})

describe("a store that is closed", () => {
  it("ends what is under way, and refuses what comes after that", async () => {
    const { server, store } = await scene()
    server.put("name", "value")
    await store.read("name", calm)
    server.faults.next({ hang: true })
    const during = errorOf(store.read("name", calm))
    await eventually(() => expect(server.faults.waiting).toBe(0))
    await store.close()
    expect((await during).code).toBe("CLOSED")
    expect((await errorOf(store.read("name", calm))).code).toBe("CLOSED")
    expect((await errorOf(collected(store.list(calm)))).code).toBe("CLOSED")
  })
})
