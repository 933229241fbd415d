import { describe, expect, it } from "vitest"
import { failing, recorder } from "../support/recorder.ts"
import { gate } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a rotation callback that fails", () => {
  it("is tried five times, with pauses that grow, and then given up", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig()
    const at: number[] = []
    ;(await secrets.get(TOKEN)).onRotate(() => {
      at.push(clock.monotonic())
      throw new TypeError(value("quoted"))
    })
    await change(value("second"))
    await clock.advance("1h")
    // Half of what each pause can be: 1 s, doubled each time.
    expect(at).toEqual([0, 500, 1_500, 3_500, 7_500])
    expect(saidOf("callbackFailed")).toEqual(
      [1, 2, 3, 4, 5].map(attempt => ({
        is: "callbackFailed",
        secret: TOKEN,
        version: "v2",
        attempt,
        retried: attempt < 5,
        reason: "TypeError",
      })),
    )
  })

  it("is tried as often as was asked for", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackAttempts: 1 })
    const { told, callback } = recorder(failing("no"))
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await clock.advance("1h")
    expect(told).toHaveLength(1)
  })

  it("gets a time limit, and is tried again after it", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig({ callbackTimeout: "30s" })
    const hanging = gate()
    const { values, callback } = recorder(run => (run === 1 ? hanging.promise : undefined))
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await clock.advance("29s")
    expect(saidOf("callbackFailed")).toEqual([])
    await clock.advance("2s")
    expect(saidOf("callbackFailed")).toMatchObject([{ attempt: 1, retried: true, reason: "TIMEOUT" }])
    expect(values()).toEqual([value("second"), value("second")])
    // What the first run does in the end is nobody's business any more.
    hanging.fail(new Error(value("late")))
    await clock.settle()
    expect(saidOf("callbackFailed")).toHaveLength(1)
  })

  const thrown: [what: string, thrown: (value: string) => unknown, reason: string][] = [
    ["nothing", () => undefined, "undefined"],
    ["null", () => null, "object"],
    ["a string", value => value, "string"],
    ["a number", () => 401, "number"],
    ["an object without a class", value => Object.assign(Object.create(null) as object, { value }), "object"],
    ["an object that cannot be looked at", () => new Proxy({}, { getPrototypeOf: failing("no") }), "object"],
    ["an error with the value in its class's name", value => named(value), "object"],
    ["an error of its own", value => new RangeError(value), "RangeError"],
  ]
  for (const [what, make, reason] of thrown) {
    it(`may throw ${what}`, async () => {
      const { secrets, change, value, saidOf, clock } = tallyRig({ callbackAttempts: 1 })
      ;(await secrets.get(TOKEN)).onRotate(failing(make(value("quoted"))))
      await change(value("second"))
      await clock.settle()
      expect(saidOf("callbackFailed").map(event => event.reason)).toEqual([reason])
    })
  }

  it("goes on to a newer change without trying the old one to the end", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { told, callback } = recorder(run => (run === 1 ? Promise.reject(new Error("no")) : undefined))
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await change(value("third"))
    await clock.advance("1m")
    expect(told.map(({ current, previous }) => [current, previous])).toEqual([
      [value("second"), value("first")],
      [value("third"), value("first")],
    ])
  })

  it("counts its tries anew for a newer change", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig({ callbackAttempts: 2 })
    ;(await secrets.get(TOKEN)).onRotate(failing("no"))
    await change(value("second"))
    await change(value("third"))
    await clock.advance("1h")
    expect(saidOf("callbackFailed").map(({ version, attempt }) => [version, attempt])).toEqual([
      ["v2", 1],
      ["v3", 1],
      ["v3", 2],
    ])
  })

  it("hears of the next change although it gave the last one up", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackAttempts: 2 })
    const { told, callback } = recorder(run => (run <= 2 ? Promise.reject(new Error("no")) : undefined))
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await clock.advance("1h")
    expect(told).toHaveLength(2)
    await change(value("third"))
    await clock.advance("1h")
    expect(told.slice(2).map(({ current, previous }) => [current, previous])).toEqual([
      [value("third"), value("first")],
    ])
  })

  it("is not tried again for what it gave up when only the version moves", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackAttempts: 1 })
    const { told, callback } = recorder(failing("no"))
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await change(value("second"))
    await clock.advance("1h")
    expect(told).toHaveLength(1)
  })

  it("is told of the way back after a run that failed, since that run may have done half of its work", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackAttempts: 3 })
    // Both runs with the second value fail, and the first one with the value that is back.
    const { told, callback } = recorder(run => (run <= 2 ? Promise.reject(new Error("no")) : undefined))
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await change(value("first"))
    await clock.advance("1h")
    expect(told).toEqual([
      { current: value("second"), previous: value("first"), version: "v2", previousVersion: "v1" },
      { current: value("first"), previous: value("second"), version: "v3", previousVersion: "v2" },
      { current: value("first"), previous: value("second"), version: "v3", previousVersion: "v2" },
    ])
  })

  it("is told of the way back to a value that it gave up, from one that it was tried with since", async () => {
    const { secrets, change, value, clock } = tallyRig({ callbackAttempts: 2 })
    const third = gate()
    const { values, callback } = recorder(run => {
      if (run <= 2) throw new Error("no")
      return run === 3 ? third.promise : undefined
    })
    ;(await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    await clock.advance("1h")
    await change(value("third"))
    await change(value("second"))
    third.fail(new Error("no"))
    await clock.advance("1h")
    expect(values()).toEqual(["second", "second", "third", "second"].map(value))
  })

  it("is not shown a value that was withdrawn meanwhile, but again when it is back", async () => {
    const { secrets, change, value, clock, store } = tallyRig()
    const token = await secrets.get(TOKEN)
    const { values, callback } = recorder(run => (run === 1 ? Promise.reject(new Error("no")) : undefined))
    token.onRotate(callback)
    await change(value("second"))
    await secrets.delete(TOKEN)
    expect(() => token.reveal()).toThrow("NOT_FOUND")
    await clock.advance("1m")
    expect(values()).toEqual([value("second")])

    await change(value("second"))
    await clock.advance("1m")
    expect(token.reveal()).toBe(value("second"))
    expect(values()).toEqual([value("second"), value("second")])
    expect(store.calls.underWay()).toBe(0)
  })
})

/** An error whose class is named after a value. */
function named(name: string): unknown {
  return new (Object.defineProperty(class extends Error {}, "name", { value: `no class ${name}` }))()
}
