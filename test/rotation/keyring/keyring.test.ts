import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { keyring } from "../../../src/rotation/keyring/index.ts"
import { expectNoLeak } from "../../support/canary.ts"
import { failureOf } from "../../support/rig.ts"
import { idsOf, keyringScene, NAME, valuesOf } from "./scene.ts"

describe("keyring() on a set of keys", () => {
  it("gives the current key for signing, and all keys for checking", async () => {
    const { open, put, set, key } = keyringScene("no versions")
    await put(set("b", "c", "b", "a"))
    const keys = await open()
    expect([keys.current().id, keys.current().reveal()]).toEqual(["b", key("b")])
    expect(idsOf(keys)).toEqual(["b", "c", "a"])
    expect(valuesOf(keys)).toEqual({ a: key("a"), b: key("b"), c: key("c") })
    expect((await keys.find("c"))?.reveal()).toBe(key("c"))
  })

  it("is the same on a store that keeps versions, which are then none of its keys", async () => {
    const { open, put, set, store } = keyringScene("versions")
    await put(set("x", "x"))
    await put(set("b", "b", "a"))
    const keys = await open()
    expect(idsOf(keys)).toEqual(["b", "a"])
    expect(await keys.find("v1")).toBeUndefined()
    expect(store.calls.count("versions")).toBe(0)
  })

  it("takes a plain key for a set of one on a store that keeps no versions, and on others where that is asked for", async () => {
    for (const kept of ["versions", "no versions"] as const) {
      const { open, put, key, store } = keyringScene(kept)
      await put(key("plain"))
      const keys = await open(kept === "versions" ? { form: "set" } : {})
      expect(valuesOf(keys)).toEqual({ initial: key("plain") })
      expect(store.calls.count("versions")).toBe(0)
    }
  })

  it("follows the secret: publishing, promoting, dropping", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    await put(set("a", "b", "a"))
    await clock.advance("1m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["a", ["a", "b"]])
    await put(set("b", "b", "a"))
    await clock.advance("1m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["b", ["b", "a"]])
    await put(set("b", "b"))
    await clock.advance("1m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["b", ["b"]])
    expect(await keys.find("a")).toBeUndefined()
  })

  it("keeps the secret fresh although nobody asks for its keys", async () => {
    const { open, put, set, clock, store } = keyringScene("no versions")
    await put(set("a", "a"))
    await open()
    store.calls.clear()
    await clock.advance("60m")
    expect(store.calls.count("read", NAME)).toBeGreaterThan(50)
  })

  it("sees what a program that reads only when asked has read", async () => {
    const { open, put, set, secrets, clock } = keyringScene("no versions", { refresh: "on-read" })
    await put(set("a", "a"))
    const keys = await open()
    await put(set("b", "b", "a"))
    await clock.advance("5m")
    expect(keys.current().id).toBe("a")
    await secrets.fresh("1m")
    expect(keys.current().id).toBe("b")
  })

  it("gives the same object for the same key for as long as it knows it, and another one for another value", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    const first = keys.current()
    await put(set("b", "b", "a"))
    await clock.advance("1m")
    expect(await keys.find("a")).toBe(first)
    expect(keys.keys()[1]).toBe(first)
    await put(set("b", "b", { id: "a", value: "changed by hand" }))
    await clock.advance("1m")
    expect(await keys.find("a")).not.toBe(first)
    expect((await keys.find("a"))?.reveal()).toBe("changed by hand")
    expect(first.reveal()).not.toBe("changed by hand")
  })

  it("keeps nothing of a key that was taken out", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "a", "b"))
    const keys = await open()
    const gone = await keys.find("b")
    await put(set("a", "a"))
    await clock.advance("1m")
    expect(idsOf(keys)).toEqual(["a"])
    await put(set("a", "a", "b"))
    await clock.advance("1m")
    expect(idsOf(keys)).toEqual(["a", "b"])
    expect(await keys.find("b")).not.toBe(gone)
  })

  it("does not take in a set that is garbled: the keys before it stay, and it is told", async () => {
    const { open, put, set, clock, saidOf } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    await put(set("b", "b", "a").slice(0, -4))
    await clock.advance("2m")
    expect(idsOf(keys)).toEqual(["a"])
    expect(saidOf("refused").at(0)).toMatchObject({ secret: NAME, code: "INVALID_VALUE" })
    await put(set("b", "b", "a"))
    await clock.advance("2m")
    expect(idsOf(keys)).toEqual(["b", "a"])
  })

  it("shows no value of a key, however it is printed, and neither do its keys", async () => {
    const { open, put, set, canary, clock } = keyringScene("versions")
    await put(set("a", "a", "b"))
    const keys = await open()
    const [first] = keys.keys()
    expectNoLeak(canary, keys, first, keys.keys(), { deep: [{ keys, first }] })
    expect([String(keys), inspect(first), JSON.stringify({ first })]).toEqual([
      "Secret‹auth/jwt-key›",
      "Secret‹auth/jwt-key, key a›",
      '{"first":"Secret‹auth/jwt-key, key a›"}',
    ])
    await put(canary.text)
    await clock.advance("1m")
    expectNoLeak(canary, keys, keys.current())
  })
})

