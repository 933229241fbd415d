import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError } from "../../src/core/index.ts"
import { Secrets } from "../../src/secrets/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { gate, never, rig, scripted, stateOf } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("close()", () => {
  it("closes the store, once, and says so", async () => {
    const { secrets, store, saidOf, said } = tallyRig()
    await secrets.get(TOKEN)
    await Promise.all([secrets.close(), secrets.close()])
    await secrets.close()
    expect(store.calls.count("close")).toBe(1)
    expect(saidOf("closed")).toEqual([{ is: "closed" }])
    expect(said.at(-1)?.is).toBe("closed")
  })

  it("is what `await using` does", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const told: string[] = []
    {
      await using secrets = new Secrets(memory({ a: canary.text }, { clock }), { clock })
      secrets.on("closed", () => void told.push("closed"))
      expect((await secrets.get("a")).reveal()).toBe(canary.text)
      expect(told).toEqual([])
    }
    expect(told).toEqual(["closed"])
  })

  it("leaves handles as they are, so that a server can drain", async () => {
    const { secrets, change, value, clock, store } = tallyRig({ ttl: "1m", maxStale: "0s" })
    const token = await secrets.get(TOKEN)
    const derived = token.map(text => text.length)
    await change(value("second"))
    await secrets.close()
    await clock.advance("5m")
    expect([token.reveal(), derived.reveal(), token.previous?.reveal()]).toEqual([
      value("second"),
      value("second").length,
      value("first"),
    ])
    expect(token.status).toMatchObject({ version: "v2", age: 300_000 })
    expect(token.map(text => text.toUpperCase()).reveal()).toBe(value("second").toUpperCase())
    expect(await token.use(async given => given)).toBe(value("second"))
    expect(secrets.health()).toMatchObject({ status: "failed", ready: false })
    expect([clock.pending, store.calls.underWay()]).toEqual([[], 0])
  })

  it("leaves a withdrawn secret withdrawn, and one that slept as it was", async () => {
    const { secrets, clock, failure, value } = tallyRig({ ttl: "1m" }, value => ({ other: value("other") }))
    const [token, other] = [await secrets.get(TOKEN), await secrets.get("other")]
    await clock.advance("20m")
    await secrets.delete(TOKEN)
    await secrets.close()
    expect(other.reveal()).toBe(value("other"))
    expect((await failure(() => token.reveal())).code).toBe("NOT_FOUND")
    expect(clock.pending).toEqual([])
  })

  it("makes all that reads or writes CLOSED", async () => {
    const { secrets, failure, value, store } = tallyRig()
    await secrets.get(TOKEN)
    await secrets.close()
    store.calls.clear()
    const calls = [
      secrets.get(TOKEN),
      secrets.get(TOKEN, { ttl: "1m" }),
      secrets.getBytes(TOKEN),
      secrets.getJson("missing"),
      secrets.getOptional("missing"),
      secrets.getMany({ token: TOKEN }),
      secrets.fresh("1m"),
      secrets.refresh(),
      secrets.refresh(TOKEN),
      secrets.put(TOKEN, value("second")),
      secrets.delete(TOKEN),
    ]
    const codes = await Promise.all(calls.map(async call => (await failure(call)).code))
    expect(codes).toEqual(calls.map(() => "CLOSED"))
    const { token } = await secrets.getManySettled({ token: TOKEN })
    expect(token).toMatchObject({ code: "CLOSED", secret: TOKEN })
    expect(store.calls.count()).toBe(0)
  })

  it("ends reads that are under way, with CLOSED, at once", async () => {
    const { secrets, store, failure, clock, saidOf } = tallyRig({}, value => ({ other: value("other") }))
    await secrets.get(TOKEN)
    store.faults.hang(["read", "readMany"])
    const calls = [
      secrets.get("other"),
      secrets.getOptional("missing"),
      secrets.getMany({ a: "other", b: "other#field" }),
      secrets.refresh(),
    ]
    const codes = Promise.all(calls.map(async call => (await failure(call)).code))
    await clock.settle()
    await secrets.close()
    expect(await codes).toEqual(["CLOSED", "CLOSED", "CLOSED", "CLOSED"])
    expect([saidOf("failed"), clock.pending]).toEqual([[], []])
  })

  it("ends those, too, that wait for their turn or for the next try", async () => {
    const { secrets, store, failure, clock } = tallyRig({}, value =>
      Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`name-${index}`, value(`${index}`)])),
    )
    store.faults.fail("readMany", "DENIED")
    store.faults.hang("read", { deaf: true })
    const names = Array.from({ length: 30 }, (_, index) => `name-${index}`)
    const reading = names.map(name => failure(secrets.get(name)))
    await clock.settle()
    expect(store.calls.underWay("read")).toBe(10)
    await Promise.all([secrets.close(), clock.advance("10s")])
    expect((await Promise.all(reading)).every(({ code }) => code === "CLOSED")).toBe(true)
    expect(store.calls.count("read")).toBe(10)
    await store.faults.heal()

    const down = tallyRig()
    down.store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    const waiting = [down.failure(down.secrets.get(TOKEN)), down.failure(down.secrets.get("other"))]
    await down.clock.advance("1s")
    await down.secrets.close()
    expect((await Promise.all(waiting)).map(({ code }) => code)).toEqual(["CLOSED", "CLOSED"])
    expect(down.clock.pending).toEqual([])
  })

  it("is bounded where the store hangs: by what a call may take for what is under way, and again for the store", async () => {
    const { secrets, store, clock, saidOf, failure } = tallyRig({ callTimeout: "5s" })
    const token = await secrets.get(TOKEN)
    store.faults.hang(["read", "readMany", "versions", "watch", "close"], { deaf: true })
    const refreshing = failure(secrets.refresh())
    await clock.settle()
    const closing = secrets.close()
    expect((await refreshing).code).toBe("CLOSED")
    await clock.advance("10s")
    await closing
    expect(saidOf("closed")).toMatchObject([{ error: { code: "TIMEOUT", store: "memory:" } }])
    expect(token.reveal()).toContain("first")
    expect(clock.pending).toEqual([])
    await store.faults.heal()
  })

  it("says what the store failed with when it was closed, and does not fail itself", async () => {
    const { secrets, saidOf, canary } = rig((_, canary) =>
      scripted({
        async close() {
          throw Object.assign(new Error(canary.text), { body: canary.text })
        },
      }),
    )
    await secrets.close()
    const [{ error } = { error: undefined }] = saidOf("closed")
    expect(error).toBeInstanceOf(SecretError)
    expect(error?.code).toBe("UNAVAILABLE")
    expect(error?.message).toContain("(Error)")
    canary.watch(error)
  })

  it("waits for callbacks that run, and not for their retries", async () => {
    const { secrets, change, value, clock, store, saidOf } = tallyRig({ callTimeout: "5s" })
    const token = await secrets.get(TOKEN)
    const running = gate()
    let runs = 0
    token.onRotate(() => running.promise)
    token.onRotate(() => {
      runs += 1
      throw new Error(value("quoted"))
    })
    await change(value("second"))
    const closing = secrets.close()
    expect(await stateOf(closing, clock)).toBe("pending")
    expect(store.calls.count("close")).toBe(0)
    running.open()
    await closing
    await clock.advance("1h")
    expect([runs, store.calls.count("close")]).toEqual([1, 1])
    expect(saidOf("callbackFailed")).toHaveLength(1)
    expect(clock.pending).toEqual([])
  })

  it("does not wait for ever for a callback that hangs, and leaves no timer behind for it", async () => {
    const { secrets, change, value, clock } = tallyRig({ callTimeout: "5s", callbackTimeout: "10m" })
    ;(await secrets.get(TOKEN)).onRotate(never)
    await change(value("second"))
    const closing = secrets.close()
    await clock.advance("4s")
    expect(await stateOf(closing, clock)).toBe("pending")
    await clock.advance("1s")
    await closing
    expect(clock.pending).toEqual([])
  })

  it("tells no callback of what comes after it", async () => {
    const { secrets, change, value, store, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    const told: string[] = []
    token.onRotate(({ version }) => void told.push(version))
    store.faults.hang("read", { when: "after", deaf: true })
    await change(value("second"))
    await Promise.all([secrets.close(), clock.advance("10s")])
    await store.faults.heal()
    await clock.settle()
    expect([told, token.reveal()]).toEqual([[], value("first")])
  })

  it("drops an answer that comes late", async () => {
    const { secrets, value, store, change, clock, said } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("read", { when: "after", deaf: true })
    const refreshing = secrets.refresh()
    refreshing.catch(() => undefined)
    await change(value("second"))
    await Promise.all([secrets.close(), clock.advance("10s")])
    const before = said.length
    await store.faults.heal()
    await clock.settle()
    expect([token.reveal(), said.length]).toEqual([value("first"), before])
  })

  it("may come before anything was asked", async () => {
    const { secrets, store, clock } = tallyRig()
    await secrets.close()
    expect([...store.calls].map(({ operation }) => operation)).toEqual(["close"])
    expect(clock.pending).toEqual([])
  })
})
