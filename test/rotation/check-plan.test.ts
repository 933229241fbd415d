import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseDuration } from "../../src/core/index.ts"
import { checkCandidate, checkPlan, graceOf } from "../../src/rotation/check-plan.ts"
import type { GeneratedPlan, MintedPlan, RotationPlan } from "../../src/rotation/plan.ts"
import { deadlinesOf, durationText, propagationOf } from "../../src/rotation/plan-times.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LEASE = { lease: 5 * MINUTE }

const consumers = { ttl: "10m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" } as const

const generated: GeneratedPlan = {
  kind: "generated",
  consumers,
  overlap: true,
  create: async () => ({ value: "not called" }),
  verify: async () => "works",
}

const minted: MintedPlan = {
  kind: "minted",
  consumers,
  overlap: true,
  labels: true,
  mint: async () => ({ value: "not called" }),
  listMinted: async () => [],
  verify: async () => "works",
  revoke: async () => undefined,
}

/** What a plan is refused with: the plan that is given, with some of it replaced; `undefined` takes a part away. */
function refusal(plan: RotationPlan, changes: object): Error {
  const changed = Object.fromEntries(
    Object.entries({ ...plan, ...changes }).filter(([, value]) => value !== undefined),
  )
  return refusalOf(() => checkPlan("db/url", changed as unknown as RotationPlan, LEASE))
}

