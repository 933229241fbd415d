import { describe, expect, it } from "vitest"
import type { SecretError } from "../../src/core/index.ts"
import { checkPlan, graceOf } from "../../src/rotation/check-plan.ts"
import { configuredRotation, rotationFromData } from "../../src/rotation/data.ts"
import type { GeneratedPlan, RotationPlan } from "../../src/rotation/plan.ts"
import { generatedKey } from "../../src/rotation/plans/generated-key.ts"
import { newCanary } from "../support/canary.ts"
import { makeContext } from "./plans/contexts.ts"

const HOUR = 3_600_000

function refusal(data: unknown): SecretError {
  try {
    rotationFromData(data)
  } catch (thrown) {
    return thrown as SecretError
  }
  throw new Error("it was not refused")
}

const problemsOf = (data: unknown): string[] => (refusal(data).problems ?? []).map(({ message }) => message)

describe("a rotation that is configured as data", () => {
  it("says how often, for how long what is issued lives, and what the credential may do", () => {
    const text =
      '{ "rotation": { "enabled": true, "interval": "24h" }, "expiration": "8h", "scopes": ["forms:read"] }'
    expect(rotationFromData(JSON.parse(text))).toEqual({
      enabled: true,
      schedule: { interval: "24h" },
      expiration: "8h",
      scopes: ["forms:read"],
    })
  })

  it("has no scopes and no expiration unless it says so", () => {
    expect(rotationFromData({ rotation: { enabled: true, interval: "1d" } })).toEqual({
      enabled: true,
      schedule: { interval: "1d" },
      scopes: [],
    })
  })

  it("may follow a cron expression, in a time zone", () => {
    expect(rotationFromData({ rotation: { enabled: true, cron: "0 3 * * *" } })).toMatchObject({
      schedule: { cron: "0 3 * * *" },
    })
    const paris = { cron: "30 0 3 * * MON", timezone: "Europe/Paris" }
    expect(rotationFromData({ rotation: { enabled: true, ...paris } })).toMatchObject({ schedule: paris })
  })

  it("may be switched off, with its schedule or without", () => {
    expect(rotationFromData({ rotation: { enabled: false } })).toEqual({ enabled: false, scopes: [] })
    expect(rotationFromData({ rotation: { enabled: false, interval: "24h" } })).toMatchObject({
      enabled: false,
      schedule: { interval: "24h" },
    })
  })

  it.each<[unknown, RegExp]>([
    [undefined, /the options of the configuration are not an object/],
    ["24h", /the options of the configuration are not an object/],
    [{}, /there is no rotation in the configuration/],
    [{ rotation: null }, /the options of rotation are not an object/],
    [{ rotation: { enabled: true, interval: "24h", jitter: "5%" } }, /rotation was given an option "jitter"/],
    [{ rotation: { enabled: true, interval: "24h" }, scope: [] }, /an option "scope" that does not exist/],
    [{ rotation: { interval: "24h" } }, /rotation.enabled is neither true nor false/],
    [{ rotation: { enabled: "true", interval: "24h" } }, /rotation.enabled is neither true nor false/],
    [{ rotation: { enabled: true } }, /neither interval nor cron/],
    [{ rotation: { enabled: true, interval: "24h", cron: "0 3 * * *" } }, /both interval and cron/],
    [{ rotation: { enabled: true, interval: 24 } }, /rotation.interval is not a duration/],
    [{ rotation: { enabled: true, interval: "0s" } }, /rotation.interval is zero/],
    [{ rotation: { enabled: true, interval: "24h", timezone: "UTC" } }, /a timezone and no cron/],
    [{ rotation: { enabled: true, cron: "every day" } }, /the cron expression .* cannot be read/],
    [{ rotation: { enabled: true, cron: 3 } }, /neither an interval nor a cron expression/],
    [{ rotation: { enabled: true, cron: "0 0 31 2 *" } }, /the cron expression never fires/],
    [{ rotation: { enabled: true, cron: "0 3 * * *", timezone: "Paris" } }, /the time zone/],
    [{ rotation: { enabled: true, interval: "24h" }, expiration: "8 hours" }, /expiration is not a duration/],
    [{ rotation: { enabled: true, interval: "24h" }, expiration: null }, /expiration is not a duration/],
    [{ rotation: { enabled: true, interval: "24h" }, scopes: "forms:read" }, /scopes is no list/],
    [{ rotation: { enabled: true, interval: "24h" }, scopes: ["a", "b c"] }, /scopes\[1\] is no scope/],
    [{ rotation: { enabled: true, interval: "24h" }, scopes: [""] }, /scopes\[0\] is no scope/],
    [{ rotation: { enabled: true, interval: "24h" }, scopes: [7] }, /scopes\[0\] is no scope/],
    [{ rotation: { enabled: true, interval: "24h" }, scopes: ["a", "a"] }, /scopes\[1\] stands .* twice/],
  ])("is refused with one clear problem: %j", (data, problem) => {
    expect(refusal(data)).toMatchObject({ code: "MISCONFIGURED" })
    expect(problemsOf(data)).toEqual([expect.stringMatching(problem)])
  })

  it("is refused with everything that is wrong with it at once", () => {
    const data = {
      rotation: { enabled: "yes", interval: "soon", cron: "soon", timezone: "Nowhere", evry: "24h" },
      expiration: "never",
      scopes: ["forms:read", "", "forms:read"],
      scoeps: [],
    }
    expect(problemsOf(data)).toEqual([
      expect.stringMatching(/"scoeps"/),
      expect.stringMatching(/"evry"/),
      expect.stringMatching(/rotation.enabled/),
      expect.stringMatching(/both interval and cron/),
      expect.stringMatching(/rotation.interval/),
      expect.stringMatching(/cron expression/),
      expect.stringMatching(/time zone/),
      expect.stringMatching(/scopes\[1\]/),
      expect.stringMatching(/scopes\[2\]/),
      expect.stringMatching(/expiration/),
    ])
    for (const problem of problemsOf(data)) expect(refusal(data).message).toContain(problem)
  })

  it("shows nothing of what it was given", () => {
    const canary = newCanary()
    const { text } = canary
    canary.watch(
      refusal(text),
      refusal({
        [text]: text,
        rotation: { enabled: text, interval: text, cron: text, timezone: text, [text]: text },
        expiration: text,
        scopes: [`${text} `, text, text],
      }),
    )
  })
})

