import { describe, expect, it } from "vitest"
import { SecretError } from "../../src/core/index.ts"
import { type FarSide, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, type Scene, scene } from "./support/scene.ts"

/** How often the journal was written. */
const writes = async (s: Scene): Promise<number> => (await s.journal())?.seq ?? 0

/** Fails its calls of one kind, until that is mended. */
function failing(far: FarSide, call: string, thrown: unknown): () => void {
  far.before = made => {
    if (made === call) throw thrown
  }
  return () => {
    far.before = undefined
  }
}

describe("A Rotator that is closed in the middle of a rotation", () => {
  it.each([
    "verify",
    "create",
  ])("gives it back where %s has failed, which changes nothing outside", async call => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const mend = failing(s.far, call, new Error("the far side is down"))
    expect(await s.tick()).toMatchObject({ happened: "failed" })
    await s.done(s.rotator.close())
    mend()
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
  })

  it("gives it back where the far side has refused what was asked for", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const mend = failing(s.far, "apply", new SecretError("DENIED", { message: "it may not" }))
    expect(await s.tick()).toMatchObject({ happened: "failed", state: "parked" })
    await s.done(s.rotator.close())
    expect(await s.journal()).toMatchObject({ state: "parked", leaseUntil: 0 })
    mend()
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
  })

  it("keeps it where nobody knows whether something was changed, until the lease is over", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const mend = failing(s.far, "apply", new Error("the answer was lost"))
    expect(await s.tick()).toMatchObject({ happened: "failed", state: "parked" })
    const before = await writes(s)
    await s.done(s.rotator.close())
    expect(await writes(s)).toBe(before)
    mend()
    const other = s.replica()
    expect(await s.tick(other)).toMatchObject({ happened: "held" })
    await s.clock.advance("3m")
    expect(await s.tick(other)).toMatchObject({ state: "promoted" })
  })

  it("gives it back once the missing answer was followed by a write of its own", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const mend = failing(s.far, "mint", new Error("the answer was lost"))
    expect(await s.tick()).toMatchObject({ happened: "failed", state: "minting" })
    mend()
    const refuse = failing(s.far, "verify", new Error("the far side is down"))
    await s.clock.advance("1m")
    expect(await s.tick()).toMatchObject({ happened: "failed", state: "applied" })
    await s.done(s.rotator.close())
    refuse()
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
  })

  it("gives it back where it was asked to stop between two steps", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const stopping = new AbortController()
    using _ = s.rotator.on(event => {
      if (event.type === "moved" && event.to === "parked") stopping.abort()
    })
    await expect(s.done(s.rotator.tick({ signal: stopping.signal }))).rejects.toMatchObject({
      code: "ABORTED",
    })
    expect(await s.journal()).toMatchObject({ state: "parked" })
    await s.done(s.rotator.close())
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
    expect(s.far.calls.filter(call => call === "create")).toHaveLength(1)
  })

  it("keeps it where a step was cut off that may yet be done", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    s.far.after = async (call, { signal }) => {
      if (call === "apply") await new Promise(resolve => signal.addEventListener("abort", resolve))
    }
    const ticking = s.rotator.tick()
    const ended = expect(ticking).rejects.toMatchObject({ code: "CLOSED" })
    await s.clock.settle()
    await s.done(s.rotator.close())
    await ended
    s.far.after = undefined
    expect(await s.tick(s.replica())).toMatchObject({ happened: "held", state: "parked" })
  })

  it("leaves alone what another one has taken over", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const mend = failing(s.far, "verify", new Error("the far side is down"))
    await s.tick()
    await s.clock.advance("10m")
    const other = s.replica()
    expect(await s.tick(other)).toMatchObject({ happened: "failed" })
    const held = await s.journal()
    await s.done(s.rotator.close())
    expect(await s.journal()).toEqual(held)
    mend()
    await s.done(other.close())
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
  })

  it("asks nobody and writes nothing where it holds nothing", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    await s.tick()
    const calls = s.store.calls.count()
    await s.done(s.rotator.close())
    expect(s.store.calls.count()).toBe(calls)
  })

  it("closes also where that cannot be written, and says so", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    failing(s.far, "verify", new Error("the far side is down"))
    await s.tick()
    s.store.faults.fail("all", "UNAVAILABLE")
    await s.done(s.rotator.close())
    expect(s.events.at(-1)).toMatchObject({ type: "failed", step: "load", error: { code: "UNAVAILABLE" } })
    s.store.faults.heal()
    expect(await s.tick(s.replica())).toMatchObject({ happened: "held" })
  })

  it("waits no longer than five seconds for a store that does not answer", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    failing(s.far, "verify", new Error("the far side is down"))
    await s.tick()
    s.store.faults.hang("all")
    const from = s.clock.monotonic()
    await s.done(s.rotator.close())
    expect(s.clock.monotonic() - from).toBeLessThanOrEqual(5_250)
  })
})

describe("A plan", () => {
  it("is told whether its rotation answers a leak", async () => {
    const seen: [string, boolean | undefined][] = []
    const s = await scene({
      plan: far =>
        generatedPlan(far, {
          apply: async ({ value }, { compromised }) => {
            seen.push(["apply", compromised])
            far.add(String(value))
          },
          revoke: async (credential, { compromised }) => {
            seen.push(["revoke", compromised])
            far.remove(credential)
          },
        }),
    })
    await s.tick()
    await s.clock.advance("2h")
    await s.tick()
    await s.done(s.rotator.rotate(NAME, { compromised: true }))
    expect(seen).toEqual([
      ["apply", false],
      ["revoke", false],
      ["apply", true],
      ["revoke", true],
    ])
  })
})
