import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretStore } from "../../src/core/index.ts"
import { narrowed, partialPolicy } from "../../src/secrets/options.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, scripted, without } from "../support/rig.ts"

const MINUTE = 60_000

const polled = (options = {}) =>
  rig(
    (clock, { text }) =>
      faulty(without(memory({ db: text, other: text }, { clock }), "watch", "versions") as SecretStore, {
        clock,
      }),
    { jitter: "0%", ...options },
  )

describe("what callers wish for one name", () => {
  it("replaces the defaults for that name, and for no other", async () => {
    const { secrets, store, clock } = polled()
    const handles = [await secrets.get("db", { ttl: "1m" }), await secrets.get("other")]
    for (const handle of handles) handle.onRotate(() => undefined)
    store.calls.clear()
    await clock.advance("10m")
    const count = (name: string) => store.calls.count("read", name) + store.calls.count("readMany", name)
    expect([count("db"), count("other")]).toEqual([10, 2])
  })

  it("may be longer than the default", async () => {
    const { secrets, store, clock } = polled()
    const handle = await secrets.get("db", { ttl: "1h" })
    handle.onRotate(() => undefined)
    await clock.advance("149m")
    expect(store.calls.count("read")).toBe(1 + 2)
  })

  it("is the shorter one where two differ, in whatever order they come", async () => {
    for (const [first, second] of [
      ["1m", "10m"],
      ["10m", "1m"],
    ] as const) {
      const { secrets, store, clock } = polled()
      const handle = await secrets.get("db", { ttl: first })
      await secrets.get("db", { ttl: second })
      handle.onRotate(() => undefined)
      await clock.advance("10m")
      expect(store.calls.count("read")).toBeGreaterThan(8)
    }
  })

  it("holds for maxStale", async () => {
    const { secrets, store, clock, canary } = polled()
    const handles = [await secrets.get("db", { maxStale: "1m" }), await secrets.get("other")]
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    await clock.advance("359999ms")
    expect(handles[0]?.reveal()).toBe(canary.text)
    await clock.advance("1ms")
    expect(() => handles[0]?.reveal()).toThrow("STALE")
    expect(handles[1]?.reveal()).toBe(canary.text)
  })

  it("holds for callTimeout, also in the background", async () => {
    const { secrets, store, clock } = polled()
    const handle = await secrets.get("db", { callTimeout: "1s" })
    store.faults.hang("read")
    await clock.advance("150s")
    expect(handle.status.stale).toBe(false)
    await clock.advance("1s")
    expect(handle.status.stale).toBe(true)
  })

  it("holds for startupDeadline", async () => {
    const { secrets, clock, failure } = rig(() =>
      scripted({ read: () => new Promise<never>(() => undefined) }),
    )
    const one = failure(secrets.get("a", { startupDeadline: "1s" }))
    const other = failure(secrets.getMany({ b: { name: "b", startupDeadline: "2s" }, c: "c" }))
    await clock.advance("1s")
    expect((await one).message).toContain("startupDeadline of 1 s")
    await clock.advance("14s")
    const messages = (await other).problems?.map(problem => problem.message)
    expect(messages?.[0]).toContain("startupDeadline of 2 s")
    expect(messages?.[1]).toContain("startupDeadline of 15 s")
  })

  it("comes from getMany for all its names, and from a single request before that", async () => {
    const { secrets, store, clock } = polled()
    const handles = await secrets.getMany({ db: "db", other: { name: "other", ttl: "1m" } }, { ttl: "2m" })
    handles.db.onRotate(() => undefined)
    handles.other.onRotate(() => undefined)
    store.calls.clear()
    await clock.advance("20m")
    const count = (name: string) => store.calls.count("read", name) + store.calls.count("readMany", name)
    expect([count("db"), count("other")]).toEqual([10, 20])
  })

  it("sets back nothing when a later caller wishes nothing", async () => {
    const { secrets, store, clock } = polled()
    const handle = await secrets.get("db", { ttl: "1m" })
    await secrets.get("db")
    handle.onRotate(() => undefined)
    store.calls.clear()
    await clock.advance("5m")
    expect(store.calls.count("read")).toBe(5)
  })
})

describe("the wishes of two callers", () => {
  it("are put together duration by duration, the shorter one each", () => {
    const one = partialPolicy({ ttl: "1m", maxStale: "2h", callTimeout: "3s" })
    const other = partialPolicy({ ttl: "2m", maxStale: "1h", overlap: "0s" })
    expect(narrowed(one, other)).toEqual({
      ttl: MINUTE,
      maxStale: 60 * MINUTE,
      callTimeout: 3_000,
      overlap: 0,
    })
  })

  it("are strict about DENIED if one of them is", () => {
    const soft = partialPolicy({ onDenied: "maxStale" })
    const strict = partialPolicy({ onDenied: "withdraw" })
    expect(narrowed(soft, strict)).toEqual({ onDenied: "withdraw" })
    expect(narrowed(strict, soft)).toEqual({ onDenied: "withdraw" })
    expect(narrowed(soft, soft)).toEqual({ onDenied: "maxStale" })
  })

  it("do not change each other", () => {
    const one = partialPolicy({ ttl: "1m" })
    narrowed(one, partialPolicy({ ttl: "1s" }))
    expect(one).toEqual({ ttl: MINUTE })
  })
})