describe("a plan as its configuration wants it", () => {
  const consumers = { ttl: "10m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "2h" } as const
  const rotation = { enabled: true, interval: "24h" }

  it("keeps the old key for as long as the tokens live that were issued under it", () => {
    const plan = generatedKey({ consumers })
    const configured = configuredRotation(plan, { rotation, expiration: "8h", scopes: ["forms:read"] })
    expect(graceOf(configured.plan) - graceOf(plan)).toBe(6 * HOUR)
    expect(configured).toMatchObject({
      enabled: true,
      schedule: { interval: "24h" },
      scopes: ["forms:read"],
      plan: { consumers: { ...consumers, tokenLifetime: "8h" } },
    })
    expect(Object.keys(configured).sort()).toEqual(["enabled", "plan", "schedule", "scopes"])
    expect(plan.consumers.tokenLifetime).toBe("2h")
  })

  it("does not shorten what the plan knows better", () => {
    const plan = generatedKey({ consumers })
    expect(configuredRotation(plan, { rotation, expiration: "1h" }).plan).toBe(plan)
    expect(configuredRotation(plan, { rotation, expiration: "120m" }).plan).toBe(plan)
    expect(configuredRotation(plan, { rotation }).plan).toBe(plan)
  })

  it("is refused when its own grace is shorter than the tokens live now", () => {
    const plan = generatedKey({ consumers, grace: "4h" })
    checkPlan("auth/key", plan, { lease: 300_000 })
    const configured = configuredRotation(plan, { rotation, expiration: "8h" })
    expect(() => checkPlan("auth/key", configured.plan, { lease: 300_000 })).toThrow(/grace is shorter than/)
  })

  it("may be frozen, or the object of a class", async () => {
    class Plan {
      readonly kind = "generated"
      readonly consumers = consumers
      readonly overlap = true
      readonly #value = "a private value"
      async create() {
        return { value: this.#value }
      }
      async verify() {
        return "works" as const
      }
    }
    for (const plan of [new Plan(), Object.freeze(new Plan())]) {
      const { plan: configured } = configuredRotation(plan, { rotation, expiration: "8h" })
      checkPlan("auth/key", configured, { lease: 300_000 })
      expect(await (configured as GeneratedPlan).create(makeContext())).toEqual({ value: "a private value" })
    }
  })

  it("keeps what it has too much, so that whoever checks it sees it", () => {
    const odd = { ...generatedKey({ consumers }), vrify: true } as RotationPlan
    const { plan } = configuredRotation(odd, { rotation, expiration: "8h" })
    expect(() => checkPlan("auth/key", plan, { lease: 300_000 })).toThrow(/"vrify" that does not exist/)
  })
})
