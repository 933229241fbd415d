import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { SecretError, systemClock } from "../../src/core/index.ts"
import { type GetOptions, Secrets, type SecretsOptions } from "../../src/secrets/index.ts"
import { settingsOf } from "../../src/secrets/options.ts"
import { newCanary } from "../support/canary.ts"
import { rig } from "../support/rig.ts"

function refusal(options: unknown): SecretError {
  try {
    new Secrets(memory(), options as SecretsOptions)
  } catch (thrown) {
    if (thrown instanceof SecretError) return thrown
    throw thrown
  }
  throw new Error("nothing was thrown")
}

describe("options that are left out", () => {
  it("have the defaults that the documentation names", () => {
    expect(settingsOf({})).toEqual({
      policy: {
        ttl: 300_000,
        maxStale: 3_600_000,
        callTimeout: 5_000,
        startupDeadline: 15_000,
        overlap: 600_000,
        onDenied: "withdraw",
      },
      jitter: 0.1,
      callbackTimeout: 30_000,
      callbackAttempts: 5,
      refresh: "background",
      clock: systemClock,
      random: Math.random,
    })
  })

  it("have them also when they are given as undefined, by those who do not use types", () => {
    expect(settingsOf({ ttl: undefined, jitter: undefined } as unknown as SecretsOptions)).toEqual(
      settingsOf({}),
    )
  })
})

describe("durations", () => {
  const options = ["ttl", "maxStale", "callTimeout", "startupDeadline", "overlap", "callbackTimeout"] as const

  it("have the units ms, s, m, h and d, with decimals", () => {
    const { policy } = settingsOf({
      ttl: "250ms",
      maxStale: "1.5h",
      callTimeout: "2s",
      startupDeadline: "3m",
      overlap: "60d",
    })
    expect(policy).toMatchObject({
      ttl: 250,
      maxStale: 5_400_000,
      callTimeout: 2_000,
      startupDeadline: 180_000,
      overlap: 5_184_000_000,
    })
  })

  for (const option of options) {
    for (const wrong of [
      "5 m",
      "1e3s",
      "-5m",
      "5",
      "m",
      "",
      "5M",
      "5m ",
      "١m",
      "0x5s",
      "Infinityms",
      300,
      -1,
      null,
      {},
      ["5m"],
      true,
    ]) {
      it(`are refused in another form: ${option} ${JSON.stringify(wrong)}`, () => {
        const error = refusal({ [option]: wrong === null ? Symbol.iterator : wrong })
        expect(error).toMatchObject({ code: "MISCONFIGURED" })
        expect(error.message).toContain(option)
        expect(error.hint).toContain('"5m"')
      })
    }
    it(`may be 60 days: ${option}`, () => {
      expect(() => settingsOf({ [option]: "60d" })).not.toThrow()
    })
    it(`that cannot be counted are refused: ${option}`, () => {
      expect(refusal({ [option]: "99999999999999999d" })).toMatchObject({ code: "MISCONFIGURED" })
    })
  }

  it("may be zero for maxStale and overlap, and for nothing else", () => {
    expect(settingsOf({ maxStale: "0s", overlap: "0m" }).policy).toMatchObject({ maxStale: 0, overlap: 0 })
    for (const option of ["ttl", "callTimeout", "startupDeadline", "callbackTimeout"]) {
      const error = refusal({ [option]: "0s" })
      expect(error.code).toBe("MISCONFIGURED")
      expect(error.message).toContain(`${option} is zero`)
      expect(refusal({ [option]: "0.0001ms" }).code).toBe("MISCONFIGURED")
    }
  })
})