describe("an old key", () => {
  const HOUR = 3_600_000

  it("is good until its notAfter, and for the skew of the clocks longer", async () => {
    const { open, put, set, clock } = keyringScene("no versions", { maxStale: "1d" })
    await put(set("b", "b", { id: "a", notAfter: clock.wall() + HOUR }))
    const keys = await open({ clockSkew: "5m" })
    await clock.advance("65m")
    expect(idsOf(keys)).toEqual(["b", "a"])
    await clock.advance("1ms")
    expect(idsOf(keys)).toEqual(["b"])
    expect(await keys.find("a")).toBeUndefined()
  })

  it("is good for its overlap from when it is seen to be old, when the rotation stood still for days", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "b", "a"))
    const keys = await open()
    const promoted = set("b", "b", { id: "a", notAfter: clock.wall() + HOUR, overlap: HOUR })
    await clock.advance("5d")
    await put(promoted)
    await clock.advance("1m")
    await clock.advance("59m")
    expect(idsOf(keys)).toEqual(["b", "a"])
    await clock.advance("2m")
    expect(idsOf(keys)).toEqual(["b"])
  })

  it("does not begin anew when the set changes again", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    const old = { id: "a", overlap: HOUR }
    await put(set("b", "b", old))
    const keys = await open()
    await clock.advance("30m")
    await put(set("b", "c", "b", old))
    await clock.advance("30m")
    expect(idsOf(keys)).toEqual(["b", "c", "a"])
    await clock.advance("1ms")
    expect(idsOf(keys)).toEqual(["b", "c"])
  })

  it("is good for its overlap in a program that starts after such a promotion", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    const promoted = set("b", "b", { id: "a", notAfter: clock.wall() + HOUR, overlap: HOUR })
    await clock.advance("5d")
    await put(promoted)
    const keys = await open()
    await clock.advance("1h")
    expect(idsOf(keys)).toEqual(["b", "a"])
    await clock.advance("1ms")
    expect(idsOf(keys)).toEqual(["b"])
  })

  it.each([
    ["ahead", "2027-01-01T00:00:00Z"],
    ["back", "2025-01-01T00:00:00Z"],
  ])("is not refused too early by a clock that is set %s by a year", async (_how, time) => {
    const { open, put, set, clock } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    await put(set("b", "b", { id: "a", notAfter: clock.wall() + HOUR, overlap: HOUR }))
    await clock.advance("1m")
    clock.setWall(new Date(time))
    await clock.advance("59m")
    expect(idsOf(keys)).toEqual(["b", "a"])
  })

  it("counts anew when it was put back and is replaced again, and has no end while it is the current one", async () => {
    const { open, put, set, clock } = keyringScene("no versions")
    const ending = { notAfter: clock.wall() + HOUR, overlap: HOUR }
    await put(set("b", "b", { id: "a", ...ending }))
    const keys = await open()
    await clock.advance("30m")
    await put(set("a", "b", { id: "a", ...ending }))
    await clock.advance("10h")
    expect(keys.current().id).toBe("a")
    await put(set("b", "b", { id: "a", ...ending }))
    await clock.advance("1m")
    await clock.advance("59m")
    expect(idsOf(keys)).toEqual(["b", "a"])
    await clock.advance("2m")
    expect(idsOf(keys)).toEqual(["b"])
  })
})

