import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretStore } from "../../src/core/index.ts"
import { Secrets, type SecretsOptions } from "../../src/secrets/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, without } from "../support/rig.ts"

const MINUTE = 60_000

/** One secret in a store that gives no hints, so that only the clock leads to a read. */
const polled = (options: SecretsOptions = {}) =>
  rig(
    (clock, { text }) => faulty(without(memory({ db: text }, { clock }), "watch") as SecretStore, { clock }),
    options,
  )

describe("a value that cannot be refreshed", () => {
  it("is served, and marked with its age, from the first refresh that fails", async () => {
    const { secrets, store, clock, canary, saidOf } = polled()
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("2m")
    expect(handle.status).toEqual({ version: "v1", age: 2 * MINUTE, stale: false })
    await clock.advance("1m")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status).toEqual({ version: "v1", age: 3 * MINUTE, stale: true })
    expect(saidOf("stale")).toEqual([{ is: "stale", secret: "db", age: 2.5 * MINUTE, ended: false }])
    expect(secrets.health()).toMatchObject({ status: "degraded", ready: true })
  })

  it("is told of as stale once, and as failed each time", async () => {
    const { secrets, store, clock, saidOf } = polled()
    await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("20m")
    expect(saidOf("stale")).toHaveLength(1)
    expect(saidOf("failed").length).toBeGreaterThan(3)
    expect(saidOf("failed")[0]).toMatchObject({
      secret: "db",
      code: "UNAVAILABLE",
      error: { code: "UNAVAILABLE", secret: "db" },
    })
  })

  it("is served until it is older than ttl and maxStale together, and not a moment longer", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = polled()
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance(`${65 * MINUTE - 1}ms`)
    expect(handle.reveal()).toBe(canary.text)
    await clock.advance("1ms")
    expect(await failure(async () => handle.reveal())).toMatchObject({
      code: "STALE",
      lastCode: "UNAVAILABLE",
      secret: "db",
      store: "memory:",
    })
    expect(saidOf("stale")[1]).toEqual({ is: "stale", secret: "db", age: 65 * MINUTE, ended: true })
    expect(saidOf("withdrawn")).toEqual([])
    expect(secrets.health()).toMatchObject({ status: "failed", ready: false })
    expect(secrets.health().secrets[0]).toMatchObject({
      usable: false,
      lastError: "UNAVAILABLE",
      stale: true,
    })
  })

  it("ends in time although no read is made at that moment, and says what the last one failed with", async () => {
    const { secrets, store, clock, failure } = polled()
    const handle = await secrets.get("db")
    store.faults.fail("read", "THROTTLED")
    await clock.advance("40m")
    await store.faults.heal()
    store.faults.hang("read")
    await clock.advance("25m")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "STALE", lastCode: "TIMEOUT" })
  })

  it("goes on being tried after it has ended, and is served as soon as the store answers", async () => {
    const { secrets, store, clock, canary, saidOf } = polled()
    const handle = await secrets.get("db")
    const down = store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("3h")
    expect(() => handle.reveal()).toThrow("STALE")
    down.end()
    await clock.advance("5m")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status).toMatchObject({ stale: false })
    expect(saidOf("recovered")).toEqual([{ is: "recovered", secret: "db", version: "v1" }])
    expect(secrets.health().status).toBe("ok")
  })

  it("recovers before it has ended, and that is said too", async () => {
    const { secrets, store, clock, saidOf } = polled()
    const handle = await secrets.get("db")
    const down = store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("30m")
    down.end()
    await clock.advance("5m")
    expect(handle.status.stale).toBe(false)
    expect(handle.status.age).toBeLessThan(5 * MINUTE)
    expect(saidOf("recovered")).toHaveLength(1)
    // The allowance begins anew.
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("59m")
    expect(() => handle.reveal()).not.toThrow()
  })

  it("waits for the store when it is asked for after it has ended, within the start-up deadline", async () => {
    const { secrets, store, clock, canary, failure } = polled()
    await secrets.get("db")
    const down = store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("3h")
    const tooLong = failure(secrets.get("db"))
    await clock.advance("15s")
    expect(await tooLong).toMatchObject({ code: "TIMEOUT", lastCode: "UNAVAILABLE" })
    const inTime = secrets.get("db")
    await clock.advance("1s")
    down.end()
    await clock.advance("14s")
    expect((await inTime).reveal()).toBe(canary.text)
  })

  it("is not withdrawn by a failed login: an expired role is no revocation", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = polled()
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAUTHENTICATED")
    await clock.advance("64m")
    expect(handle.reveal()).toBe(canary.text)
    await clock.advance("1m")
    expect(await failure(async () => handle.reveal())).toMatchObject({
      code: "STALE",
      lastCode: "UNAUTHENTICATED",
    })
    expect(saidOf("withdrawn")).toEqual([])
  })

  it("ends when its ttl is over, where no staleness is allowed", async () => {
    const { secrets, store, clock, canary, failure } = polled({ maxStale: "0s" })
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    await clock.advance(`${5 * MINUTE - 1}ms`)
    expect(handle.reveal()).toBe(canary.text)
    await clock.advance("1ms")
    expect((await failure(async () => handle.reveal())).code).toBe("STALE")
  })

  it("does not live any longer because its store flaps", async () => {
    const { secrets, store, clock, canary } = polled()
    const handle = await secrets.get("db")
    store.faults.flap("read", "xx-")
    for (let hour = 0; hour < 6; hour++) {
      await clock.advance("1h")
      expect(handle.reveal()).toBe(canary.text)
      expect(handle.status.age).toBeLessThan(65 * MINUTE)
    }
  })

  it("ends on time wherever in a millisecond its reads begin", async () => {
    // Moments from which the end, as it is added up, comes a little too soon.
    const moments = Array.from({ length: 1_000 }, (_, index) => index / 1_000)
    const awkward = moments.filter(moment => moment + 10_000 + 70_000 - moment < 80_000)
    expect(awkward.length).toBeGreaterThan(3)
    for (const moment of awkward.slice(0, 4)) {
      const made = polled({ ttl: "10s", maxStale: "70s", jitter: "0%" })
      const { store, clock, canary } = made
      const shifted = { ...clock, timer: clock.timer, monotonic: () => clock.monotonic() + moment }
      const secrets = new Secrets(store, { ttl: "10s", maxStale: "70s", clock: shifted, random: () => 0.5 })
      const handle = await secrets.get("db")
      clock.setWall(new Date("2020-01-01T00:00:00Z"))
      store.faults.fail("read", "UNAVAILABLE")
      await clock.advance("79999ms")
      expect(handle.reveal()).toBe(canary.text)
      await clock.advance("2ms")
      expect(() => handle.reveal()).toThrow("STALE")
      await secrets.close()
    }
  })
})

