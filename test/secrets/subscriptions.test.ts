import { describe, expect, it } from "vitest"
import type { Secret } from "../../src/core/index.ts"
import { rotating } from "../../src/secrets/index.ts"
import { failing, recorder } from "../support/recorder.ts"
import { gate } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

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
    const pool = await rotating(token, user => ({ user: () => user }), { after: "47s" })
    await change(value("second"))
    expect(pool.current().user()).toBe(value("u"))
    await pool.close()
    expect(clock.pending.filter(timer => timer.dueIn === 47_000)).toEqual([])
  })
})