describe("an id that is not known", () => {
  it("causes one read for all who ask, which finds a key that was published just now", async () => {
    const { open, put, set, store } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    await put(set("a", "b", "a"))
    store.calls.clear()
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.find("b")))
    expect(new Set(found.map(key => key?.id))).toEqual(new Set(["b"]))
    expect([...store.calls]).toHaveLength(1)
  })

  it("causes no more than one read per interval, however many are made up", async () => {
    const { open, put, set, store, clock } = keyringScene("no versions", { ttl: "1d" })
    await put(set("a", "a"))
    const keys = await open()
    store.calls.clear()
    let asked = 0
    for (let seconds = 0; seconds < 100; seconds++) {
      const ids = Array.from({ length: 20 }, () => `made-up-${asked++}`)
      expect(await Promise.all(ids.map(id => keys.find(id)))).toEqual(ids.map(() => undefined))
      await clock.advance("1s")
    }
    expect([...store.calls]).toHaveLength(4)
  })

  it("is looked for again once the interval is over, which can be set", async () => {
    const { open, put, set, clock } = keyringScene("no versions", { ttl: "1d" })
    await put(set("a", "a"))
    const keys = await open({ refreshInterval: "10s" })
    expect(await keys.find("b")).toBeUndefined()
    await put(set("a", "b", "a"))
    await clock.advance("9s")
    expect(await keys.find("b")).toBeUndefined()
    await clock.advance("1s")
    expect((await keys.find("b"))?.id).toBe("b")
  })

  it.each([
    ["", "empty"],
    ["a b", "with a space"],
    ["é", "not of ASCII"],
    ["x".repeat(257), "too long"],
    [undefined as never, "no id at all"],
    [{ toString: () => "a" } as never, "an object"],
  ])("is not looked for when it can be none: %j", async id => {
    const { open, put, set, store } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    store.calls.clear()
    expect(await keys.find(id)).toBeUndefined()
    expect([...store.calls]).toHaveLength(0)
  })

  it("is unknown, and nothing is thrown, while the store is down; the known keys go on", async () => {
    const { open, put, set, store, clock, key } = keyringScene("no versions")
    await put(set("b", "b", "a"))
    const keys = await open()
    store.faults.fail("all", "UNAVAILABLE")
    expect(await keys.find("c")).toBeUndefined()
    await clock.advance("10m")
    expect(await keys.find("c")).toBeUndefined()
    expect((await keys.find("a"))?.reveal()).toBe(key("a"))
    expect(keys.current().reveal()).toBe(key("b"))
  })

  it("is waited for no longer than a call to the store may take, if that hangs", async () => {
    const { open, put, set, store, clock } = keyringScene("no versions", { callTimeout: "5s", ttl: "1d" })
    await put(set("a", "a"))
    const keys = await open()
    store.faults.hang("all", { deaf: true })
    const found = keys.find("b")
    await clock.advance("5s")
    expect(await found).toBeUndefined()
    await store.faults.heal()
  })

  it("lets go of whoever leaves, and goes on for the others", async () => {
    const { open, put, set, store, clock } = keyringScene("no versions", { ttl: "1d" })
    await put(set("a", "a"))
    const keys = await open()
    await put(set("a", "b", "a"))
    store.faults.hang("read")
    const leaving = new AbortController()
    const left = failureOf(keys.find("b", { signal: leaving.signal }))
    const stayed = keys.find("b")
    await clock.settle()
    leaving.abort()
    expect(await left).toMatchObject({ code: "ABORTED", secret: NAME })
    await store.faults.heal()
    expect((await stayed)?.id).toBe("b")
    expect(await failureOf(keys.find("a", { signal: leaving.signal }))).toMatchObject({ code: "ABORTED" })
  })
})

describe("a keyring in an outage", () => {
  it("ends with the secret: too old, or withdrawn", async () => {
    const { open, put, set, store, clock } = keyringScene("no versions", { maxStale: "5m" })
    await put(set("a", "a"))
    const keys = await open()
    store.faults.fail("all", "UNAVAILABLE")
    await clock.advance("5m")
    expect(keys.current().id).toBe("a")
    await clock.advance("2m")
    for (const call of [() => keys.current(), () => keys.keys(), () => keys.find("a")]) {
      expect(await failureOf(call)).toMatchObject({ code: "STALE", secret: NAME })
    }
    await store.faults.heal()
    await clock.advance("1m")
    expect(keys.current().id).toBe("a")
    await store.delete?.(NAME, { signal: new AbortController().signal })
    await clock.advance("3m")
    expect(await failureOf(() => keys.current())).toMatchObject({ code: "NOT_FOUND" })
  })

  it("says with refresh() what went wrong, and goes on with what is known", async () => {
    const { open, put, set, store, clock } = keyringScene("no versions")
    await put(set("a", "a"))
    const keys = await open()
    await put(set("b", "b"))
    const down = store.faults.fail("all", "UNAVAILABLE")
    expect(await failureOf(keys.refresh())).toMatchObject({ code: "UNAVAILABLE" })
    expect(keys.current().id).toBe("a")
    down.end()
    await clock.advance("5s")
    await keys.refresh()
    expect(idsOf(keys)).toEqual(["b"])
  })
})

