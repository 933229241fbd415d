import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { Clock, Duration, SecretStore } from "../../src/core/index.ts"
import { Secrets, type SecretsOptions } from "../../src/secrets/index.ts"
import { type FakeClock, faulty } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { rig, without } from "../support/rig.ts"

const MINUTE = 60_000

/** Remembers what was read when, and gives no hints. */
function watched(inner: SecretStore, clock: Clock) {
  const reads: { at: number; names: readonly string[] }[] = []
  const { read, readMany, ...rest } = without(inner, "watch", "versions") as SecretStore
  const store: SecretStore = {
    ...rest,
    read: (name, options) => {
      reads.push({ at: clock.monotonic(), names: [name] })
      return read(name, options)
    },
  }
  if (readMany !== undefined) {
    store.readMany = (names, options) => {
      reads.push({ at: clock.monotonic(), names: [...names].sort() })
      return readMany(names, options)
    }
  }
  return { ...store, reads }
}

const several = (options: SecretsOptions = {}) =>
  rig((clock, { text }) => watched(memory({ a: text, b: text, c: text, d: text }, { clock }), clock), options)

describe("the refreshing of one secret", () => {
  for (const [random, first, later] of [
    [0, 0, 5 * MINUTE],
    [0.25, 1.25 * MINUTE, 4.875 * MINUTE],
    [0.999, 4.995 * MINUTE, 4.5005 * MINUTE],
  ] as const) {
    it(`begins somewhere in its ttl and goes on with jitter: ${random}`, async () => {
      const { secrets, store, clock } = several({ random: () => random })
      const handle = await secrets.get("a")
      await clock.advance("20m")
      handle.reveal()
      const times = store.reads.map(({ at }) => at)
      expect(times[0]).toBe(0)
      expect(times[1]).toBeCloseTo(first, 3)
      const gaps = times.slice(2).map((at, index) => at - (times[index + 1] ?? 0))
      expect(gaps.length).toBeGreaterThan(2)
      for (const gap of gaps) expect(gap).toBeCloseTo(later, 3)
    })
  }

  it("is never later than its ttl, whatever the jitter, and never much sooner", async () => {
    let state = 7
    const random = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    const { secrets, store, clock } = several({ random, jitter: "20%" })
    const handle = await secrets.get("a")
    for (let hour = 0; hour < 20; hour++) {
      await clock.advance("20m")
      handle.reveal()
      expect(handle.status.age).toBeLessThanOrEqual(5 * MINUTE)
    }
    const times = store.reads.map(({ at }) => at)
    const gaps = times.slice(2).map((at, index) => at - (times[index + 1] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(4 * MINUTE - 1)
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(MINUTE / 4)
  })

  it("is exact without jitter", async () => {
    const { secrets, store, clock } = several({ jitter: "0%", random: () => 0.5 })
    await secrets.get("a")
    await clock.advance("20m")
    expect(store.reads.map(({ at }) => at / MINUTE)).toEqual([0, 2.5, 7.5, 12.5, 17.5])
  })

  it("does not keep a process alive", async () => {
    const { secrets, clock } = several()
    await secrets.get("a")
    expect(clock.pending.map(({ kind }) => kind)).toEqual(["background"])
  })

  it("leaves a single timer, for whatever number of secrets", async () => {
    const { secrets, clock } = several()
    await secrets.getMany({ a: "a", b: "b" })
    await secrets.get("c", { ttl: "1h" })
    expect(clock.pending).toHaveLength(1)
    await clock.advance("10m")
    expect(clock.pending).toHaveLength(1)
  })

  // Not for longer than is needed: the schedule looks twice a minute whether the machine slept.
  for (const [ttl, long, reads] of [
    ["1ms", "100ms", 6],
    ["60d", "61d", 2],
  ] satisfies [Duration, Duration, number][]) {
    it(`works with a ttl of ${ttl}`, async () => {
      const { secrets, store, clock, canary } = several({ ttl, jitter: "0%" })
      const handle = await secrets.get("a")
      handle.onRotate(() => undefined)
      await clock.advance(long)
      expect(handle.reveal()).toBe(canary.text)
      expect(store.reads.length).toBeGreaterThanOrEqual(reads)
      expect(store.reads.length).toBeLessThanOrEqual(110)
    })
  }

  it("is postponed by a read in between, which is as good", async () => {
    const { secrets, store, clock } = several({ jitter: "0%" })
    await secrets.get("a")
    await clock.advance("4m")
    await secrets.refresh("a")
    await clock.advance("4m")
    expect(store.reads.map(({ at }) => at / MINUTE)).toEqual([0, 2.5, 4])
    await clock.advance("1m")
    expect(store.reads).toHaveLength(4)
  })
})

describe("names that fall due at about the same time", () => {
  it("are read in one round, also when they were first asked for at different times", async () => {
    const { secrets, store, clock } = several()
    await secrets.get("a")
    await clock.advance("10s")
    await secrets.getMany({ b: "b", c: "c" })
    await clock.advance("10s")
    await secrets.get("d")
    store.reads.length = 0
    await clock.advance("30m")
    expect(store.reads.length).toBeGreaterThan(4)
    for (const { names } of store.reads) expect(names).toEqual(["a", "b", "c", "d"])
  })

  it("are read in rounds of their own when they are further apart than the jitter", async () => {
    const { secrets, store, clock } = several({ jitter: "1%" })
    await secrets.get("a")
    await clock.advance("10s")
    await secrets.get("b")
    store.reads.length = 0
    await clock.advance("3m")
    expect(store.reads.map(({ names }) => names)).toEqual([["a"], ["b"]])
  })

  it("are read together again after an outage had parted them", async () => {
    const { secrets, store, clock } = rig((clock, { text }) =>
      faulty(without(memory({ a: text, b: text }, { clock }), "watch", "versions") as SecretStore),
    )
    const handles = await secrets.getMany({ a: "a", b: "b" })
    handles.a.onRotate(() => undefined)
    handles.b.onRotate(() => undefined)
    store.faults.fail(["read", "readMany"], "UNAVAILABLE", { name: "a", times: 3 })
    await clock.advance("30m")
    store.calls.clear()
    await clock.advance("30m")
    const rounds = Array.from(store.calls, call => call.names.length)
    expect(rounds.filter(length => length === 2).length).toBeGreaterThan(rounds.length / 2)
  })
})

describe("names with different ttls", () => {
  it("are each read as often as theirs says", async () => {
    const { secrets, store, clock } = several({ jitter: "0%" })
    const handles = [
      await secrets.get("a", { ttl: "1m" }),
      await secrets.get("b", { ttl: "10m" }),
      await secrets.get("c"),
    ]
    for (const handle of handles) handle.onRotate(() => undefined)
    store.reads.length = 0
    await clock.advance("1h")
    const count = (name: string) => store.reads.filter(({ names }) => names.includes(name)).length
    expect([count("a"), count("b"), count("c")]).toEqual([60, 6, 12])
  })

  it("come sooner as soon as somebody wants a shorter one", async () => {
    const { secrets, store, clock } = several({ jitter: "0%", random: () => 0.9 })
    const handle = await secrets.get("a", { ttl: "1h" })
    await clock.advance("1m")
    store.reads.length = 0
    await secrets.get("a", { ttl: "2m" })
    await clock.advance("119s")
    expect(store.reads).toHaveLength(0)
    await clock.advance("1s")
    expect(store.reads).toHaveLength(1)
    await clock.advance("2m")
    expect(store.reads).toHaveLength(2)
    expect(handle.status.age).toBe(0)
  })
})

describe("a refresh that failed", () => {
  it("is tried again after pauses that grow, with jitter, up to the ttl", async () => {
    const { secrets, store, clock } = rig(
      (clock, { text }) => {
        const broken = faulty(memory({ a: text }, { clock }))
        return { ...watched(broken, clock), faults: broken.faults }
      },
      { random: () => 0.999 },
    )
    const handle = await secrets.get("a")
    handle.onRotate(() => undefined)
    // An answer of the store about this secret alone: its own pauses, not those of a store that is down.
    store.faults.fail("read", "UNAUTHENTICATED")
    await clock.advance("5h")
    const times = store.reads.slice(1).map(({ at }) => at)
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(pauses.slice(0, 5).map(pause => Math.round(pause / 100))).toEqual([10, 20, 40, 80, 160])
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5 * MINUTE)
    expect(pauses.at(-1)).toBeGreaterThan(4.9 * MINUTE)
  })

  it("comes again no more often than once a second, even without any jitter", async () => {
    const { secrets, store, clock } = rig(
      (clock, { text }) => {
        const broken = faulty(memory({ a: text }, { clock }))
        return { ...watched(broken, clock), faults: broken.faults }
      },
      { random: () => 0 },
    )
    await secrets.get("a")
    store.faults.fail("read", "UNAUTHENTICATED")
    await clock.advance("10s")
    expect(store.reads.length).toBeLessThanOrEqual(12)
  })
})

describe("a fleet that starts together", () => {
  it("does not stay together: its reads are spread over the ttl", async () => {
    const canary = newCanary()
    const clock: FakeClock = checkedFakeClock()
    const store = watched(memory({ a: canary.text }, { clock }), clock)
    let state = 11
    const random = () => {
      state = (state * 48_271) % 2_147_483_647
      return state / 2_147_483_647
    }
    const fleet = Array.from({ length: 100 }, () => new Secrets(store, { clock, random }))
    const handles = await Promise.all(fleet.map(secrets => secrets.get("a")))
    for (const handle of handles) handle.onRotate(() => undefined)
    expect(store.reads).toHaveLength(100)
    store.reads.length = 0
    await clock.advance("30m")

    const crowds = new Map<number, number>()
    for (const { at } of store.reads) {
      const tenSeconds = Math.floor(at / 10_000)
      crowds.set(tenSeconds, (crowds.get(tenSeconds) ?? 0) + 1)
    }
    // 100 in 300 s are three or four in ten seconds.
    expect(Math.max(...crowds.values())).toBeLessThanOrEqual(15)
    expect(crowds.size).toBeGreaterThan(120)
    await Promise.all(fleet.map(secrets => secrets.close()))
  })
})
