import { describe, expect, it } from "vitest"
import type { Change } from "../../src/core/index.ts"
import { failing, recorder, revealed } from "../support/recorder.ts"
import { gate } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a rotation callback", () => {
  it("is told of a change once, with both values pinned", async () => {
    const { secrets, change, value, canary, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    const changes: Change<string>[] = []
    token.onRotate(told => void changes.push(told))
    await clock.settle()
    expect(changes).toEqual([])

    await change(value("second"))
    await change(value("third"))
    await clock.advance("20m")
    expect(changes.map(revealed)).toEqual([
      { current: value("second"), previous: value("first"), version: "v2", previousVersion: "v1" },
      { current: value("third"), previous: value("second"), version: "v3", previousVersion: "v2" },
    ])
    expect(changes.map(told => [told.name, told.current.version, told.previous?.version])).toEqual([
      [TOKEN, "v2", "v1"],
      [TOKEN, "v3", "v2"],
    ])
    expect(Object.isFrozen(changes[0])).toBe(true)
    canary.watch(changes)
  })

  it("is told by polling where the store gives no hints", async () => {
    const { secrets, change, value, clock, store } = tallyRig({ ttl: "5m" })
    store.faults.fail("watch", "UNSUPPORTED")
    const { told, callback } = recorder()
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    expect(told).toEqual([])
    await clock.advance("10m")
    expect(told).toHaveLength(1)
  })

  it("is not called for the same value under a new version", async () => {
    const { secrets, change, value, saidOf } = tallyRig()
    const token = await secrets.get(TOKEN)
    const { told, callback } = recorder()
    token.onRotate(callback)
    await change(value("first"))
    expect(token.status.version).toBe("v2")
    expect(told).toEqual([])
    expect(saidOf("accepted").map(({ version, changed }) => [version, changed])).toEqual([
      ["v1", false],
      ["v2", false],
    ])
  })

  it("is called for another value under the same version", async () => {
    const { secrets, change, value, store } = tallyRig()
    const token = await secrets.get(TOKEN)
    store.faults.repeatVersion()
    await secrets.refresh()
    const { told, callback } = recorder()
    token.onRotate(callback)
    await change(value("second"))
    expect(told).toEqual([
      { current: value("second"), previous: value("first"), version: "v1", previousVersion: "v1" },
    ])
    expect(token.reveal()).toBe(value("second"))
  })

  it("runs one at a time, and then for the newest of the changes that came meanwhile", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    const first = gate()
    let running = 0
    let most = 0
    const { told, callback } = recorder(async run => {
      running += 1
      most = Math.max(most, running)
      if (run === 1) await first.promise
      running -= 1
    })
    token.onRotate(callback)
    await change(value("second"))
    await change(value("third"))
    await change(value("fourth"))
    expect(token.reveal()).toBe(value("fourth"))
    first.open()
    await clock.settle()
    expect(most).toBe(1)
    expect(told.map(({ current, previous }) => [current, previous])).toEqual([
      [value("second"), value("first")],
      [value("fourth"), value("second")],
    ])
  })

  it("is left alone when a change was taken back while it ran with the value that is back", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const first = gate()
    const { values, callback } = recorder(() => first.promise)
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await change(value("third"))
    await change(value("second"))
    first.open()
    await clock.settle()
    expect(values()).toEqual([value("second")])
  })

  it("hears of a change that comes in the very step in which its run ends", async () => {
    const { secrets, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    // How many promises are chained on both ways is nobody's promise, so the run ends in each step that there is.
    for (let steps = 0; steps < 80; steps++) {
      const [before, after] = [`${value("before")}-${steps}`, `${value("after")}-${steps}`]
      const { values, callback } = recorder(async run => {
        if (run > 1) return
        void secrets.put(TOKEN, after)
        for (let step = 0; step < steps; step++) await Promise.resolve()
      })
      const subscription = token.onRotate(callback)
      await secrets.put(TOKEN, before)
      await clock.settle()
      expect(values(), `${steps} steps later`).toEqual([before, after])
      subscription[Symbol.dispose]()
    }
  })

  it("does not stop the others when it throws or hangs", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    token.onRotate(failing(new Error(value("quoted"))))
    const hanging = gate()
    token.onRotate(() => hanging.promise)
    const { values, callback } = recorder()
    token.onRotate(callback)
    await change(value("second"))
    expect(values()).toEqual([value("second")])
    hanging.open()
    await clock.settle()
  })

  it("may listen twice, each with an end of its own", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    const { told, callback } = recorder()
    const one = token.onRotate(callback)
    token.onRotate(callback)
    await change(value("second"))
    expect(told).toHaveLength(2)
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    await change(value("third"))
    expect(told).toHaveLength(3)
  })

  it("keeps a secret fresh that nobody reveals", async () => {
    const { secrets, change, value, clock, store } = tallyRig({ ttl: "1m" })
    store.faults.fail("watch", "UNSUPPORTED")
    const { told, callback } = recorder()
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await clock.advance("2h")
    await change(value("second"))
    await clock.advance("2m")
    expect(told).toHaveLength(1)
  })

  it("wakes a secret that slept, and hears of what changed in its sleep", async () => {
    const { secrets, change, value, clock, store } = tallyRig({ ttl: "1m" })
    store.faults.fail("watch", "UNSUPPORTED")
    const token = await secrets.get(TOKEN)
    await clock.advance("1h")
    await change(value("second"))
    const reads = store.calls.count("read")
    await clock.advance("10m")
    expect(store.calls.count("read")).toBe(reads)

    const { told, callback } = recorder()
    token.onRotate(callback)
    await clock.settle()
    expect(told).toHaveLength(1)
    await change(value("third"))
    await clock.advance("2m")
    expect(told).toHaveLength(2)
  })

  it("may call back into Secrets", async () => {
    const { secrets, change, value, clock } = tallyRig({}, value => ({ other: value("other") }))
    const token = await secrets.get(TOKEN)
    const got: string[] = []
    token.onRotate(async ({ version }) => {
      if (version !== "v2") return
      got.push((await secrets.get(TOKEN)).reveal(), (await secrets.get("other")).reveal())
      await secrets.refresh()
      got.push(await secrets.put(TOKEN, value("third")))
      await (await secrets.get(TOKEN)).use(async used => void got.push(used))
    })
    const { values, callback } = recorder()
    token.onRotate(callback)
    await change(value("second"))
    await clock.settle()
    expect(got).toEqual([value("second"), value("other"), "v3", value("third")])
    expect(values()).toEqual([value("second"), value("third")])
  })

  it("may close Secrets, which ends in time", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig({ callTimeout: "5s" })
    const token = await secrets.get(TOKEN)
    const closed = gate()
    token.onRotate(async () => {
      await secrets.close()
      closed.open()
    })
    await change(value("second"))
    await clock.advance("5s")
    await closed.promise
    expect(saidOf("closed")).toHaveLength(1)
    expect(clock.pending).toEqual([])
  })
})
