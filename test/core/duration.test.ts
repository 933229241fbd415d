import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Duration, parseDuration, SecretError } from "../../src/core/index.ts"

const catching = (act: () => unknown): SecretError => {
  try {
    act()
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(SecretError)
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

describe("a duration", () => {
  const lengths: [Duration, number][] = [
    ["1ms", 1],
    ["250ms", 250],
    ["30s", 30_000],
    ["0.5s", 500],
    ["5m", 300_000],
    ["1.5h", 5_400_000],
    ["24h", 86_400_000],
    ["60d", 5_184_000_000],
    ["007s", 7_000],
    ["0.4999s", 500],
  ]
  for (const [duration, milliseconds] of lengths) {
    it(`of ${duration} has ${milliseconds} milliseconds`, () =>
      expect(parseDuration(duration)).toBe(milliseconds))
  }

  const wrong = [
    "5 m",
    "1e3s",
    "-5s",
    "+5s",
    "5",
    "s",
    "",
    "5S",
    "5min",
    "5s ",
    " 5s",
    "5s\n",
    ".5s",
    "5.s",
    "1,5s",
    "1_000s",
    "0x10s",
    "٥s",
    "Infinitys",
    "NaNs",
    "5m30s",
    "constructor",
  ]
  for (const text of wrong) {
    it(`is not written ${JSON.stringify(text)}, and the message says how`, () => {
      const error = catching(() => parseDuration(text as Duration, "ttl"))
      expect(error.code).toBe("MISCONFIGURED")
      expect(error.message).toContain("ttl is not a duration")
      expect(error.hint).toContain('"30s"')
    })
  }

  it("is a text, and nothing else", () => {
    for (const thing of [5_000, null, undefined, ["5s"], { toString: () => "5s" }, 5n])
      expect(catching(() => parseDuration(thing as unknown as Duration)).code).toBe("MISCONFIGURED")
  })

  it("is not zero, unless zero means something", () => {
    for (const zero of ["0s", "0ms", "0.0d", "0.0004s"] satisfies Duration[]) {
      expect(catching(() => parseDuration(zero, "ttl")).message).toContain("ttl is zero")
      expect(parseDuration(zero, "overlap", "allowed")).toBe(0)
    }
  })

  it("is not longer than can be counted", () => {
    for (const long of ["104249992d", `${"9".repeat(400)}ms`, "9007199254740992ms"] as Duration[])
      expect(catching(() => parseDuration(long)).message).toContain("longer than can be counted")
    expect(parseDuration("104249991d")).toBe(104_249_991 * 86_400_000)
    expect(parseDuration("9007199254740991ms")).toBe(Number.MAX_SAFE_INTEGER)
  })

  it("is never quoted in the message", () => {
    expect(catching(() => parseDuration("tly-token" as Duration)).message).not.toContain("tly-token")
  })

  it("is read as JavaScript reads its number, for every number of the form", () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.option(fc.nat(999)),
        fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
        (whole, part, unit) => {
          const number = part === null ? `${whole}` : `${whole}.${part}`
          expect(parseDuration(`${number}${unit}` as Duration, "it", "allowed")).toBe(
            Math.round(Number(number) * units[unit]),
          )
        },
      ),
    )
  })

  it("is nothing that has any other form", () => {
    fc.assert(
      fc.property(fc.string(), text => {
        fc.pre(!/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text))
        expect(catching(() => parseDuration(text as Duration)).code).toBe("MISCONFIGURED")
      }),
    )
  })
})
