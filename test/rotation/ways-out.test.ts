import { describe, expect, it } from "vitest"
import { SecretError } from "../../src/core/index.ts"
import { generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, scene } from "./support/scene.ts"

const calm = { signal: new AbortController().signal }

describe("A rotation that a person gives up", () => {
  /** Promoted, and written over by a person right before the old one would have been retired. */
  const writtenOver = async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    await s.tick()
    const promoted = String(await s.value())
    const { rotationId = "" } = (await s.journal()) ?? {}
    await s.clock.advance("64m")
    const byHand = s.far.newValue()
    s.far.add(byHand)
    await s.store.write?.(NAME, byHand, calm)
    await s.clock.advance("2m")
    expect((await s.tick()).happened).toBe("blocked")
    return { s, promoted, rotationId, byHand }
  }

  it("revokes nothing, then or later: consumers may hold what was promoted for a while yet", async () => {
    const { s, promoted, byHand } = await writtenOver()
    await s.done(s.rotator.abort(NAME))
    expect(s.events.filter(({ type }) => type === "notice")).toContainEqual(
      expect.objectContaining({ notice: { about: "new-left-to-person", id: expect.any(String) } }),
    )
    await s.tick()
    expect(s.far.accepts(promoted)).toBe(true)
    expect(await s.value()).toBe(byHand)
  })

  it("leaves no copy of its candidate in the store", async () => {
    const { s, rotationId } = await writtenOver()
    await s.done(s.rotator.abort(NAME))
    expect(await s.store.rotation?.().kept(NAME, { ...calm, rotationId })).toBeUndefined()
  })

  it("can be one whose old credential cannot be ended, and the next one begins", async () => {
    const s = await scene({
      plan: far =>
        generatedPlan(far, {
          revoke: async () => {
            throw new SecretError("DENIED", { message: "it may not" })
          },
        }),
    })
    await s.tick()
    await s.clock.advance("2h")
    expect(await s.tick()).toMatchObject({ happened: "failed", state: "retiring" })
    const leaked = await s.value()
    expect((await s.done(s.rotator.abort(NAME))).state).toBe("idle")
    expect(await s.value()).toBe(leaked)
    await s.done(s.rotator.rotate(NAME, { compromised: true, impatient: true }))
    expect(await s.value()).not.toBe(leaked)
  })

  it("is none that is not on its way", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    await expect(s.rotator.abort(NAME)).rejects.toMatchObject({ code: "CONFLICT" })
    await expect(s.rotator.resume(NAME)).rejects.toMatchObject({ code: "CONFLICT" })
  })
})

describe("An emergency", () => {
  it("goes on with another candidate after one was refused, without anybody asking again", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    await s.tick()
    await s.clock.advance("2h")
    await s.tick()
    const leaked = String(await s.value())
    let isRefused = true
    s.far.after = call => {
      const newest = s.far.ids.at(-1)
      if (call === "mint" && isRefused && newest !== undefined) s.far.remove({ id: newest })
    }
    await s.done(s.rotator.rotate(NAME, { compromised: true }))
    expect(await s.journal()).toMatchObject({ state: "idle", compromised: true })
    isRefused = false
    await s.clock.advance("10m")
    await s.tick()
    expect(await s.value()).not.toBe(leaked)
    expect(s.far.accepts(leaked)).toBe(false)
  })
})

describe("A far side that says that it has made nothing", () => {
  it.each([
    "THROTTLED",
    "DENIED",
  ] as const)("with %s leaves no orphan to look for, also where nothing can be listed", async code => {
    let isBusy = true
    const s = await scene({
      plan: far => {
        const { listMinted: _, ...plan } = mintedPlan(far, {
          labels: false,
          mint: async () => {
            if (isBusy) throw new SecretError(code, { message: "not now" })
            const value = far.newValue()
            return { value, id: far.add(value) }
          },
        })
        return plan
      },
    })
    const before = await s.value()
    expect(await s.tick()).toMatchObject({ happened: "failed", state: "claimed" })
    isBusy = false
    await s.clock.advance("5m")
    expect((await s.tick()).state).toBe("promoted")
    expect(await s.value()).not.toBe(before)
  })
})