function refusalOf(act: () => void): Error {
  try {
    act()
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error("it was not refused")
}

describe("the check of a plan", () => {
  it("accepts a plan that says all that is needed", () => {
    for (const plan of [generated, minted]) {
      expect(() => checkPlan("db/url", plan, LEASE)).not.toThrow()
      expect(() => checkPlan("db/url", { ...plan, overlap: false, acceptsOutage: true }, LEASE)).not.toThrow()
    }
    const fenced = { ...generated, overlap: false, fenced: true, apply: async () => undefined }
    expect(() => checkPlan("db/url", fenced, LEASE)).not.toThrow()
    const byHand = { ...generated, revokedByHand: "in the settings", verifyOld: generated.verify }
    expect(() => checkPlan("db/url", byHand as RotationPlan, LEASE)).not.toThrow()
    expect(() => checkPlan("db/url", { ...minted, labels: false }, LEASE)).not.toThrow()
  })

  it("accepts a plan whose functions are methods of a class", () => {
    class Plan {
      readonly kind = "generated"
      readonly consumers = consumers
      readonly overlap = true
      async create() {
        return { value: "not called" }
      }
      async verify() {
        return "works" as const
      }
    }
    expect(() => checkPlan("db/url", new Plan(), LEASE)).not.toThrow()
  })

  it.each<[string, RotationPlan, object, RegExp]>([
    ["neither of the kinds", generated, { kind: "made" }, /"generated" where .* "minted" where/],
    ["no verify", generated, { verify: undefined }, /no verify; verify\(credential, context\)/],
    ["no create", generated, { create: undefined }, /no create; create\(context\)/],
    ["no mint", minted, { mint: undefined }, /no mint; mint\(context\)/],
    ["minted ones that nothing ends", minted, { revoke: undefined }, /no revoke; revoke\(credential/],
    ["what is no function", generated, { apply: "ALTER ROLE" }, /apply of the plan is no function/],
    ["a flag that is none", generated, { overlap: "yes" }, /overlap of the plan is neither true nor false/],
    ["a slip in a name", generated, { verifyold: generated.verify }, /"verifyold" that does not exist/],
    ["what only the other kind has", generated, { labels: true }, /"labels" that does not exist/],
    ["needs that are no list", generated, { needs: "CREATEROLE" }, /needs of the plan is no list/],
    ["no word on the overlap", generated, { overlap: undefined }, /write overlap: true or false/],
    ["neither overlap nor fence", generated, { overlap: false }, /write fenced: true .* acceptsOutage: true/],
    ["a fence that nothing moves", generated, { overlap: false, fenced: true }, /fenced and has no apply/],
    ["no word on labels", minted, { labels: undefined }, /labels: true .* labels: false/],
    ["labels that nobody sees", minted, { listMinted: undefined }, /labels: true and has no listMinted/],
    [
      "an account of its own that nobody lists",
      minted,
      { labels: false, exclusive: true, listMinted: undefined },
      /exclusive: true and has no listMinted/,
    ],
    ["an empty way to revoke by hand", generated, { revokedByHand: " " }, /revokedByHand of the plan says/],
    [
      "two ways to revoke",
      generated,
      { revokedByHand: "there", revoke: minted.revoke, verifyOld: generated.verify },
      /both revoke and revokedByHand/,
    ],
    ["nobody who sees what was revoked by hand", generated, { revokedByHand: "there" }, /no verifyOld/],
    ["no consumers", generated, { consumers: undefined }, /consumers: \{ ttl: "5m"/],
    ["consumers that are none", generated, { consumers: "5m" }, /options of consumers are not an object/],
    ["an unknown consumer", generated, { consumers: { ...consumers, maxstale: "1h" } }, /"maxstale"/],
    [
      "consumers without one of the four",
      generated,
      { consumers: { ttl: "5m", maxStale: "1h", callTimeout: "5s" } },
      /does not say tokenLifetime/,
    ],
    [
      "a ttl that is no duration",
      generated,
      { consumers: { ...consumers, ttl: 300 } },
      /ttl is not a duration/,
    ],
    ["a ttl of zero", generated, { consumers: { ...consumers, ttl: "0s" } }, /consumers.ttl is zero/],
    ["a grace that is no duration", generated, { grace: "1 day" }, /grace is not a duration/],
    [
      "a grace that is too short by a millisecond",
      generated,
      { grace: `${9 * HOUR + 11 * MINUTE + 29_999}ms` },
      /grace is shorter than 33090s, .* write grace: "33090s" or more/,
    ],
    ["an unknown deadline", generated, { deadlines: { create: "1s" } }, /"create" that does not exist/],
    ["a deadline that is none", generated, { deadlines: { apply: "soon" } }, /deadlines.apply is not/],
    [
      "a deadline as long as the lease",
      generated,
      { deadlines: { verify: "5m" } },
      /deadlines.verify is 5m, and a lease ends after 5m/,
    ],
    ["a settling that is none", generated, { settling: "soon" }, /settling is not/],
    [
      "a settling that leaves verify no time for its last answer",
      generated,
      { settling: "60s" },
      /settling is 1m, and verify ends after 1m/,
    ],
    ["a propagation of nothing", generated, { propagation: "1d" }, /a propagation and no publish/],
    [
      "a propagation that is too short",
      generated,
      { publish: (current: string) => current, propagation: "70m" },
      /propagation is shorter than 71m, .* write propagation: "71m"/,
    ],
  ])("refuses %s, and says for which secret and what to write", (_, plan, changes, message) => {
    expect(refusal(plan, changes)).toMatchObject({
      code: "MISCONFIGURED",
      secret: "db/url",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/./),
    })
  })

  it("refuses what is no plan at all", () => {
    for (const none of [undefined, null, "generated"])
      expect(refusalOf(() => checkPlan("db/url", none as never, LEASE))).toMatchObject({
        code: "MISCONFIGURED",
        secret: "db/url",
      })
  })

  it("shows nothing of what stands where something else should", () => {
    const canary = newCanary()
    const { text } = canary
    for (const changes of [
      { kind: text },
      { [text]: text },
      { overlap: text },
      { grace: text },
      { consumers: { ...consumers, ttl: text } },
      { consumers: { ...consumers, [text]: text } },
      { deadlines: { [text]: "1s" } },
      { deadlines: { make: text } },
      { needs: text },
      { verify: text },
    ])
      expectNoLeak(canary, refusal(generated, changes))
  })

  it("says of a lease that is shorter than the default deadlines what to do", () => {
    const error = refusalOf(() => checkPlan("db/url", generated, { lease: 10_000 }))
    expect(error.message).toMatch(/deadlines.make is 30s, and a lease ends after 10s; .*a longer lease/)
  })
})

describe("the times of a plan", () => {
  const grace = 11 * MINUTE + HOUR + 30_000 + 8 * HOUR

  it("have a grace of 1.1 ttl, maxStale, callTimeout and tokenLifetime, unless a longer one is written", () => {
    expect(graceOf(generated)).toBe(grace)
    expect(graceOf({ ...generated, grace: "2d" })).toBe(48 * HOUR)
  })

  it("accept the least grace that the refusal of a shorter one names", () => {
    const error = refusal(generated, { grace: "1h" })
    const named = /write grace: "(.*?)"/.exec(error.message)?.[1] as "1h"
    expect(parseDuration(named)).toBe(grace)
    expect(() => checkPlan("db/url", { ...generated, grace: named }, LEASE)).not.toThrow()
  })

  it("wait for a published set as long as it takes to reach every reader, and not at all without one", () => {
    const publishing: GeneratedPlan = { ...generated, publish: current => current }
    expect(propagationOf(generated)).toBe(0)
    expect(propagationOf(minted)).toBe(0)
    expect(propagationOf(publishing)).toBe(11 * MINUTE + HOUR)
    expect(propagationOf({ ...publishing, propagation: "2h" })).toBe(2 * HOUR)
  })

  it("have the deadlines that are written, and the defaults for the others", () => {
    expect(deadlinesOf({ deadlines: { apply: "2s" } })).toEqual({
      make: 30_000,
      apply: 2_000,
      verify: 60_000,
      revoke: 30_000,
      list: 30_000,
    })
  })

  it("are written as durations that are exactly as long", () => {
    expect([1, 1_500, 90_000, 2 * HOUR, 36 * HOUR, 48 * HOUR].map(durationText)).toEqual([
      "1ms",
      "1500ms",
      "90s",
      "2h",
      "36h",
      "2d",
    ])
    fc.assert(fc.property(fc.integer({ min: 1 }), length => parseDuration(durationText(length)) === length))
  })
})

describe("the check of a candidate", () => {
  const canary = newCanary
  const refused = (candidate: unknown, current?: unknown) =>
    refusalOf(() => checkCandidate(candidate as never, current as never))

  it("accepts another value, text or bytes, with an id or without", () => {
    const current = { value: "the value in use" }
    expect(() => checkCandidate({ value: "another one", id: "app_b" }, current)).not.toThrow()
    expect(() => checkCandidate({ value: new Uint8Array(8) }, current)).not.toThrow()
    expect(() => checkCandidate({ value: "8 chars!" }, undefined)).not.toThrow()
  })

  it.each([
    [undefined, /made no credential/],
    [{}, /made no credential/],
    [{ value: 12_345_678 }, /made no credential/],
    [{ value: "" }, /is empty/],
    [{ value: new Uint8Array() }, /is empty/],
    [{ value: "7 chars" }, /shorter than 8 characters/],
    [{ value: "ßßßßßßß" }, /shorter than 8 characters/],
    [{ value: new Uint8Array(7) }, /shorter than 8 bytes/],
    [{ value: "long enough", id: "" }, /id of the new credential is no text/],
    [{ value: "long enough", id: 7 }, /id of the new credential is no text/],
  ])("refuses %j", (candidate, message) => {
    expect(refused(candidate)).toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringMatching(message),
    })
  })

  it("refuses the value in use, also when one of the two is bytes, and shows neither", () => {
    const { text, watch } = canary()
    const bytes = Buffer.from(text)
    for (const [candidate, current] of [
      [text, text],
      [text, bytes],
      [bytes, text],
      [bytes, new Uint8Array(bytes)],
    ]) {
      const error = watch(refused({ value: candidate }, { value: current, id: "app_a" }))
      expect(error).toMatchObject({
        code: "INVALID_VALUE",
        message: expect.stringMatching(/the one in use/),
      })
    }
  })

  it("shows nothing of a value that is too short", () => {
    const short = canary()
    short.watch(refused({ value: `${short.text}`.slice(0, 7) }))
    expect(refused({ value: "7 chars" }).message).not.toContain("7 chars")
  })
})
