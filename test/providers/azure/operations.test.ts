import { describe, expect, it } from "vitest"
import { eventually } from "../../support/eventually.ts"
import { calm, collected, errorOf, scene } from "./scene.ts"

describe("the versions of a secret", () => {
  it("are marked by what a read without a version says, also when several were made in one second", async () => {
    const { server, store } = await scene()
    server.clock.stopAt(1_700_000_000_500)
    const made = ["one", "two", "three", "four", "five"].map(value => server.put("name", value))
    const infos = await collected(store.versions("name", calm))
    expect(infos.map(({ version }) => version).toSorted()).toEqual(made.toSorted())
    expect(infos.filter(({ current }) => current)).toMatchObject([{ version: made.at(-1), readable: true }])
    expect(infos[0]?.current).toBe(true)
    expect(new Set(infos.map(({ createdAt }) => createdAt?.getTime()))).toEqual(new Set([1_700_000_000_000]))
  })

  it("come newest first, on as many pages as there are", async () => {
    const { server, store } = await scene()
    server.clock.stopAt(1_700_000_000_000)
    const made = Array.from({ length: 30 }, (_, index) => {
      server.clock.advance(1_000)
      return server.put("name", `value ${index}`)
    })
    const infos = await collected(store.versions("name", calm))
    expect(infos.map(({ version }) => version)).toEqual(made.toReversed())
  })

  it("say which can be read, and none is current where the newest is switched off", async () => {
    const { server, store } = await scene()
    const [old, bad] = [server.put("name", "old"), server.put("name", "bad")]
    server.disable("name", bad)
    const infos = await collected(store.versions("name", calm))
    expect(
      infos.map(({ version, current, readable }) => [version === old, current, readable]).toSorted(),
    ).toEqual([
      [false, false, false],
      [true, false, true],
    ])
    expect((await errorOf(store.read("name", calm))).code).toBe("DISABLED")
    expect((await store.read("name", { ...calm, version: old })).value).toBe("old")
    expect((await errorOf(store.read("name", { ...calm, version: bad }))).code).toBe("DISABLED")
  })

  it("are not found where they never were; an empty one is not taken for the current one", async () => {
    const { server, store } = await scene()
    server.put("name", "value")
    for (const version of ["", "no-such-version", "0".repeat(32)])
      expect((await errorOf(store.read("name", { ...calm, version }))).code).toBe("NOT_FOUND")
  })
})

describe("a write", () => {
  it("waits for the one before it to the same name, and for no other", async () => {
    const { server, store } = await scene()
    await store.ping(calm)
    const release = server.holdWrites()
    const same = ["one", "two", "three"].map(async value => await store.write("name", value, calm))
    const other = store.write("other", "value", calm)
    const puts = (path: string) =>
      server.log.count(request => request.method === "PUT" && request.path === path)
    await eventually(() => expect([puts("/secrets/name"), puts("/secrets/other")]).toEqual([1, 1]))
    release()
    await Promise.all([...same, other])
    expect(server.versions("name").map(({ value }) => value)).toEqual(["one", "two", "three"])
    expect(server.log.count(({ status }) => status === 409)).toBe(0)
  })

  it("whose caller leaves while it waits is not made, and lets nobody pass", async () => {
    const { server, store } = await scene()
    await store.ping(calm)
    const release = server.holdWrites()
    const leaving = new AbortController()
    const first = store.write("name", "one", calm)
    const second = errorOf(store.write("name", "two", { signal: leaving.signal }))
    const third = store.write("name", "three", calm)
    leaving.abort()
    expect((await second).code).toBe("ABORTED")
    release()
    await Promise.all([first, third])
    expect(server.versions("name").map(({ value }) => value)).toEqual(["one", "three"])
    expect(server.log.count(({ status }) => status === 409)).toBe(0)
  })

  it("that meets one from elsewhere is a CONFLICT which may be tried again", async () => {
    const { server, store } = await scene()
    await store.ping(calm)
    server.faults.next({ status: 409 })
    const error = await errorOf(store.write("name", "value", calm))
    expect([error.code, error.transient, error.outcome]).toEqual(["CONFLICT", true, undefined])
    await store.write("name", "value", calm)
  })

  it("to the name of a deleted secret is a CONFLICT that says the way back", async () => {
    const { server, store } = await scene({ deleteSettles: { polls: 3 } })
    server.put("name", "value")
    await store.delete("name", calm)
    const during = await errorOf(store.write("name", "again", calm))
    expect([during.code, during.hint]).toEqual(["CONFLICT", expect.stringContaining("wait some seconds")])
    server.put("other", "value")
    server.softDelete("other")
    const after = await errorOf(store.write("other", "again", calm))
    expect([after.code, after.hint]).toEqual(["CONFLICT", "az keyvault secret recover, or purge"])
    expect((await errorOf(store.read("other", calm))).hint).toContain("az keyvault secret recover")
  })

  it("of more than 25,600 characters is refused before anything is sent", async () => {
    const { server, store } = await scene()
    const error = await errorOf(store.write("name", "é".repeat(25_601), calm))
    expect([error.code, error.message.includes("25,600")]).toEqual(["INVALID_VALUE", true])
    expect(server.log.count()).toBe(0)
    // More bytes than that, which the vault may or may not hold: that is for the vault to say.
    await store.write("name", "é".repeat(25_600), calm)
    expect(server.value("name")).toHaveLength(25_600)
  })

  it("whose time of expiry the SDK would write as one in 1901 is refused", async () => {
    const { server, store } = await scene()
    for (const expiresAt of [
      new Date("2038-01-19T03:14:08Z"),
      new Date("2099-01-01"),
      new Date(0),
      new Date("x"),
    ])
      expect((await errorOf(store.write("name", "value", { ...calm, expiresAt }))).code).toBe("INVALID_VALUE")
    expect(server.log.count()).toBe(0)
    const last = new Date("2038-01-19T03:14:07Z")
    expect((await store.write("name", "value", { ...calm, expiresAt: last })).expiresAt).toEqual(last)
    expect((await store.read("name", calm)).expiresAt).toEqual(last)
  })

  it("of an empty value is kept, and read as one", async () => {
    const { store } = await scene()
    await store.write("name", "", calm)
    expect((await store.read("name", calm)).value).toBe("")
  })
})

