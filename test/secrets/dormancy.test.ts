import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretStore } from "../../src/core/index.ts"
import type { SecretsOptions } from "../../src/secrets/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, stateOf, without } from "../support/rig.ts"

/** One secret in a store that gives no hints, so that only the clock leads to a read. */
const polled = (options: SecretsOptions = {}) => {
  const made = rig((clock, { text }) => {
    const inner = memory({ db: text }, { clock })
    const store = faulty(without(inner, "watch", "versions") as SecretStore, { clock })
    const put = async (value: string) =>
      void (await inner.write("db", value, { signal: new AbortController().signal }))
    return { ...store, put }
  }, options)
  return { ...made, put: made.store.put }
}

/** Long enough for everything to fall asleep. */
async function untilAsleep(made: ReturnType<typeof polled>): Promise<void> {
  await made.clock.advance("1h")
  made.store.calls.clear()
  expect(made.clock.pending).toEqual([])
}

describe("a name that nobody asks for", () => {
  it("is read no more after ten times its ttl, and leaves no timer", async () => {
    const made = polled()
    const { secrets, store, clock } = made
    await secrets.get("db")
    await clock.advance("49m")
    store.calls.clear()
    await clock.advance("6m")
    expect(store.calls.count("read")).toBeLessThanOrEqual(1)
    store.calls.clear()
    await clock.advance("100h")
    expect(store.calls.count("read")).toBe(0)
    expect(clock.pending).toEqual([])
    expect(secrets.health().secrets[0]).not.toHaveProperty("nextRefresh")
    expect(secrets.health()).toMatchObject({ status: "ok", ready: true })
  })

  it("is read on when it is revealed now and then", async () => {
    const { secrets, store, clock, canary } = polled()
    const handle = await secrets.get("db")
    for (let hour = 0; hour < 10; hour++) {
      store.calls.clear()
      await clock.advance("45m")
      expect(handle.reveal()).toBe(canary.text)
      expect(store.calls.count("read")).toBeGreaterThan(7)
    }
  })

  it("is read on when it is asked for, or used, now and then", async () => {
    const { secrets, store, clock } = polled()
    const handle = await secrets.get("db")
    const ways = [
      () => secrets.get("db"),
      () => secrets.getJson("db").catch(() => undefined),
      () => handle.use(async () => 1),
    ]
    for (const way of ways) {
      await clock.advance("45m")
      await way()
    }
    store.calls.clear()
    await clock.advance("30m")
    expect(store.calls.count("read")).toBeGreaterThan(5)
  })

  it("is not kept awake by those who only look at it from outside", async () => {
    const { secrets, store, clock } = polled()
    const handle = await secrets.get("db")
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance("1m")
      expect([handle.status.version, handle.name, `${handle}`, secrets.health().ready]).toHaveLength(4)
      expect(handle.previous).toBeUndefined()
    }
    store.calls.clear()
    await clock.advance("5h")
    expect(store.calls.count("read")).toBe(0)
  })

  it("sleeps after ten of its own ttls, not of the default one", async () => {
    const { secrets, store, clock } = polled()
    await secrets.get("db", { ttl: "10s" })
    await clock.advance("2m")
    store.calls.clear()
    await clock.advance("5h")
    expect(store.calls.count("read")).toBe(0)
  })

  it("is read for ever while it has a callback, and sleeps after that", async () => {
    const made = polled()
    const { secrets, store, clock } = made
    const handle = await secrets.get("db")
    const subscription = handle.onRotate(() => undefined)
    await clock.advance("10h")
    store.calls.clear()
    await clock.advance("1h")
    expect(store.calls.count("read")).toBeGreaterThan(10)
    subscription[Symbol.dispose]()
    await untilAsleep(made)
  })
})

