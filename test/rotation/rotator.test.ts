import { describe, expect, it } from "vitest"
import { GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, scene } from "./support/scene.ts"

describe("A rotation", () => {
  it("of a value that is made here goes from its beginning to the grace, and after it to its end", async () => {
    const { rotator, far, clock, tick, value, journal } = await scene({ plan: far => generatedPlan(far) })
    const old = await value()
    const begun = await tick()
    expect(begun).toMatchObject({ name: NAME, happened: "waiting", moved: true, state: "promoted" })
    expect(begun.next?.getTime()).toBe(clock.wall() + GRACE)
    const current = await value()
    expect(current).not.toBe(old)
    expect(far.accepts(String(old)) && far.accepts(String(current))).toBe(true)

    await clock.advance("65m")
    expect(await tick()).toMatchObject({ happened: "waiting", moved: false })
    expect(far.accepts(String(old))).toBe(true)

    await clock.advance("35s")
    expect(await tick()).toMatchObject({ happened: "rotated", state: "idle" })
    expect(far.accepts(String(old))).toBe(false)
    expect(await value()).toBe(current)
    expect(await journal()).toMatchObject({ state: "idle", leaseUntil: 0, attempt: 0 })
    expect(await tick()).toMatchObject({ happened: "nothing", moved: false })
    expect(rotator.health()).toMatchObject({ status: "ok" })
  })

  it("of a value that the far side makes goes the same way, and leaves one credential behind", async () => {
    const { far, clock, tick, value } = await scene({ plan: far => mintedPlan(far) })
    const [first] = far.ids
    await tick()
    expect(far.ids).toHaveLength(2)
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(far.ids).toHaveLength(1)
    expect(far.ids).not.toContain(first)
    expect(far.accepts(String(await value()))).toBe(true)
  })
})
