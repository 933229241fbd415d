import { afterEach, describe, expect, it, vi } from "vitest"
import type { Secret } from "../../src/core/index.ts"
import { Crowd } from "../../src/secrets/crowd.ts"
import { Lens, type Watched } from "../../src/secrets/lens.ts"
import { collectGarbage, untilCollected } from "../support/garbage.ts"
import { picky } from "../support/schemas.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

const WATCHED: Watched = {
  touched: false,
  beforeReveal: () => undefined,
  judged: async (_, all) => await all,
}

function lensOf(schema = picky()): Lens {
  return new Lens(TOKEN, WATCHED, { view: { field: undefined, format: "text", schema } })
}

afterEach(() => vi.restoreAllMocks())

describe("thousands of lenses on one secret", () => {
  it("cost one call no more than a few do", async () => {
    const { secrets } = tallyRig()
    const lensesLookedAt = async (): Promise<number> => {
      const looks = vi.spyOn(WeakRef.prototype, "deref")
      await secrets.get(TOKEN, { schema: picky() })
      const { length } = looks.mock.calls
      looks.mockRestore()
      return length
    }
    const held: Secret<unknown>[] = [await secrets.get(TOKEN)]
    const alone = await lensesLookedAt()
    for (let each = 0; each < 2_000; each++) held.push(await secrets.get(TOKEN, { schema: picky() }))
    const counts: number[] = []
    for (let each = 0; each < 20; each++) counts.push(await lensesLookedAt())
    expect(Math.max(...counts)).toBeLessThanOrEqual(alone + 4)
    expect(held).toHaveLength(2_001)
  })

  it("are one lens for one schema, however many others there are", async () => {
    const { secrets, change, value } = tallyRig()
    const schema = picky()
    const first = await secrets.get(TOKEN, { schema })
    const others: Secret<unknown>[] = []
    for (let each = 0; each < 100; each++) others.push(await secrets.get(TOKEN, { schema: picky() }))
    const again = await secrets.get(TOKEN, { schema })
    expect(again).toBe(first)
    await change(value("third"))
    expect(new Set([first, ...others].map(handle => handle.reveal()))).toEqual(new Set([value("third")]))
  })
})

describe("a crowd", () => {
  it("keeps no count of what nobody holds any more", async () => {
    const crowd = new Crowd()
    const kept = Array.from({ length: 10 }, () => lensOf())
    for (const lens of kept) crowd.add(lens)
    for (let each = 0; each < 1_000; each++) crowd.add(lensOf())
    await untilCollected(() => {
      for (let each = 0; each < 20; each++) crowd.add(lensOf())
      return crowd.size < 500
    })
    expect(crowd.size).toBeLessThan(500)
    const held = new Set(crowd.held())
    expect(kept.filter(lens => !held.has(lens))).toHaveLength(0)
  })

  it("never forgets one that somebody holds", () => {
    const crowd = new Crowd()
    const lenses = Array.from({ length: 1_000 }, () => lensOf())
    for (const lens of lenses) crowd.add(lens)
    collectGarbage()
    crowd.add(lensOf())
    const held = new Set(crowd.held())
    expect(lenses.filter(lens => !held.has(lens))).toHaveLength(0)
  })

  it("finds those through one schema, and no others", () => {
    const crowd = new Crowd()
    const schema = picky()
    const [text, json] = [
      lensOf(schema),
      new Lens(TOKEN, WATCHED, { view: { field: "a", format: "json", schema } }),
    ]
    for (const lens of [lensOf(), text, lensOf(), json]) crowd.add(lens)
    const derived = new Lens(TOKEN, WATCHED, { parent: text, derive: () => undefined })
    crowd.add(derived)
    expect(crowd.through(schema)).toEqual([text, json])
    expect(crowd.through(picky())).toEqual([])
    expect(crowd.held().includes(derived)).toBe(true)
  })
})
