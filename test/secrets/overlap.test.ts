import { describe, expect, it } from "vitest"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("the previous value", () => {
  it("is there from the change to the end of the overlap window", async () => {
    const { secrets, change, value, clock, canary } = tallyRig({ overlap: "10m" })
    const token = await secrets.get(TOKEN)
    expect(token.previous).toBeUndefined()
    await change(value("second"))
    const previous = token.previous
    expect([previous?.reveal(), previous?.version]).toEqual([value("first"), "v1"])
    canary.watch(previous)
    await clock.advance("599s")
    expect(token.previous?.reveal()).toBe(value("first"))
    await clock.advance("1s")
    expect(token.previous).toBeUndefined()
    // Whoever has it keeps it.
    expect(previous?.reveal()).toBe(value("first"))
  })

  it("is let go of when its window closes, also where nobody asks for it", async () => {
    const { secrets, change, value, clock } = tallyRig({ overlap: "10m", ttl: "1m" })
    const token = await secrets.get(TOKEN)
    token.onRotate(() => undefined)
    await change(value("second"))
    await clock.advance("12m")
    expect(token.previous).toBeUndefined()
    await change(value("third"))
    expect(token.previous?.reveal()).toBe(value("second"))
  })

  it("is the one before the current one, and has a window of its own", async () => {
    const { secrets, change, value, clock } = tallyRig({ overlap: "10m" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await clock.advance("8m")
    await change(value("third"))
    await clock.advance("8m")
    expect(token.previous?.reveal()).toBe(value("second"))
  })

  it("stays the same when only the version moves", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await change(value("second"))
    expect([token.previous?.reveal(), token.previous?.version]).toEqual([value("first"), "v1"])
  })

  it("is the newer one after a way back to an older version", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await change(value("first"))
    expect([token.reveal(), token.previous?.reveal()]).toEqual([value("first"), value("second")])
  })

  it("is never there where the overlap is none", async () => {
    const { secrets, change, value } = tallyRig({ overlap: "0s" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    expect(token.previous).toBeUndefined()
  })

  it("has the shortest window that anybody asked for", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN, { overlap: "5m" })
    await secrets.get(TOKEN, { overlap: "1m" })
    await change(value("second"))
    await clock.advance("1m")
    expect(token.previous).toBeUndefined()
  })

  it("goes with the current one when that is withdrawn, and is not there when it is back", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await secrets.delete(TOKEN)
    expect(token.previous).toBeUndefined()
    await change(value("third"))
    expect([token.reveal(), token.previous]).toEqual([value("third"), undefined])
  })

  it("is not shown while the current one is too old to be, and again when it is not", async () => {
    const { secrets, change, value, clock, store } = tallyRig({
      ttl: "1m",
      maxStale: "1m",
      overlap: "1h",
      refresh: "on-read",
    })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    await secrets.refresh()
    await clock.advance("5m")
    store.faults.fail("read", "UNAVAILABLE")
    await expect(secrets.refresh()).rejects.toThrow("UNAVAILABLE")
    expect(() => token.reveal()).toThrow("STALE")
    expect(token.previous).toBeUndefined()
    await store.faults.heal()
    await clock.advance("1m")
    await secrets.refresh()
    expect([token.reveal(), token.previous?.reveal()]).toEqual([value("second"), value("first")])
  })

  it("is there for a handle that comes after the change, unless its view does not accept it", async () => {
    const { secrets, change, canary } = tallyRig({}, value => ({ db: `no JSON, ${value("x")}` }))
    await secrets.get("db")
    await change(JSON.stringify({ user: canary.text }), "db")
    expect((await secrets.getBytes("db")).previous?.reveal()).toBeInstanceOf(Uint8Array)
    expect((await secrets.get("db#user")).previous).toBeUndefined()
  })
})
