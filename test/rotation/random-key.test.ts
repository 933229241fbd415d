import { describe, expect, it, vi } from "vitest"
import { type KeyForm, randomKeys } from "../../src/rotation/random-key.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const keys = (form: KeyForm) => randomKeys("someKey()", form)
const refusal = (form: object): Error => {
  try {
    keys(form as KeyForm)
  } catch (thrown) {
    return thrown as Error
  }
  throw new Error("it was not refused")
}

describe("a random key", () => {
  it("has 32 random bytes as base64url, unless asked otherwise", () => {
    expect(keys({}).make()).toMatch(/^[\w-]{43}$/)
  })

  it.each([
    [{ bytes: 16, encoding: "hex" }, /^[0-9a-f]{32}$/],
    [{ bytes: 24, encoding: "base64", prefix: "whsec_" }, /^whsec_[A-Za-z0-9+/]{32}$/],
    [{ bytes: 17, encoding: "base64" }, /^[A-Za-z0-9+/]{23}=$/],
    [{ alphabet: "01", length: 128 }, /^[01]{128}$/],
    [{ alphabet: "0123456789abcdef", length: 32, prefix: "k-" }, /^k-[0-9a-f]{32}$/],
    [{ alphabet: "abcdefghijklmnopqrstuvwxyz" }, /^[a-z]{55}$/],
    [{ alphabet: "aA~" }, /^[aA~]{162}$/],
  ] satisfies [KeyForm, RegExp][])("of the form %j looks like it and is known by it", (form, pattern) => {
    const made = keys(form).make()
    expect(made).toMatch(pattern)
    expect(keys(form).hasForm(made)).toBe(true)
  })

  it("may be bytes, which are the same key when a store gives them back as text", () => {
    const made = keys({ bytes: 20, encoding: "bytes" }).make()
    expect(made).toBeInstanceOf(Uint8Array)
    expect(made).toHaveLength(20)
    expect(keys({ bytes: 20, encoding: "bytes" }).hasForm(made)).toBe(true)
    expect(keys({ bytes: 20, encoding: "bytes" }).hasForm("é".repeat(10))).toBe(true)
    expect(keys({ bytes: 20, encoding: "bytes" }).hasForm("e".repeat(21))).toBe(false)
  })

  it("is another one each time", () => {
    const { make } = keys({})
    expect(new Set(Array.from({ length: 100 }, make)).size).toBe(100)
  })

  it("has another form when anything of it was changed on the way", () => {
    const whole = keys({ prefix: "k-" })
    const made = String(whole.make())
    const bits = keys({ alphabet: "01", length: 128 })
    const changed = [
      made.slice(1),
      made.slice(0, -1),
      `${made}A`,
      `${made}\n`,
      `k-${made.slice(3)}=`,
      "k-",
      "",
    ]
    expect(changed.filter(whole.hasForm)).toEqual([])
    expect([`${"0".repeat(127)}2`, "0".repeat(127), "0".repeat(129)].filter(bits.hasForm)).toEqual([])
    expect(whole.hasForm(Buffer.from(made))).toBe(false)
  })

  it("takes each character of an alphabet equally often, also where 256 is no multiple of its length", () => {
    // With a plain remainder the first 56 of 100 characters would come 1.5 times as often as the others.
    const alphabet = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index)).join("")
    const { make } = keys({ alphabet, length: 1_000 })
    const counts = new Map<string, number>()
    for (let round = 0; round < 400; round++)
      for (const character of String(make())) counts.set(character, (counts.get(character) ?? 0) + 1)
    const expected = 400_000 / 94
    const deviation = Array.from(alphabet, character => (counts.get(character) ?? 0) - expected)
    const chiSquare = deviation.reduce((sum, each) => sum + each ** 2 / expected, 0)
    // With 93 degrees of freedom, 170 comes once in 10^6 runs by chance; with a plain remainder it is over 10,000.
    expect(chiSquare).toBeLessThan(170)
  })

  it("throws away a byte that would favour some characters, and draws again", () => {
    const drawn = [Uint8Array.from({ length: 81 }, () => 255), Uint8Array.from({ length: 81 }, () => 254)]
    const spy = vi.spyOn(crypto, "getRandomValues").mockImplementation(into => {
      const next = drawn.shift()
      if (next === undefined) throw new Error("more was drawn than was needed")
      ;(into as unknown as Uint8Array).set(next)
      return into
    })
    try {
      // 255 is the largest multiple of 3 below 256, so that 255 itself is unfair and 254 is not.
      expect(keys({ alphabet: "abc", length: 81 }).make()).toBe("c".repeat(81))
      expect(drawn).toEqual([])
    } finally {
      spy.mockRestore()
    }
  })
})

describe("the form of a random key", () => {
  it.each([
    [{ bytes: 15 }, /bytes of someKey\(\) is no whole number from 16 to 1024; write at least 16/],
    [{ bytes: 16.5 }, /bytes of someKey/],
    [{ bytes: "32" }, /bytes of someKey/],
    [{ bytes: 1_025 }, /bytes of someKey/],
    [{ bytes: Number.NaN }, /bytes of someKey/],
    [
      { encoding: "rot13" },
      /encoding of someKey\(\) does not exist; write one of base64url, base64, hex, bytes/,
    ],
    [{ alphabet: "01", length: 127 }, /length of someKey\(\) is no whole number from 128 to 1024/],
    [{ alphabet: "0123456789", length: 38 }, /from 39 to 1024/],
    [{ length: 64 }, /alphabet of someKey/],
    [{ alphabet: "a" }, /at least two/],
    [{ alphabet: "ab c" }, /without spaces/],
    [{ alphabet: "abß" }, /printable ASCII/],
    [{ alphabet: "abca" }, /has a character twice/],
    [{ alphabet: "ab", bytes: 32 }, /both random bytes and an alphabet/],
    [{ length: 40, encoding: "hex" }, /both random bytes and an alphabet/],
    [{ prefix: "a b" }, /prefix of someKey/],
    [{ prefix: 7 }, /prefix of someKey/],
    [{ prefix: "x", encoding: "bytes" }, /a prefix for bytes/],
  ])("%j is refused", (form, message) => {
    expect(refusal(form)).toMatchObject({ code: "MISCONFIGURED", message: expect.stringMatching(message) })
  })

  it("is refused without a word of what was given, which may be a key in the wrong place", () => {
    const canary = newCanary()
    for (const form of [
      { prefix: `${canary.text} ` },
      { alphabet: `${canary.text} ` },
      { alphabet: `${canary.text}${canary.text}` },
      { encoding: canary.text },
      { bytes: canary.text },
    ])
      expectNoLeak(canary, refusal(form))
  })
})
