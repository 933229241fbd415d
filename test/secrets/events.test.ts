import { describe, expect, it } from "vitest"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a listener", () => {
  it("is told of what happens until it ends, which it may more than once", async () => {
    const { secrets, change, value } = tallyRig()
    const versions: string[] = []
    const listener = ({ version }: { version: string }): void => void versions.push(version)
    const [one, other] = [secrets.on("accepted", listener), secrets.on("accepted", listener)]
    await secrets.get(TOKEN)
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    await change(value("second"))
    other[Symbol.dispose]()
    await change(value("third"))
    expect(versions).toEqual(["v1", "v1", "v2"])
  })

  it("cannot change what the next one is told", async () => {
    const { secrets } = tallyRig()
    const told: unknown[] = []
    secrets.on("accepted", event => {
      expect(() => Object.assign(event, { version: "v7" })).toThrow(TypeError)
    })
    secrets.on("accepted", event => void told.push(event))
    await secrets.get(TOKEN)
    expect(told).toEqual([{ secret: TOKEN, version: "v1", changed: false }])
    expect(secrets.health().listenerFailures).toBe(0)
  })

  it("that throws, or fails later, stops nobody and is counted", async () => {
    const { secrets, value, clock } = tallyRig()
    const told: string[] = []
    secrets.on("accepted", ({ version }) => {
      throw new Error(value(version))
    })
    secrets.on("accepted", async ({ version }) => await Promise.reject(new Error(value(version))))
    secrets.on("accepted", async () => undefined)
    secrets.on("accepted", ({ version }) => void told.push(version))
    expect((await secrets.get(TOKEN)).reveal()).toBe(value("first"))
    await clock.settle()
    expect(told).toEqual(["v1"])
    expect(secrets.health()).toMatchObject({ status: "ok", listenerFailures: 2 })
  })

  it("that begins in answer to an event hears of the next one", async () => {
    const { secrets, change, value } = tallyRig()
    const told: string[] = []
    secrets.on("accepted", function again({ version }) {
      told.push(version)
      secrets.on("accepted", again)
    })
    await secrets.get(TOKEN)
    expect(told).toEqual(["v1"])
    await change(value("second"))
    expect(told).toEqual(["v1", "v2", "v2"])
  })
})
