import { describe, expect, it } from "vitest"
import { type KeyringOptions, keyring } from "../../../src/rotation/keyring/index.ts"
import { rig } from "../../support/rig.ts"
import { idsOf, keyringScene, NAME, stagedStore, valuesOf } from "./scene.ts"

/** A new version is signed with half an hour after it was made, and an old one is good for an hour and a half. */
const times = {
  form: "versions",
  propagation: "30m",
  tokenLifetime: "1h",
  clockSkew: "1m",
} satisfies KeyringOptions

const scene = () => keyringScene("versions", { maxStale: "1d" })

describe("keyring() where the versions are the keys", () => {
  it("gives the version as the id, and the value of each version that is still good", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("10d")
    await put(key("second"))
    await clock.advance("1h")
    const keys = await open(times)
    expect(valuesOf(keys)).toEqual({ v2: key("second"), v1: key("first") })
    expect([keys.current().id, keys.current().reveal()]).toEqual(["v2", key("second")])
    expect((await keys.find("v1"))?.reveal()).toBe(key("first"))
  })

  it("signs with the very first version at once", async () => {
    const { open, put, key } = scene()
    await put(key("first"))
    expect((await open(times)).current().id).toBe("v1")
  })

  it("checks with a new version at once, and signs with it once the propagation has passed since it was made", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    await put(key("second"))
    await clock.advance("1m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["v1", ["v1", "v2"]])
    expect((await keys.find("v2"))?.reveal()).toBe(key("second"))
    await clock.advance("29m")
    // And the clock may be a minute ahead of that of the store.
    expect(keys.current().id).toBe("v1")
    await clock.advance("1m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["v2", ["v2", "v1"]])
  })

  it("does so, too, in a program that starts in between, and in one that starts later", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    await put(key("second"))
    await clock.advance("10m")
    const early = await open(times)
    expect(early.current().id).toBe("v1")
    await clock.advance("21m")
    expect(early.current().id).toBe("v2")
    expect((await open(times)).current().id).toBe("v2")
  })

  it("signs with a version that it has seen for the whole propagation, also by a clock that was set back", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    await put(key("second"))
    await clock.advance("1m")
    clock.setWall(new Date("2025-06-01T00:00:00Z"))
    await clock.advance("29m")
    expect(keys.current().id).toBe("v1")
    await clock.advance("1m")
    expect(keys.current().id).toBe("v2")
  })

  it("signs with the newest that is known to all, when one version follows on the other", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    await put(key("second"))
    await clock.advance("20m")
    await put(key("third"))
    await clock.advance("2m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["v1", ["v1", "v3", "v2"]])
    await clock.advance("10m")
    expect(keys.current().id).toBe("v2")
    await clock.advance("20m")
    expect(keys.current().id).toBe("v3")
  })

  it("signs with the oldest while none is known to all yet, as everybody else does", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1m")
    await put(key("second"))
    await clock.advance("1m")
    expect((await open(times)).current().id).toBe("v1")
  })

  it("finds a version that came and went while the store was down", async () => {
    const { open, put, key, clock, store } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    const down = store.faults.fail(["read", "versions"], "UNAVAILABLE")
    await put(key("second"))
    await clock.advance("40m")
    await put(key("third"))
    await clock.advance("1m")
    down.end()
    await clock.advance("3m")
    expect(idsOf(keys)).toEqual(["v2", "v3", "v1"])
    expect((await keys.find("v2"))?.reveal()).toBe(key("second"))
  })

  it("lets a version go when the tokens that it signed have ended", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    await put(key("second"))
    await clock.advance("1m")
    // Seen as replaced a minute late at the most, and then good for 30 minutes of signing and an hour of tokens.
    await clock.advance("90m")
    expect(idsOf(keys)).toEqual(["v2", "v1"])
    await clock.advance("2m")
    expect(idsOf(keys)).toEqual(["v2"])
    expect(await keys.find("v1")).toBeUndefined()
  })

  it("reads no versions that ended long ago, but the one before the current one", async () => {
    const { open, put, key, clock, store } = scene()
    for (const word of ["first", "second", "third", "fourth", "fifth"]) {
      await put(key(word))
      await clock.advance("10d")
    }
    store.calls.clear()
    const keys = await open(times)
    expect(idsOf(keys)).toEqual(["v5", "v4"])
    expect([...store.calls].flatMap(({ version }) => version ?? [])).toEqual(["v4"])
  })

  it("keeps the version before the current one for its time from the start, as that may have been promoted just now", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    await put(key("second"))
    await clock.advance("5d")
    const keys = await open(times)
    await clock.advance("90m")
    expect(idsOf(keys)).toEqual(["v2", "v1"])
    await clock.advance("1ms")
    expect(idsOf(keys)).toEqual(["v2"])
  })

  it("knows a value by each of its versions, when it is written again or put back", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    await put(key("first"))
    await clock.advance("2m")
    expect(valuesOf(keys)).toEqual({ v1: key("first"), v2: key("first") })
    await put(key("second"))
    await clock.advance("1h")
    await put(key("first"))
    await clock.advance("10d")
    expect(valuesOf(keys)).toEqual({ v1: key("first"), v2: key("first"), v4: key("first") })
  })

  it("signs with the version before where the same value was written again: nobody knows the new id yet", async () => {
    const { open, put, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    await put(key("first"))
    const keys = await open(times)
    expect(keys.current().id).toBe("v1")
    await clock.advance("31m")
    expect(keys.current().id).toBe("v2")
  })

  it("keeps the version before for its time, too, while the versions cannot be listed", async () => {
    const { open, put, key, clock, store } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const keys = await open(times)
    store.faults.fail("versions", "UNAVAILABLE")
    await put(key("second"))
    await clock.advance("1m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["v1", ["v1", "v2"]])
    await clock.advance("89m")
    expect([keys.current().id, idsOf(keys)]).toEqual(["v2", ["v2", "v1"]])
    await clock.advance("2m")
    expect(idsOf(keys)).toEqual(["v2"])
  })

  it("refuses a version that somebody disabled, at the latest five minutes after that", async () => {
    const { open, put, key, clock, store } = scene()
    await put(key("first"))
    await clock.advance("1d")
    await put(key("second"))
    await clock.advance("1h")
    const keys = await open(times)
    store.disable(NAME, "v1")
    expect((await keys.find("v1"))?.id).toBe("v1")
    await clock.advance("5m")
    await keys.find("v1")
    await clock.settle()
    expect(await keys.find("v1")).toBeUndefined()
  })

  it("refuses it at once where it is told to look, and never signs with it", async () => {
    const { open, put, key, clock, store } = scene()
    await put(key("leaked"))
    await clock.advance("1d")
    const keys = await open(times)
    await put(key("second"))
    store.disable(NAME, "v1")
    await keys.refresh()
    expect([keys.current().id, idsOf(keys)]).toEqual(["v2", ["v2"]])
  })

  it("asks for versions only while older ones are good, and not more often in an outage", async () => {
    const { open, put, key, clock, store } = scene()
    await put(key("first"))
    await clock.advance("1d")
    await put(key("second"))
    const keys = await open(times)
    store.calls.clear()
    const down = store.faults.fail("versions", "UNAVAILABLE")
    for (let minute = 0; minute < 30; minute++) {
      keys.current()
      await keys.find("v1")
      await clock.advance("1m")
    }
    expect(store.calls.count("versions")).toBe(5)
    down.end()
    await clock.advance("2h")
    expect(idsOf(keys)).toEqual(["v2"])
    await clock.settle()
    store.calls.clear()
    for (let minute = 0; minute < 30; minute++) {
      keys.current()
      await clock.advance("1m")
    }
    expect(store.calls.count("versions")).toBe(0)
  })

  it("makes no more requests for a flood of made-up ids than one read and a listing", async () => {
    const { open, put, key, clock, store } = scene()
    await put(key("first"))
    await clock.advance("1d")
    await put(key("second"))
    const keys = await open(times)
    await put(key("third"))
    store.calls.clear()
    const ids = Array.from({ length: 500 }, (_, id) => `made-up-${id}`)
    await Promise.all(ids.map(id => keys.find(id)))
    expect((await keys.find("v3"))?.reveal()).toBe(key("third"))
    await clock.settle()
    expect([...store.calls].map(({ operation, version = "newest" }) => `${operation} ${version}`)).toEqual([
      "read newest",
      "versions newest",
      // For the change that this brought to light.
      "versions newest",
    ])
  })

  it("goes on when a plain key becomes a set: tokens that name the version are good as long as its key is", async () => {
    const { open, put, set, key, clock } = scene()
    await put(key("first"))
    await clock.advance("1d")
    const { form: _, ...found } = times
    const before = await open(found)
    expect(valuesOf(before)).toEqual({ v1: key("first"), initial: key("first") })
    const hour = 3_600_000
    const initial = { id: "initial", value: key("first") }
    await put(set("initial", "b", initial))
    await clock.advance("1m")
    const ended = { ...initial, notAfter: clock.wall() + hour, overlap: hour }
    await put(set("b", "b", ended))
    await clock.advance("1m")
    const after = await open(found)
    for (const keys of [before, after]) {
      expect(keys.current().id).toBe("b")
      expect((await keys.find("v1"))?.reveal()).toBe(key("first"))
      expect((await keys.find("initial"))?.reveal()).toBe(key("first"))
    }
    await clock.advance("2h")
    for (const keys of [before, after]) expect(idsOf(keys)).toEqual(["b"])
  })

  it("says when it may not list the versions, and what to do", async () => {
    const { put, key, secrets, store, clock, failure } = scene()
    await put(key("first"))
    store.faults.fail("versions", "DENIED")
    expect(await failure(keyring(secrets, NAME, { clock }))).toMatchObject({
      code: "DENIED",
      secret: NAME,
      hint: expect.stringContaining('form: "set"'),
    })
    // What could not be opened keeps nothing fresh.
    await clock.advance("1h")
    store.calls.clear()
    await clock.advance("1h")
    expect(store.calls.count()).toBe(0)
    await using keys = await keyring(secrets, NAME, { clock, form: "set" })
    expect(idsOf(keys)).toEqual(["initial"])
  })

  it("tries again at the start while the store cannot list them, for as long as a first read may take", async () => {
    const { put, key, secrets, store, clock, failure } = scene()
    await put(key("first"))
    const down = store.faults.fail("versions", "UNAVAILABLE", { times: 3 })
    const opening = keyring(secrets, NAME, { clock })
    await clock.advance("10s")
    await using keys = await opening
    expect(idsOf(keys)).toEqual(["v1", "initial"])
    expect(down.struck).toBe(3)
    store.faults.fail("versions", "UNAVAILABLE")
    const failing = failure(keyring(secrets, NAME, { clock }))
    await clock.advance("20s")
    expect(await failing).toMatchObject({ code: "TIMEOUT", lastCode: "UNAVAILABLE", secret: NAME })
  })

  it("leaves out a version that cannot be read, and takes none that is no plain key", async () => {
    const { open, put, set, key, clock, canary, store } = scene()
    for (const value of [key("first"), set("x", "x"), canary.bytes, key("second")]) {
      await put(value)
      await clock.advance("1m")
    }
    store.disable(NAME, "v1")
    expect(idsOf(await open(times))).toEqual(["v4"])
  })

  describe("on a store where a version is made before it becomes the current one", () => {
    function stagedScene(options: Parameters<typeof stagedStore>[1] = {}) {
      let staged: ReturnType<typeof stagedStore> | undefined
      const { clock, canary, secrets } = rig(
        clock => {
          staged = stagedStore(clock, options)
          return staged.store
        },
        { ttl: "1m", maxStale: "1d", overlap: "0s" },
      )
      const { park, promote } = staged as unknown as ReturnType<typeof stagedStore>
      return {
        clock,
        park: (word: string) => park(`${word}-${canary.text}`),
        promote,
        open: async () => canary.watch(await keyring(secrets, NAME, { clock, ...times })),
      }
    }

    it("checks with it when it is listed, and keeps the one before for its time from when that is seen", async () => {
      const { open, park, promote, clock } = stagedScene()
      park("first")
      await clock.advance("1d")
      await using keys = await open()
      const second = park("second")
      await clock.advance("5d")
      expect(idsOf(keys)).toEqual(["v1"])
      promote(second)
      await keys.refresh()
      expect([keys.current().id, idsOf(keys)]).toEqual(["v2", ["v2", "v1"]])
      // A program that starts now would see, by the dates alone, that the first one was replaced days ago.
      await using late = await open()
      await clock.advance("90m")
      for (const each of [keys, late]) expect((await each.find("v1"))?.id).toBe("v1")
      await clock.advance("1m")
      for (const each of [keys, late]) expect(await each.find("v1")).toBeUndefined()
    })

    it("checks with one that is parked when a program starts, so that its promotion surprises nobody", async () => {
      const { open, park, clock } = stagedScene()
      park("first")
      await clock.advance("1d")
      park("second")
      await using keys = await open()
      expect([keys.current().id, idsOf(keys)]).toEqual(["v1", ["v1", "v2"]])
    })

    it("keeps a version that was moved back from, for its time", async () => {
      const { open, park, promote, clock } = stagedScene()
      park("first")
      await clock.advance("1d")
      promote(park("second"))
      await clock.advance("1d")
      await using keys = await open()
      promote("v1")
      await keys.refresh()
      await using late = await open()
      for (const each of [keys, late]) expect([each.current().id, idsOf(each)]).toEqual(["v1", ["v1", "v2"]])
      await clock.advance("91m")
      for (const each of [keys, late]) expect(idsOf(each)).toEqual(["v1"])
    })

    it("knows the version that it reads, although it is not listed yet", async () => {
      const { open, park, promote, clock } = stagedScene({ behind: 1 })
      park("first")
      await clock.advance("1d")
      promote(park("second"))
      await using keys = await open()
      expect([keys.current().id, idsOf(keys)]).toEqual(["v2", ["v2", "v1"]])
    })

    it("goes by the order in which they are listed, and by what it has seen, where nothing is dated", async () => {
      const { open, park, promote, clock } = stagedScene({ dated: false })
      park("first")
      promote(park("second"))
      await using keys = await open()
      expect([keys.current().id, idsOf(keys)]).toEqual(["v2", ["v2", "v1"]])
      promote(park("third"))
      await clock.advance("1m")
      expect(keys.current().id).toBe("v2")
      await clock.advance("30m")
      expect(keys.current().id).toBe("v3")
    })
  })
})
