import { describe, expect, it } from "vitest"
import type { Change, Secret } from "../../src/core/index.ts"
import { rotating } from "../../src/secrets/index.ts"
import { gate } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

/** What a callback was told, revealed. */
interface Told {
  readonly current: string
  readonly previous: string | undefined
  readonly version: string
  readonly previousVersion: string | undefined
}

function revealed(change: Change<string>): Told {
  const { current, previous, version, previousVersion } = change
  return { current: current.reveal(), previous: previous?.reveal(), version, previousVersion }
}

/** A callback that notes what it is told; `then` says how each run ends. */
function recorder(then: (run: number) => unknown = () => undefined) {
  const told: Told[] = []
  const callback = async (change: Change<string>): Promise<void> => {
    told.push(revealed(change))
    await then(told.length)
  }
  return { told, callback, values: () => told.map(({ current }) => current) }
}

const failing = (thrown: unknown) => () => {
  throw thrown
}

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

describe("a subscription", () => {
  it("hears of a change between the version that was seen and its beginning", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    const { version } = token.status
    await change(value("second"))
    const { told, callback } = recorder()
    token.onRotate(callback, { since: version })
    await clock.settle()
    expect(told).toEqual([
      { current: value("second"), previous: value("first"), version: "v2", previousVersion: "v1" },
    ])
  })

  it("hears of nothing old when it begins with the version that is shown", async () => {
    const { secrets, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    const { told, callback } = recorder()
    token.onRotate(callback, { since: token.status.version })
    token.onRotate(callback)
    await clock.settle()
    expect(told).toEqual([])
  })

  it("hears of nothing old when only the version has moved since the one that was seen", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    await change(value("first"))
    await change(value("first"))
    const { told, callback } = recorder()
    for (const since of ["v1", "v2", "v3"]) token.onRotate(callback, { since })
    await clock.settle()
    expect(told).toEqual([])
  })

  it("is told of what there is when it names a version that nobody knows, after a restart for example", async () => {
    const { secrets, value, clock } = tallyRig()
    const { told, callback } = recorder()
    ;(await secrets.get(TOKEN)).onRotate(callback, { since: "v0" })
    await clock.settle()
    expect(told).toEqual([
      { current: value("first"), previous: undefined, version: "v1", previousVersion: undefined },
    ])
  })

  it("ends with its signal, and leaves nothing at it", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    const controller = new AbortController()
    const { told, callback } = recorder()
    token.onRotate(callback, { signal: controller.signal })
    await change(value("second"))
    controller.abort()
    await change(value("third"))
    expect(told).toHaveLength(1)
  })

  it("never begins with a signal that has aborted, nor after close()", async () => {
    const { secrets, value, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    const { told, callback } = recorder()
    token.onRotate(callback, { since: "v0", signal: AbortSignal.abort() })
    await secrets.put(TOKEN, value("second"))
    await secrets.close()
    token.onRotate(callback, { since: "v0" })[Symbol.dispose]()
    await clock.settle()
    expect(told).toEqual([])
  })

  it("lets a run go on in whose middle it ends, and says how that failed", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig()
    const token = await secrets.get(TOKEN)
    const hanging = gate()
    const { told, callback } = recorder(() => hanging.promise)
    const subscription = token.onRotate(callback)
    await change(value("second"))
    subscription[Symbol.dispose]()
    await change(value("third"))
    hanging.fail(new TypeError(value("quoted")))
    await clock.advance("1h")
    expect(told).toHaveLength(1)
    expect(saidOf("callbackFailed")).toMatchObject([{ version: "v2", retried: false, reason: "TypeError" }])
  })

  it("may be ended by its own callback", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    const told: string[] = []
    const subscription = token.onRotate(({ version }) => {
      told.push(version)
      subscription[Symbol.dispose]()
    })
    await change(value("second"))
    await change(value("third"))
    expect(told).toEqual(["v2"])
  })

  it("that ends between two tries is not tried again", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const { told, callback } = recorder(failing("no"))
    const subscription = (await secrets.get(TOKEN)).onRotate(callback)
    await change(value("second"))
    subscription[Symbol.dispose]()
    await clock.advance("1h")
    expect(told).toHaveLength(1)
  })

  it("lets go of what it does not need for a rotating resource either", async () => {
    const { secrets, change, value, clock } = tallyRig({}, value => ({
      db: JSON.stringify({ user: value("u") }),
    }))
    const token: Secret<string> = await secrets.get("db#user")
    const pool = await rotating(token, user => ({ user: () => user }))
    await change(value("second"))
    expect(pool.current().user()).toBe(value("u"))
    await pool.close()
    expect(clock.pending.filter(timer => timer.dueIn === 30_000)).toEqual([])
  })
})

/** An error whose class is named after a value. */
function named(name: string): unknown {
  return new (Object.defineProperty(class extends Error {}, "name", { value: `no class ${name}` }))()
}