describe("a deletion", () => {
  it("is done when the vault has accepted it, whatever is said of how far it has come", async () => {
    const { server, store } = await scene()
    for (const fault of [{ status: 500 }, { status: 429 }, { status: 403 }, { reset: true }] as const) {
      server.put("name", "value")
      server.faults.next({ ...fault, match: ({ path }) => path.startsWith("/deletedsecrets") })
      await store.delete("name", calm)
      expect(server.isDeleted("name")).toBe(true)
      expect((await errorOf(store.read("name", calm))).code).toBe("NOT_FOUND")
      server.remove("name")
    }
  })

  it("takes two requests, and does not wait until it is through", async () => {
    const { server, store } = await scene({ deleteSettles: { polls: 100 } })
    server.put("name", "value")
    await store.ping(calm)
    server.log.clear()
    await store.delete("name", calm)
    expect(server.log.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "DELETE /secrets/name",
      "GET /deletedsecrets/name",
    ])
  })

  it("that failed says so", async () => {
    const { server, store } = await scene()
    server.put("name", "value")
    server.faults.next({
      status: 500,
      match: ({ method, identity }) => method === "DELETE" && identity !== undefined,
    })
    const error = await errorOf(store.delete("name", calm))
    expect([error.code, error.outcome, server.isDeleted("name")]).toEqual(["UNAVAILABLE", "unknown", false])
  })
})

describe("a list", () => {
  it("has all pages, and leaves out what belongs to certificates and what is switched off", async () => {
    const { server, store } = await scene()
    const names = Array.from({ length: 60 }, (_, index) => `name-n${index}`)
    for (const name of names) server.put(name, "value")
    server.putCertificate("certificate")
    server.put("off", "value")
    server.disable("off")
    server.put("TALLY--Api-Token", "value", { tags: { owner: "billing" }, exp: 1_900_000_000 })
    await store.ping(calm)
    server.log.clear()
    const listed = await collected(store.list(calm))
    expect(listed.map(({ name }) => name).toSorted()).toEqual([...names, "tally/api-token"].toSorted())
    expect(listed.find(({ name }) => name === "tally/api-token")).toMatchObject({
      labels: { owner: "billing" },
      expiresAt: new Date(1_900_000_000_000),
    })
    expect(server.log.count()).toBe(3)
  })
})

describe("a ping", () => {
  it("says yes to whoever is let in, whatever he may do there", async () => {
    const { server, store } = await scene()
    await store.ping(calm)
    server.grant("owner")
    await store.ping(calm)
    expect(server.log.requests.map(({ path, status }) => [path, status])).toEqual([
      ["/secrets/latchkey--ping/", 401],
      ["/secrets/latchkey--ping/", 404],
      ["/secrets/latchkey--ping/", 403],
    ])
  })

  it("says why not to whoever is not", async () => {
    const { server, store, credential } = await scene()
    server.faults.next({ status: 503 })
    expect((await errorOf(store.ping(calm))).code).toBe("UNAVAILABLE")
    credential.failWith(() => new Error("no"))
    expect((await errorOf(store.ping(calm))).code).toBe("UNAUTHENTICATED")
  })
})

describe("a read", () => {
  it("gives a value outside of its times, as the vault does, and says when it ends", async () => {
    const { server, store } = await scene()
    server.put("name", "value", { exp: 1_600_000_000, nbf: 1_900_000_000 })
    const secret = await store.read("name", calm)
    expect([secret.value, secret.expiresAt]).toEqual(["value", new Date(1_600_000_000_000)])
  })

  it("is one request, and gives tags as labels", async () => {
    const { server, store } = await scene()
    server.put("name", "value", { tags: { owner: "billing" } })
    await store.ping(calm)
    server.log.clear()
    expect((await store.read("name", calm)).labels).toEqual({ owner: "billing" })
    expect(server.log.count()).toBe(1)
  })
})
