import { fromUrl, memory } from "latchkey/memory"
import { describe, expect, it } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { badNames, calm, collect, errorOf, names, oddValues, reveal } from "../calls.ts"

describe("secrets in memory", () => {
  it.each(oddValues)("gives %s back as it is, and shows nothing of it", async (_, value) => {
    const canary = newCanary()
    const store = canary.watch(memory({ a: value + canary.text }))
    expect(await reveal(store, "a")).toBe(value + canary.text)
    await store.write("b", canary.text + value, calm)
    expect(await reveal(store, "b")).toBe(canary.text + value)
    expectNoLeak(canary, store)
  })

  it("keeps versions, the newest first, and reads each", async () => {
    const clock = checkedFakeClock()
    const store = memory({ a: "1" }, { clock })
    await clock.advance("1m")
    const info = await store.write("a", "2", { ...calm, expiresAt: new Date(0) })
    expect(info).toEqual({
      version: "v2",
      current: true,
      readable: true,
      createdAt: new Date("2026-01-01T00:01:00Z"),
      expiresAt: new Date(0),
    })
    expect(await collect(store.versions("a", calm))).toEqual([
      info,
      { version: "v1", current: false, readable: true, createdAt: new Date("2026-01-01T00:00:00Z") },
    ])
    expect((await store.read("a", { ...calm, version: "v1" })).value).toBe("1")
    expect((await store.read("a", calm)).expiresAt).toEqual(new Date(0))
    expect((await errorOf(store.read("a", { ...calm, version: "v3" }))).code).toBe("NOT_FOUND")
    expect((await errorOf(collect(store.versions("b", calm)))).code).toBe("NOT_FOUND")
  })

  it("never gives the number of a version twice, also after a deletion", async () => {
    const store = memory({ a: "1" })
    await store.delete("a", calm)
    expect((await errorOf(store.read("a", calm))).code).toBe("NOT_FOUND")
    expect((await errorOf(store.delete("a", calm))).code).toBe("NOT_FOUND")
    expect(await names(store.list(calm))).toEqual([])
    expect((await store.write("a", "2", { ...calm, expect: "absent" })).version).toBe("v2")
  })

  it("writes under a precondition only if it holds", async () => {
    const store = memory({ a: "1" })
    expect((await errorOf(store.write("a", "2", { ...calm, expect: "absent" }))).code).toBe("CONFLICT")
    expect((await errorOf(store.write("a", "2", { ...calm, expect: "v9" }))).code).toBe("CONFLICT")
    expect((await errorOf(store.write("b", "2", { ...calm, expect: "v1" }))).code).toBe("CONFLICT")
    expect((await store.write("a", "2", { ...calm, expect: "v1" })).version).toBe("v2")
  })

  it("switches one version off, or all, and on again", async () => {
    const store = memory({ a: "1" })
    await store.write("a", "2", calm)
    store.disable("a", "v2")
    expect((await errorOf(store.read("a", calm))).code).toBe("DISABLED")
    expect((await store.read("a", { ...calm, version: "v1" })).value).toBe("1")
    store.disable("a")
    expect((await errorOf(store.read("a", { ...calm, version: "v1" }))).code).toBe("DISABLED")
    const infos = await collect(store.versions("a", calm))
    expect(infos.map(info => info.readable)).toEqual([false, false])
    store.enable("a")
    expect(await reveal(store, "a")).toBe("2")
    expect((await errorOf(() => store.disable("none"))).code).toBe("NOT_FOUND")
  })

  it("answers many names one by one", async () => {
    const store = memory({ a: "1", b: "2" })
    store.disable("b")
    const answers = await store.readMany(["a", "b", "c"], calm)
    expect(answers.get("a")).toMatchObject({ value: "1" })
    expect([answers.get("b"), answers.get("c")]).toMatchObject([{ code: "DISABLED" }, { code: "NOT_FOUND" }])
  })

  it("is not changed by what a caller does to bytes on their way in or out", async () => {
    const bytes = Uint8Array.of(1, 2)
    const store = memory({ a: bytes })
    bytes[0] = 9
    const read = (await reveal(store, "a")) as Uint8Array
    expect(read).toEqual(Uint8Array.of(1, 2))
    read[1] = 9
    expect(await reveal(store, "a")).toEqual(Uint8Array.of(1, 2))
  })

  it("tells those who watch of each change, until they stop or it is closed", async () => {
    const store = memory({ a: "1" })
    const [first, second] = [new AbortController(), new AbortController()]
    const told: unknown[] = []
    const failed = () => expect.fail("a watch failed")
    await store.watch(name => told.push(["first", name]), { signal: first.signal, failed })
    await store.watch(name => told.push(["second", name]), { signal: second.signal, failed })
    await store.write("a", "2", calm)
    first.abort()
    store.disable("a")
    await store.delete("a", calm)
    await store.close()
    await store.write("a", "3", calm)
    expect(told).toEqual([
      ["first", "a"],
      ["second", "a"],
      ["second", "a"],
      ["second", "a"],
    ])
  })

  it("holds names of its own beside portable ones, and looks below a prefix", async () => {
    const content = { "prod/a": "1", a: "2", "MyApp/Prod": "3" }
    expect(await names(memory(content).list(calm))).toEqual(["MyApp/Prod", "a", "prod/a"])
    expect(await reveal(memory(content), "MyApp/Prod")).toBe("3")
    const below = memory(content, { prefix: "prod", rename: { b: "MyApp/Prod" } })
    expect([await reveal(below, "a"), await reveal(below, "b")]).toEqual(["1", "3"])
    expect(await names(below.list(calm))).toEqual(["a", "b"])
    below.disable("a")
    expect((await errorOf(below.read("a", calm))).code).toBe("DISABLED")
  })

  it.each(badNames)("refuses the name %j, from the beginning and later", async name => {
    expect((await errorOf(() => memory({ [name]: "1" }))).code).toBe("INVALID_NAME")
    expect((await errorOf(memory().write(name, "1", calm))).code).toBe("INVALID_NAME")
  })

  it("refuses options that do not exist, and values that are none", async () => {
    expect((await errorOf(() => memory({}, { ttl: "5m" } as object))).hint).toContain("clock, prefix, rename")
    const error = await errorOf(() => memory({ a: 1 } as unknown as Record<string, string>))
    expect(error).toMatchObject({ code: "MISCONFIGURED", secret: "a" })
  })
})

describe("the URL memory:", () => {
  it("takes a prefix", () => {
    expect(fromUrl(new URL("memory:?prefix=a"), {})).toEqual({ prefix: "a", rename: {} })
  })

  it.each(["memory:x", "memory:?a=1", "memory:?initial=1"])("refuses %s", async url => {
    expect((await errorOf(() => fromUrl(new URL(url), {}))).code).toBe("MISCONFIGURED")
  })
})
