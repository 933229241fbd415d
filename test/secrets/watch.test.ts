import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, type StoredSecret, type WatchOptions } from "../../src/core/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { gate, never, rig, scripted } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a watch", () => {
  it("is armed once, before the first read", async () => {
    const { secrets, store } = tallyRig({}, value => ({ other: value("other") }))
    await Promise.all([secrets.get(TOKEN), secrets.get("other")])
    await secrets.refresh()
    const operations = [...store.calls].map(({ operation }) => operation)
    expect(operations[0]).toBe("watch")
    expect(store.calls.count("watch")).toBe(1)
  })

  it("holds the first read back until it is armed", async () => {
    const { secrets, store, clock, value } = tallyRig()
    store.faults.hang("watch")
    const getting = secrets.get(TOKEN)
    await clock.settle()
    expect(store.calls.count("read")).toBe(0)
    await store.faults.heal()
    expect((await getting).reveal()).toBe(value("first"))
  })

  it("that never arms holds reads back no longer than one call may take", async () => {
    const { secrets, store, clock, value, saidOf } = tallyRig({ callTimeout: "5s" })
    store.faults.hang("watch", { deaf: true, times: 1 })
    const getting = secrets.get(TOKEN)
    await clock.advance("4s")
    expect(store.calls.count("read")).toBe(0)
    await clock.advance("1s")
    expect((await getting).reveal()).toBe(value("first"))
    expect(saidOf("failed")).toMatchObject([{ code: "TIMEOUT" }])
    expect(saidOf("failed")[0]).not.toHaveProperty("secret")
    await store.faults.heal()
  })

  it("is not asked for where everything is read on demand", async () => {
    const { secrets, store, clock } = tallyRig({ refresh: "on-read" })
    await secrets.get(TOKEN)
    await secrets.refresh()
    expect(store.calls.count("watch")).toBe(0)
    expect(clock.pending).toEqual([])
  })

  it("ends with close()", async () => {
    const { secrets, store, change, value, clock } = tallyRig()
    await secrets.get(TOKEN)
    await secrets.close()
    store.faults.hint()
    await change(value("second"))
    expect(store.calls.count("read")).toBe(1)
    expect(clock.pending).toEqual([])
  })

  it("that is being armed ends with close(), too", async () => {
    const { secrets, store, failure, clock, saidOf } = tallyRig()
    store.faults.hang("watch", { deaf: true })
    const getting = failure(secrets.get(TOKEN))
    await clock.settle()
    await secrets.close()
    expect((await getting).code).toBe("CLOSED")
    expect([clock.pending, saidOf("failed")]).toEqual([[], []])
    await store.faults.heal()
  })
})

describe("a hint", () => {
  it("leads to a read of the secret that it names, and of no other", async () => {
    const { secrets, store, clock } = tallyRig({}, value => ({ other: value("other") }))
    await secrets.getMany({ token: TOKEN, other: "other" })
    store.calls.clear()
    store.faults.hint("other")
    await clock.settle()
    expect([...store.calls]).toEqual([{ operation: "read", names: ["other"] }])
  })

  it("without a name leads to a read of all that are kept, in one round", async () => {
    const { secrets, store, clock } = tallyRig({}, value => ({
      a: value("a"),
      b: value("b"),
      unread: value("c"),
    }))
    await secrets.getMany({ token: TOKEN, a: "a", b: "b" })
    store.calls.clear()
    store.faults.hint()
    await clock.settle()
    expect([...store.calls]).toEqual([{ operation: "readMany", names: [TOKEN, "a", "b"] }])
  })

  it("about what nobody asked for leads to nothing", async () => {
    const { secrets, store, clock } = tallyRig()
    await secrets.get(TOKEN)
    store.calls.clear()
    store.faults.hint("missing")
    await clock.settle()
    expect(store.calls.count()).toBe(0)
  })

  it("is no more than a hint: what counts is what is read", async () => {
    const { secrets, store, clock, value, saidOf } = tallyRig()
    const token = await secrets.get(TOKEN)
    for (let times = 0; times < 50; times++) store.faults.hint(TOKEN)
    await clock.settle()
    expect(token.reveal()).toBe(value("first"))
    expect(saidOf("accepted")).toHaveLength(1)
    expect(store.calls.count("read")).toBe(2)
  })

  it("that comes during a read leads to another one", async () => {
    const { secrets, store, clock, value, change } = tallyRig()
    const token = await secrets.get(TOKEN)
    store.faults.hang("read", { when: "after", times: 1 })
    const polling = secrets.refresh()
    await clock.settle()
    await change(value("second"))
    expect(token.reveal()).toBe(value("first"))
    await store.faults.heal()
    await polling
    await clock.settle()
    expect(token.reveal()).toBe(value("second"))
  })

  it("that comes during the first read leads to another one", async () => {
    const { secrets, store, clock, value, change } = tallyRig()
    store.faults.hang("read", { when: "after", times: 1 })
    const getting = secrets.get(TOKEN)
    await clock.settle()
    await change(value("second"))
    await store.faults.heal()
    const token = await getting
    await clock.settle()
    expect(token.reveal()).toBe(value("second"))
    expect(store.calls.count("read")).toBe(2)
  })

  it("does not wake a secret that sleeps", async () => {
    const { secrets, store, clock, value } = tallyRig({ ttl: "1m" })
    const token = await secrets.get(TOKEN)
    await clock.advance("20m")
    store.calls.clear()
    store.faults.hint(TOKEN)
    await clock.settle()
    expect(store.calls.count()).toBe(0)
    expect(token.reveal()).toBe(value("first"))
  })

  it("brings a withdrawn secret back", async () => {
    const { secrets, value, change } = tallyRig()
    const token = await secrets.get(TOKEN)
    await secrets.delete(TOKEN)
    await change(value("second"))
    expect(token.reveal()).toBe(value("second"))
  })
})

