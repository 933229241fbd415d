import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { distance, nearest, simplified } from "../../src/near-names/nearest.ts"

describe("the nearest name", () => {
  it("is the one with the fewest slips, if they are few for its length", () => {
    expect(nearest("tally/api-token", ["tally/api-tokn", "tally/apii-tokenn", "home"])).toBe("tally/api-tokn")
    expect(nearest("tally/api-token", ["tally/jwt-key", "path"])).toBeUndefined()
    expect(nearest("PORT", ["PATH"])).toBeUndefined()
    expect(nearest("PORT", ["PROT"])).toBe("PROT")
    expect(nearest("DB", ["PB", "DBX"])).toBeUndefined()
  })

  it("does not mind case and the sign between words, and is never the name itself", () => {
    expect(nearest("tally/api-token", ["tally/api-token", "TALLY_API_TOKEN"])).toBe("TALLY_API_TOKEN")
  })

  it("is the first of the alphabet among equals, whatever the order", () => {
    expect(nearest("token", ["tokenb", "tokena"])).toBe("tokena")
    expect(nearest("token", ["tokena", "tokenb"])).toBe("tokena")
  })

  it("is not looked for for ever", () => {
    const many = Array.from({ length: 6_000 }, (_, index) => `name-${index}`)
    expect(nearest("token", [...many, "tokens"])).toBeUndefined()
    expect(nearest("token", ["tokens", ...many])).toBe("tokens")
  })
})

describe("the distance of two texts", () => {
  it("counts letters that are added, removed, replaced or swapped", () => {
    expect(distance("token", "tokens")).toBe(1)
    expect(distance("token", "toke")).toBe(1)
    expect(distance("token", "toxen")).toBe(1)
    expect(distance("token", "otken")).toBe(1)
    expect(distance("", "token")).toBe(5)
    expect(distance("kitten", "sitting")).toBe(3)
  })

  it("is nothing for equal texts only, the same both ways, and at most the longer length", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const apart = distance(one, other)
        expect(apart).toBe(distance(other, one))
        expect(apart === 0).toBe(one === other)
        expect(apart).toBeGreaterThanOrEqual(Math.abs(one.length - other.length))
        expect(apart).toBeLessThanOrEqual(Math.max(one.length, other.length))
      }),
    )
  })
})

describe("a simplified name", () => {
  it("tells spellings of one name not apart", () => {
    expect(simplified("tally/api-token")).toBe(simplified("TALLY_API__TOKEN"))
  })
})