describe("a process that was not running for a while", () => {
  it("serves, marks, and refreshes first, when the machine slept all night", async () => {
    const { secrets, store, clock, canary, saidOf, said } = polled()
    const handle = await secrets.get("db")
    await clock.sleep("8h")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.age).toBe(8 * 60 * MINUTE)
    store.calls.clear()
    await clock.advance("5m")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status).toMatchObject({ stale: false })
    expect(handle.status.age).toBeLessThan(5 * MINUTE)
    expect(store.calls.count("read")).toBe(1)
    expect(said.map(event => event.is)).toEqual(["accepted", "stale", "recovered"])
    expect(saidOf("stale")[0]?.ended).toBe(false)
  })

  it("serves the old value no longer than until its first refresh has failed", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = polled()
    const handle = await secrets.get("db")
    await clock.sleep("8h")
    store.faults.hang("read")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.stale).toBe(true)
    // The schedule looks after half a minute, long before the round that was planned, and its read hangs.
    await clock.advance("34s")
    expect(store.calls.count("read")).toBe(2)
    expect(handle.reveal()).toBe(canary.text)
    await clock.advance("1s")
    expect(await failure(async () => handle.reveal())).toMatchObject({ code: "STALE", lastCode: "TIMEOUT" })
    expect(saidOf("stale").map(event => event.ended)).toEqual([false, true])
  })

  it("is refreshed within half a minute, and by use() before anything else", async () => {
    const { secrets, store, clock, canary } = polled()
    const handle = await secrets.get("db")
    await clock.sleep("8h")
    expect(await handle.use(async value => value)).toBe(canary.text)
    expect(store.calls.count("read")).toBe(2)
    await clock.sleep("8h")
    await clock.advance("30s")
    expect(store.calls.count("read")).toBe(3)
    expect(handle.status).toMatchObject({ age: 0, stale: false })
  })

  it("is too old, and not too young, when the wall clock is set forward", async () => {
    const { secrets, store, clock, canary } = polled()
    const handle = await secrets.get("db")
    clock.setWall(new Date("2026-01-02T00:00:00Z"))
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.age).toBe(24 * 60 * MINUTE)
    await clock.advance("5m")
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.age).toBeLessThan(5 * MINUTE)
    expect(store.calls.count("read")).toBe(2)
  })

  it("is no younger when the wall clock is set back", async () => {
    const { secrets, store, clock, canary, failure } = polled()
    const handle = await secrets.get("db")
    store.faults.fail("read", "UNAVAILABLE")
    clock.setWall(new Date("2020-01-01T00:00:00Z"))
    await clock.advance("64m")
    expect(handle.status.age).toBe(64 * MINUTE)
    expect(handle.reveal()).toBe(canary.text)
    await clock.advance("1m")
    expect((await failure(async () => handle.reveal())).code).toBe("STALE")
  })

  it("goes on refreshing when the wall clock is set back", async () => {
    const { secrets, store, clock } = polled()
    const handle = await secrets.get("db")
    clock.setWall(new Date("2020-01-01T00:00:00Z"))
    await clock.advance("30m")
    expect(handle.status.age).toBeLessThan(5 * MINUTE)
    expect(store.calls.count("read")).toBeGreaterThanOrEqual(6)
  })
})