describe("a watch that fails", () => {
  it("is told of and armed again after a pause; then all is read that may have changed meanwhile", async () => {
    const { secrets, store, clock, value, change, saidOf } = tallyRig()
    const token = await secrets.get(TOKEN)
    store.faults.failWatches("UNAVAILABLE")
    expect(saidOf("failed")).toMatchObject([{ code: "UNAVAILABLE" }])
    await clock.advance("499ms")
    expect(store.calls.count("watch")).toBe(1)
    await clock.advance("1ms")
    expect(store.calls.count("watch")).toBe(2)
    expect(store.calls.count("read")).toBe(2)
    await change(value("second"))
    expect(token.reveal()).toBe(value("second"))
  })

  it("is armed again with pauses that grow while that fails, and reads nothing meanwhile", async () => {
    const { secrets, store, clock } = tallyRig({ ttl: "1h", jitter: "0%" })
    const at: number[] = []
    await secrets.get(TOKEN)
    secrets.on("failed", () => void at.push(clock.monotonic()))
    store.faults.fail("watch", "UNAVAILABLE", { times: 4 })
    store.faults.failWatches("UNAVAILABLE")
    await clock.advance("25m")
    // Half of what each pause can be: 1 s, doubled each time.
    expect(at).toEqual([0, 500, 1_500, 3_500, 7_500])
    expect(store.calls.count("read")).toBe(2)
    expect(store.calls.count("watch")).toBe(6)
  })

  it("has its short pauses again once it has held for a while", async () => {
    const { secrets, store, clock } = tallyRig()
    await secrets.get(TOKEN)
    for (let times = 0; times < 8; times++) {
      const armed = store.calls.count("watch")
      store.faults.failWatches("UNAVAILABLE")
      await clock.advance("500ms")
      expect(store.calls.count("watch")).toBe(armed + 1)
      await clock.advance("61s")
    }
  })

  it("that is armed and drops at once, over and over, is armed again more and more rarely", async () => {
    const { secrets, store, clock } = tallyRig()
    await secrets.get(TOKEN)
    const times: number[] = []
    for (let drops = 0; drops < 9; drops++) {
      const armed = store.calls.count("watch")
      store.faults.failWatches("UNAVAILABLE")
      const begun = clock.monotonic()
      while (store.calls.count("watch") === armed) await clock.advance("500ms")
      times.push(clock.monotonic() - begun)
    }
    expect(times.at(-1)).toBeGreaterThan(20_000)
  })

  it("is not armed again after close()", async () => {
    const { secrets, store, clock, saidOf } = tallyRig()
    await secrets.get(TOKEN)
    store.faults.failWatches("UNAVAILABLE")
    await secrets.close()
    await clock.advance("1h")
    expect(store.calls.count("watch")).toBe(1)
    expect(saidOf("failed")).toHaveLength(1)
  })

  it("may fail while it is armed, and more than once, and hears nothing of the old one", async () => {
    const armed: WatchOptions[] = []
    const hints: ((name?: string) => void)[] = []
    let reads = 0
    const { secrets, clock, saidOf, canary } = rig((_, canary) =>
      scripted({
        async read(): Promise<StoredSecret> {
          reads += 1
          return { value: canary.text, version: "v1" }
        },
        async watch(hint: (name?: string) => void, options: WatchOptions) {
          armed.push(options)
          hints.push(hint)
          if (armed.length > 1) return
          options.failed(new SecretError("UNAVAILABLE"))
          options.failed(new SecretError("UNAVAILABLE"))
          throw new Error(canary.text)
        },
      }),
    )
    await secrets.get("a")
    expect(saidOf("failed")).toMatchObject([{ code: "UNAVAILABLE" }])
    expect(armed[0]?.signal.aborted).toBe(true)
    await clock.advance("1s")
    expect([armed.length, reads]).toEqual([2, 2])
    expect(armed[1]?.signal.aborted).toBe(false)
    armed[0]?.failed(new SecretError("DENIED"))
    expect(saidOf("failed")).toHaveLength(1)
    await secrets.close()
    expect(armed[1]?.signal.aborted).toBe(true)
    hints[1]?.()
    await clock.settle()
    expect(reads).toBe(2)
    canary.watch(armed)
  })

  it("is told of without what a store of its own kind reports", async () => {
    const failed = gate<(error: unknown) => void>()
    const { secrets, clock, saidOf, canary } = rig((_, canary) =>
      scripted({
        read: async () => ({ value: canary.text, version: "v1" }),
        watch: async (_: unknown, options: WatchOptions) =>
          failed.open(options.failed as (error: unknown) => void),
      }),
    )
    await secrets.get("a")
    ;(await failed.promise)(Object.assign(new TypeError(canary.text), { token: canary.text }))
    await clock.settle()
    expect(saidOf("failed")).toMatchObject([{ code: "UNAVAILABLE", error: expect.any(SecretError) }])
    expect(saidOf("failed")[0]?.error.message).toContain("TypeError")
  })

  it("does not keep a program from its secrets where the store cannot be watched at all", async () => {
    const { secrets, canary, clock } = rig((clock, canary) =>
      faulty(scripted({ read: async () => ({ value: canary.text, version: "v1" }), watch: never }), {
        clock,
      }),
    )
    const getting = secrets.get("a")
    await clock.advance("5s")
    expect((await getting).reveal()).toBe(canary.text)
    const plain = rig((clock, canary) => memory({ a: canary.text }, { clock }))
    expect((await plain.secrets.get("a")).reveal()).toBe(plain.canary.text)
  })
})
