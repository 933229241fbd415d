import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretsOptions } from "../../src/secrets/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig } from "../support/rig.ts"

/** Secrets of a process that is frozen between requests. */
const frozen = (options: SecretsOptions = {}) =>
  rig((clock, { text }) => faulty(memory({ db: text, other: text }, { clock }), { clock }), {
    refresh: "on-read",
    ...options,
  })

const { signal } = new AbortController()

describe("secrets that are refreshed when they are read", () => {
  it("have no timer at all, and no watch, once a read is over", async () => {
    const { secrets, store, clock } = frozen()
    const handles = await secrets.getMany({ db: "db", other: "other" })
    handles.db.onRotate(() => undefined)
    await clock.settle()
    expect(clock.pending).toEqual([])
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    await clock.advance("6m")
    await secrets.get("db")
    await secrets.fresh("1s")
    expect(clock.pending).toEqual([])
    store.faults.fail(["read", "readMany"], "DENIED")
    await secrets.fresh("1s")
    expect(clock.pending).toEqual([])
    expect(store.calls.count("watch")).toBe(0)
  })

  it("are never read by themselves", async () => {
    const { secrets, store, clock } = frozen()
    const handle = await secrets.get("db")
    store.calls.clear()
    await clock.advance("24h")
    handle.reveal()
    await clock.settle()
    expect(store.calls.count()).toBe(0)
    expect(secrets.health().secrets[0]).not.toHaveProperty("nextRefresh")
  })

  it("are read again by get() when they are older than their ttl, and not before", async () => {
    const { secrets, store, clock, canary } = frozen()
    await secrets.get("db")
    await store.write("db", `${canary.text} new`, { signal })
    await clock.advance("299999ms")
    expect((await secrets.get("db")).reveal()).toBe(canary.text)
    await clock.advance("1ms")
    expect((await secrets.get("db")).reveal()).toBe(`${canary.text} new`)
    expect(store.calls.count("read")).toBe(2)
  })

  it("are read again by use() when they are older than their ttl", async () => {
    const { secrets, store, clock, canary } = frozen()
    const handle = await secrets.get("db")
    await store.write("db", `${canary.text} new`, { signal })
    await clock.advance("5m")
    expect(await handle.use(async value => value)).toBe(`${canary.text} new`)
  })

  it("are read again in one round by fresh(), those that are older than it says", async () => {
    const { secrets, store, clock, canary } = frozen()
    const old = await secrets.get("db")
    await clock.advance("4m")
    const young = await secrets.get("other")
    await store.write("db", `${canary.text} new`, { signal })
    store.calls.clear()
    await clock.advance("1s")
    await secrets.fresh("2m")
    expect(Array.from(store.calls, call => call.names)).toEqual([["db"]])
    expect(old.reveal()).toBe(`${canary.text} new`)
    await clock.advance("1h")
    store.calls.clear()
    await secrets.fresh("2m")
    expect(Array.from(store.calls, call => call.operation)).toEqual(["readMany"])
    expect(young.reveal()).toBe(canary.text)
  })

  it("are fresh after fresh(), however long nobody asked for them", async () => {
    const { secrets, store, clock, canary } = frozen()
    const handle = await secrets.get("db")
    for (let request = 0; request < 4; request++) {
      await clock.advance("30m")
      await secrets.fresh("5m")
    }
    await clock.sleep("8h")
    await store.write("db", `${canary.text} new`, { signal })
    await secrets.fresh("5m")
    expect(handle.reveal()).toBe(`${canary.text} new`)
  })

  it("are served, marked, when they cannot be read, and not tried at each get()", async () => {
    const { secrets, store, clock, canary, saidOf } = frozen()
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("5m")
    store.calls.clear()
    for (let request = 0; request < 50; request++) {
      expect((await secrets.get("db")).reveal()).toBe(canary.text)
      await clock.advance("10ms")
    }
    expect(store.calls.count("read")).toBe(1)
    expect(handle.status.stale).toBe(true)
    expect(saidOf("stale")).toHaveLength(1)
    await clock.advance("2m")
    await secrets.get("db")
    expect(store.calls.count("read")).toBe(2)
  })

  it("end when they are too old, although no timer says so", async () => {
    const { secrets, store, clock, canary, failure } = frozen()
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    for (let minute = 0; minute < 64; minute++) {
      await clock.advance("1m")
      expect((await secrets.get("db")).reveal()).toBe(canary.text)
    }
    await clock.advance("1m")
    const asking = failure(secrets.get("db"))
    await clock.advance("15s")
    expect(await asking).toMatchObject({ code: "TIMEOUT", lastCode: "UNAVAILABLE" })
    expect(await failure(async () => handle.reveal())).toMatchObject({
      code: "STALE",
      lastCode: "UNAVAILABLE",
    })
  })

  it("end when they are too old also between two attempts", async () => {
    const { secrets, store, clock, failure } = frozen({ ttl: "10m", maxStale: "10m" })
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("19m")
    await secrets.get("db")
    expect(store.calls.count("read")).toBe(2)
    await clock.advance("1m")
    const asking = failure(secrets.get("db", { startupDeadline: "1s" }))
    await clock.advance("1s")
    await asking
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "STALE" })
  })

  it("that were withdrawn are so after a second reading, at least a second later", async () => {
    const { secrets, store, clock, canary, failure } = frozen()
    const handle = await secrets.get("db")
    store.disable("db")
    await clock.advance("5m")
    expect((await secrets.get("db")).reveal()).toBe(canary.text)
    await clock.advance("999ms")
    expect((await secrets.get("db")).reveal()).toBe(canary.text)
    await clock.advance("1ms")
    expect(await failure(secrets.get("db"))).toMatchObject({ code: "DISABLED" })
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "DISABLED" })
    store.enable("db")
    expect((await secrets.get("db")).reveal()).toBe(canary.text)
    expect(handle.reveal()).toBe(canary.text)
  })

  it("are read once for fifty requests that come together", async () => {
    const { secrets, store, clock } = frozen()
    await secrets.get("db")
    await clock.advance("5m")
    store.calls.clear()
    await Promise.all(Array.from({ length: 50 }, () => secrets.get("db")))
    expect(store.calls.count("read")).toBe(1)
  })

  it("are read first after the machine slept, by the wall clock too", async () => {
    const { secrets, store, clock, canary } = frozen()
    const handle = await secrets.get("db")
    await clock.sleep("8h")
    await store.write("db", `${canary.text} new`, { signal })
    expect((await secrets.get("db")).reveal()).toBe(`${canary.text} new`)
    expect(handle.status).toMatchObject({ age: 0, stale: false })
  })
})