describe("jitter", () => {
  for (const [jitter, part] of [
    ["0%", 0],
    ["10%", 0.1],
    ["12.5%", 0.125],
    ["50%", 0.5],
  ] as const) {
    it(`is a percentage: ${jitter}`, () => expect(settingsOf({ jitter }).jitter).toBe(part))
  }
  for (const wrong of ["10", "10 %", "-1%", "51%", "100%", "1e1%", "%", "", 0.1, 10, null, "NaN%"]) {
    it(`is refused in another form: ${JSON.stringify(wrong)}`, () => {
      const error = refusal({ jitter: wrong === null ? {} : wrong })
      expect(error).toMatchObject({ code: "MISCONFIGURED" })
      expect(error.message).toContain("jitter")
    })
  }
})

describe("the other options", () => {
  it("are refused where they are none of their kind", () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, "5", Number.POSITIVE_INFINITY]) {
      expect(refusal({ callbackAttempts: wrong }).message).toContain("callbackAttempts")
    }
    expect(refusal({ refresh: "never" }).message).toContain("refresh is not one of background, on-read")
    expect(refusal({ onDenied: "ignore" }).message).toContain("onDenied is not one of withdraw, maxStale")
    expect(settingsOf({ callbackAttempts: 1 }).callbackAttempts).toBe(1)
  })

  it("that do not exist are refused, and those that do are named", () => {
    const canary = newCanary()
    for (const slip of ["tll", "maxstale", "TTL", "timeout", canary.text]) {
      const error = canary.watch(refusal({ [slip]: "5m" }))
      expect(error.code).toBe("MISCONFIGURED")
      expect(error.hint).toContain("ttl, maxStale, callTimeout, startupDeadline, overlap, onDenied, jitter")
    }
  })

  it("are an object", () => {
    for (const wrong of [null, "5m", 7, ["5m"]]) expect(refusal(wrong).code).toBe("MISCONFIGURED")
  })
})

describe("the options of one call", () => {
  const calls = {
    get: (secrets: Secrets, options: GetOptions) => secrets.get("db", options),
    getBytes: (secrets: Secrets, options: GetOptions) => secrets.getBytes("db", options),
    getJson: (secrets: Secrets, options: GetOptions) => secrets.getJson("db", options),
    getOptional: (secrets: Secrets, options: GetOptions) => secrets.getOptional("db", options),
    getMany: (secrets: Secrets, options: GetOptions) => secrets.getMany({ db: "db" }, options),
    getManySettled: (secrets: Secrets, options: GetOptions) => secrets.getManySettled({ db: "db" }, options),
  }
  for (const [name, call] of Object.entries(calls)) {
    it(`are refused when they do not exist or have another form, before anything is read: ${name}`, async () => {
      const asked: string[] = []
      const { secrets, failure } = rig((clock, { text }) => {
        const store = memory({ db: text }, { clock })
        const read: typeof store.read = (...rest) => {
          asked.push(rest[0])
          return store.read(...rest)
        }
        return { ...store, read }
      })
      for (const wrong of [{ tll: "5m" }, { jitter: "10%" }]) {
        expect(await failure(call(secrets, wrong as GetOptions))).toMatchObject({ code: "MISCONFIGURED" })
      }
      for (const wrong of [{ ttl: "5 m" }, { callTimeout: "0s" }, { onDenied: "ignore" }]) {
        const options = wrong as unknown as GetOptions
        const answer = call(secrets, options) as Promise<unknown>
        const error =
          name === "getManySettled" ? ((await answer) as { db: SecretError }).db : await failure(answer)
        expect(error).toMatchObject({ code: "MISCONFIGURED" })
      }
      expect(asked).toEqual([])
    })
  }

  it("of one request among many are refused for that request alone", async () => {
    const { secrets, canary } = rig((clock, { text }) => memory({ a: text, b: text }, { clock }))
    const settled = await secrets.getManySettled({ a: { name: "a", ttl: "5 m" as "5m" }, b: "b" })
    expect(settled.a).toMatchObject({ code: "MISCONFIGURED" })
    expect("reveal" in settled.b && settled.b.reveal()).toBe(canary.text)
  })
})