describe("a name that sleeps", () => {
  it("is served at once when it is revealed, and read again, once", async () => {
    const made = polled()
    const { secrets, store, clock, canary, put } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    await put(`${canary.text} new`)
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.reveal()).toBe(canary.text)
    await clock.settle()
    expect(handle.reveal()).toBe(`${canary.text} new`)
    expect(store.calls.count("read")).toBe(1)
  })

  it("is read regularly again after that", async () => {
    const made = polled()
    const { secrets, store, clock } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    handle.reveal()
    await clock.advance("30m")
    expect(store.calls.count("read")).toBeGreaterThan(5)
    await untilAsleep(made)
  })

  it("is woken through a derived handle too", async () => {
    const made = polled()
    const { secrets, clock, canary, put } = made
    const derived = (await secrets.get("db")).map(value => value.toUpperCase())
    await untilAsleep(made)
    await put(`${canary.text} new`)
    derived.reveal()
    await clock.settle()
    expect(derived.reveal()).toBe(`${canary.text} new`.toUpperCase())
  })

  const ways = ["get()", "use()"] as const
  for (const way of ways) {
    it(`is read before it is given out by ${way}`, async () => {
      const made = polled()
      const { secrets, store, canary, put } = made
      const handle = await secrets.get("db")
      await untilAsleep(made)
      await put(`${canary.text} new`)
      const value =
        way === "use()" ? await handle.use(async current => current) : (await secrets.get("db")).reveal()
      expect(value).toBe(`${canary.text} new`)
      expect(store.calls.count("read")).toBe(1)
    })
  }

  it("is read by fresh(), which waits for it", async () => {
    const made = polled()
    const { secrets, store, clock, canary, put } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    await put(`${canary.text} new`)
    const hang = store.faults.hang("read")
    const fresh = secrets.fresh("5m")
    expect(await stateOf(fresh, clock)).toBe("pending")
    hang.end()
    await store.faults.release()
    await fresh
    expect(handle.reveal()).toBe(`${canary.text} new`)
  })

  it("is waited for by fresh() when a first reveal has begun to read it", async () => {
    const made = polled()
    const { secrets, store, clock, canary, put } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    await put(`${canary.text} new`)
    const hang = store.faults.hang("read")
    expect(handle.reveal()).toBe(canary.text)
    const fresh = secrets.fresh("5m")
    expect(await stateOf(fresh, clock)).toBe("pending")
    hang.end()
    await store.faults.release()
    await fresh
    expect(handle.reveal()).toBe(`${canary.text} new`)
    expect(store.calls.count("read")).toBe(1)
  })

  it("is woken by a callback that is registered, which gets the next change", async () => {
    const made = polled()
    const { secrets, clock, canary, put } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    const changes: string[] = []
    handle.onRotate(({ current }) => void changes.push(current.reveal()))
    await clock.advance("20h")
    await put(`${canary.text} new`)
    await clock.advance("5m")
    expect(changes).toEqual([`${canary.text} new`])
  })

  it("is served, marked, when it is woken and cannot be read", async () => {
    const made = polled()
    const { secrets, store, clock, canary } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    const down = store.faults.fail("read", "UNAVAILABLE")
    expect(handle.reveal()).toBe(canary.text)
    await clock.settle()
    expect(handle.reveal()).toBe(canary.text)
    expect(handle.status.stale).toBe(true)
    down.end()
    await clock.advance("5m")
    expect(handle.status.stale).toBe(false)
  })

  it("ends at once when it is woken, is too old by then, and cannot be read", async () => {
    const made = polled()
    const { secrets, store, clock, canary, failure } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    await clock.advance("2h")
    store.faults.fail("read", "UNAVAILABLE")
    expect(handle.reveal()).toBe(canary.text)
    await clock.settle()
    expect(await failure(async () => handle.reveal())).toMatchObject({
      code: "STALE",
      lastCode: "UNAVAILABLE",
    })
  })

  it("ends in its sleep, if it was failing before, and is read again when somebody reveals it", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = polled()
    const handle = await secrets.get("db")
    const down = store.faults.fail("read", "UNAVAILABLE")
    await clock.advance("10h")
    expect(saidOf("stale").map(event => event.ended)).toEqual([false, true])
    expect(clock.pending).toEqual([])
    down.end()
    expect((await failure(async () => handle.reveal())).code).toBe("STALE")
    await clock.settle()
    expect(handle.reveal()).toBe(canary.text)
    expect(saidOf("recovered")).toHaveLength(1)
  })

  it("that was withdrawn is read again when somebody reveals it", async () => {
    const { secrets, store, clock, canary, failure } = polled()
    const handle = await secrets.get("db")
    const denied = store.faults.fail("read", "DENIED")
    await failure(secrets.refresh("db"))
    await clock.advance("10h")
    expect(clock.pending).toEqual([])
    denied.end()
    expect((await failure(async () => handle.reveal())).code).toBe("DENIED")
    await clock.settle()
    expect(handle.reveal()).toBe(canary.text)
  })

  it("is not read when it is revealed after close()", async () => {
    const made = polled()
    const { secrets, store, clock, canary } = made
    const handle = await secrets.get("db")
    await untilAsleep(made)
    await secrets.close()
    expect(handle.reveal()).toBe(canary.text)
    await clock.settle()
    expect(store.calls.count("read")).toBe(0)
  })

  it("stays asleep when it is refreshed by name", async () => {
    const made = polled()
    const { secrets, clock } = made
    await secrets.get("db")
    await untilAsleep(made)
    await secrets.refresh("db")
    expect(clock.pending).toEqual([])
  })
})
