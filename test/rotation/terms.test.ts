import { describe, expect, it } from "vitest"
import { Place } from "../../src/rotation/hands/place.ts"
import { shortId, spread } from "../../src/rotation/ids.ts"
import { backoff, leastLease, type TermsOf, termsOf } from "../../src/rotation/terms.ts"
import { CONSUMERS, FarSide, GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"

const signal = new AbortController().signal
const far = new FarSide("value")

function termsAt(place: string, more: Partial<TermsOf> = {}) {
  const plan = mintedPlan(far)
  return termsOf({
    name: "tally/api-token",
    place: { text: place },
    plan,
    promotion: "conditional",
    lease: 120_000,
    callTimeout: 10_000,
    ...more,
  })
}

describe("The id of a rotation", () => {
  it("is the same in every replica, and another one for every secret, claim and attempt", () => {
    const ids = ["vault://one/a", "vault://one/b", "vault://two/a"].flatMap(place =>
      [1, 2, 11].flatMap(claim => [0, 1].map(attempt => termsAt(place).rotationId(claim, attempt))),
    )
    expect(new Set(ids).size).toBe(ids.length)
    expect(termsAt("vault://one/a").rotationId(1, 0)).toBe(ids[0])
  })

  it("fits the names of every store: short, lower case, and with a letter first", () => {
    for (let claim = 0; claim < 200; claim++) {
      expect(termsAt("vault://one/a").rotationId(claim, 0)).toMatch(/^[a-z][a-z0-9]{24}$/)
    }
  })
})

describe("The label of what is minted", () => {
  it("is one of this secret and of no other, and fits tags and descriptions", () => {
    const [one, other] = [termsAt("vault://one/a"), termsAt("vault://one/b")]
    const label = one.label(one.rotationId(1, 0))
    expect(one.isOurLabel(label)).toBe(true)
    expect(other.isOurLabel(label)).toBe(false)
    expect(one.isOurLabel("latchkey:")).toBe(false)
    expect(label.length).toBeLessThanOrEqual(63)
  })
})

describe("Values", () => {
  it("are the same where their bytes are, whether a store gives them as text or as bytes", () => {
    const { same } = termsAt("vault://one/a")
    expect(same("café", Buffer.from("café"))).toBe(true)
    expect(same(Buffer.from([0xff]), new Uint8Array([0xff]))).toBe(true)
    expect(same("one", "two")).toBe(false)
    expect(same("one", Buffer.from("ones"))).toBe(false)
  })
})

describe("The terms", () => {
  it("say what the plan can do", () => {
    expect(termsAt("p")).toMatchObject({
      kind: "minted",
      overlap: true,
      lists: true,
      labels: true,
      exclusive: false,
      identifies: true,
      applies: false,
      revokes: true,
      verifiesOld: true,
      grace: GRACE,
      propagation: 0,
      lease: 120_000,
      margin: 30_000,
      deadlines: { make: 30_000, apply: 30_000, revoke: 30_000, store: 10_000 },
    })
    const {
      revoke: _,
      verifyOld: __,
      identify: ___,
      ...plan
    } = generatedPlan(far, {
      grace: "10h",
      deadlines: { apply: "7s" },
      publish: (current, candidate) => `${current}${candidate}`,
      propagation: "9h",
    })
    const terms = termsAt("p", { plan })
    expect(terms).toMatchObject({
      kind: "generated",
      lists: false,
      labels: false,
      identifies: false,
      applies: true,
      revokes: false,
      verifiesOld: false,
      grace: 36_000_000,
      propagation: 32_400_000,
      deadlines: { apply: 7_000 },
    })
    expect(terms.publish?.("a", "b")).toBe("ab")
  })

  it("refuse a published set that is empty", () => {
    const plan = generatedPlan(far, { publish: () => "" })
    expect(() => termsAt("p", { plan }).publish?.("a", "b")).toThrow(
      /publish of the plan gave an empty value/,
    )
  })

  it("hold a lease of twice the longest step, and of two minutes at least", () => {
    const plan = { kind: "generated" as const, overlap: true, consumers: CONSUMERS }
    const of = (deadlines: object) =>
      leastLease(
        { ...plan, deadlines, create: async () => ({ value: "" }), verify: async () => "works" },
        10_000,
      )
    expect(of({ verify: "10s" })).toBe(120_000)
    expect(of({ list: "5m" })).toBe(600_000)
    expect(leastLease(generatedPlan(far), 300_000)).toBe(600_000)
  })
})

describe("The pause after failures", () => {
  it("doubles from a minute to an hour, and is spread", () => {
    expect([1, 2, 3, 6, 7, 100].map(failures => backoff(failures, 0.5) / 60_000)).toEqual([
      1, 2, 4, 32, 60, 60,
    ])
    expect(backoff(1, 0)).toBe(48_000)
    expect(backoff(1, 1)).toBe(72_000)
  })
})

describe("spread()", () => {
  it("is even over names that differ in their end alone", () => {
    const counts = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < 10_000; index++) {
      const bin = Math.floor(10 * spread("slot", `service-${index}/key`, 1_767_225_600_000))
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(900)
    expect(Math.max(...counts)).toBeLessThan(1_100)
  })
})

describe("The place of a secret", () => {
  it("is what the ledger tells, asked for once", async () => {
    let asked = 0
    const placeOf = async (name: string) => `arn:${name}:${++asked}`
    const place = new Place("tally/api-token", "aws://", { placeOf })
    expect(place.isKnown).toBe(false)
    expect(() => place.text).toThrow(TypeError)
    await place.find({ signal })
    await place.find({ signal })
    expect(place.text).toBe("arn:tally/api-token:1")
  })

  it("is that of the store and the name for a ledger that tells none, and is asked for again where that failed", async () => {
    const place = new Place("tally/api-token", "own:", {})
    await place.find({ signal })
    expect(place.text).toBe("own: tally/api-token")
    let works = false
    const placeOf = async () => {
      if (!works) throw new Error("not now")
      return "there"
    }
    const failing = new Place("a", "own:", { placeOf })
    await expect(failing.find({ signal })).rejects.toThrow("not now")
    works = true
    await failing.find({ signal })
    expect(failing.text).toBe("there")
  })
})

it("Short ids of the same parts are the same, and other parts make other ones", () => {
  expect(shortId(12, "a", 1)).toBe(shortId(12, "a", 1))
  expect(shortId(12, "a", 11)).not.toBe(shortId(12, "a1", 1))
})
