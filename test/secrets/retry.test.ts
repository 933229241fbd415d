import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError } from "../../src/core/index.ts"
import { CALL_GROWTH, retryDelay } from "../../src/secrets/retry.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig } from "../support/rig.ts"

describe("the delay before the next attempt", () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 50].map(failures => retryDelay(failures, CALL_GROWTH, 1))

  it("is bounded by a length that doubles with each failure, up to the longest", () => {
    expect(bounds).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  })
  it("has full jitter: it may be any length from zero to that bound", () => {
    expect(retryDelay(3, CALL_GROWTH, 0)).toBe(0)
    expect(retryDelay(3, CALL_GROWTH, 0.25)).toBe(200)
    expect(retryDelay(3, CALL_GROWTH, 0.999)).toBeCloseTo(799.2)
  })
  it("is never shorter than what the backend asked for, and spread beyond that", () => {
    expect(retryDelay(1, CALL_GROWTH, 0, 30_000)).toBe(30_000)
    expect(retryDelay(1, CALL_GROWTH, 0.5, 30_000)).toBe(30_100)
  })
  it("stays a number after any number of failures", () => {
    expect(retryDelay(5_000, CALL_GROWTH, 1)).toBe(10_000)
  })
})

describe("a first read", () => {
  for (const code of ["UNAVAILABLE", "THROTTLED", "TIMEOUT"] as const) {
    it(`is tried again until it succeeds: ${code}`, async () => {
      const { secrets, store, clock, canary } = rig((clock, { text }) =>
        faulty(memory({ db: text }, { clock })),
      )
      store.faults.fail("read", code, { times: 3 })
      const reading = secrets.get("db")
      await clock.advance("15s")
      expect((await reading).reveal()).toBe(canary.text)
      expect(store.calls.count("read")).toBe(4)
    })
  }

  for (const code of ["NOT_FOUND", "DENIED", "DISABLED", "UNAUTHENTICATED", "INVALID_VALUE"] as const) {
    it(`is not tried again where that is of no use: ${code}`, async () => {
      const { secrets, store, clock, failure } = rig((clock, { text }) =>
        faulty(memory({ db: text }, { clock })),
      )
      store.faults.fail("read", code)
      expect(await failure(secrets.get("db"))).toMatchObject({ code, secret: "db", store: "memory:" })
      await clock.advance("15s")
      expect(store.calls.count("read")).toBe(1)
    })
  }

  it("is tried again when the backend threw something that nobody knows", async () => {
    const { secrets, store, clock, canary } = rig((clock, { text }) =>
      faulty(memory({ db: text }, { clock })),
    )
    store.faults.throw("read", null, { times: 1 })
    const reading = secrets.get("db")
    await clock.advance("1s")
    expect((await reading).reveal()).toBe(canary.text)
  })

  it("comes back no sooner than Retry-After says, and soon after that", async () => {
    const { secrets, store, clock } = rig((clock, { text }) => faulty(memory({ db: text }, { clock })))
    store.faults.fail("read", new SecretError("THROTTLED", { retryAfterMs: 3_000 }), { times: 1 })
    const reading = secrets.get("db")
    await clock.advance("2999ms")
    expect(store.calls.count("read")).toBe(1)
    await clock.advance("401ms")
    expect(store.calls.count("read")).toBe(2)
    await reading
  })

  it("makes no other name come back sooner either", async () => {
    const { secrets, store, clock } = rig((clock, { text }) =>
      faulty(memory({ a: text, b: text }, { clock })),
    )
    store.faults.fail("read", new SecretError("THROTTLED", { retryAfterMs: 3_000 }), { times: 1 })
    const one = secrets.get("a")
    await clock.settle()
    const other = secrets.get("b")
    await clock.advance("2999ms")
    expect(store.calls.count("read", "b")).toBe(0)
    await clock.advance("2s")
    await Promise.all([one, other])
  })
})