describe("keyring()", () => {
  it("refuses what is no keyring, says what is wrong, and quotes nothing", async () => {
    const { put, key, failure, secrets } = keyringScene("no versions")
    await put(`{"current":"a","keys":[{"id":"a","value":"${key("a")}"}`)
    expect(await failure(keyring(secrets, NAME))).toMatchObject({
      code: "INVALID_VALUE",
      secret: NAME,
      message: expect.stringContaining("garbled: it is not JSON"),
    })
    expect(await failure(keyring(secrets, "auth/none"))).toMatchObject({ code: "NOT_FOUND" })
  })

  it("refuses bytes", async () => {
    const { put, failure, secrets, canary } = keyringScene("no versions")
    await put(canary.bytes)
    expect(await failure(keyring(secrets, NAME))).toMatchObject({ code: "INVALID_VALUE", secret: NAME })
  })

  it.each([
    ["an option that does not exist", { overlap: "1h" }, "MISCONFIGURED"],
    ["a form that does not exist", { form: "jwks" }, "MISCONFIGURED"],
    ["an interval that is none", { refreshInterval: 30 }, "MISCONFIGURED"],
    ["an interval of zero", { refreshInterval: "0s" }, "MISCONFIGURED"],
    ["a skew that is none", { clockSkew: "soon" }, "MISCONFIGURED"],
    ["a propagation of zero", { propagation: "0s" }, "MISCONFIGURED"],
    ["a token lifetime that is none", { tokenLifetime: -1 }, "MISCONFIGURED"],
    ["versions on a store that keeps none", { form: "versions" }, "UNSUPPORTED"],
  ])("refuses %s", async (_what, options, code) => {
    const { put, set, failure, secrets } = keyringScene("no versions")
    await put(set("a", "a"))
    expect(await failure(keyring(secrets, NAME, options as never))).toMatchObject({ code })
  })

  it("refuses the field of a secret, and unknown options of find()", async () => {
    const { put, set, failure, secrets, open } = keyringScene("no versions")
    await put(set("a", "a"))
    expect(await failure(keyring(secrets, `${NAME}#keys`))).toMatchObject({ code: "MISCONFIGURED" })
    const keys = await open()
    expect(await failure(keys.find("a", { sigal: 1 } as never))).toMatchObject({ code: "MISCONFIGURED" })
  })

  it("leaves with its signal while the first read is under way", async () => {
    const { store, secrets, failure } = keyringScene("no versions")
    store.faults.hang("all")
    const leaving = new AbortController()
    const opened = failure(keyring(secrets, NAME, { signal: leaving.signal }))
    leaving.abort()
    expect(await opened).toMatchObject({ code: "ABORTED" })
    await store.faults.heal()
  })

  it("follows nothing any more after close(), and looks for nothing; what it knows it still gives", async () => {
    const { open, put, set, store, clock } = keyringScene("no versions")
    await put(set("b", "b", "a"))
    const keys = await open()
    await keys.close()
    await keys.close()
    store.calls.clear()
    expect(await keys.find("c")).toBeUndefined()
    expect([...store.calls]).toHaveLength(0)
    expect(keys.current().id).toBe("b")
    await clock.advance("1h")
    const quiet = store.calls.count()
    await clock.advance("1h")
    expect(store.calls.count()).toBe(quiet)
  })

  it("can be disposed of, and drains after Secrets was closed", async () => {
    const { put, set, secrets, clock } = keyringScene("no versions")
    await put(set("b", "b", "a"))
    await using keys = await keyring(secrets, NAME, { clock })
    await secrets.close()
    expect(keys.current().id).toBe("b")
    expect(await keys.find("c")).toBeUndefined()
    expect(await failureOf(keys.refresh())).toMatchObject({ code: "CLOSED" })
  })
})
