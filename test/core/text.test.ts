import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sameValue, valueOfBytes, valueOfFile } from "../../src/core/index.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("the value of bytes", () => {
  it("is text where they are valid UTF-8, whole", () => {
    for (const text of ["", " ", "a\n", "ключ 🔑", "a\u0000b", "\uFEFFwith a mark", "\uFFFD"])
      expect(valueOfBytes(bytes(text))).toBe(text)
  })

  it("is the bytes where they are not", () => {
    const odd = [[0xff], [0xc3, 0x28], [0x61, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x94], [0xc0, 0x80]]
    for (const array of odd) {
      const value = Uint8Array.from(array)
      expect(valueOfBytes(value)).toEqual(value)
      expect(valueOfBytes(value)).toBeInstanceOf(Uint8Array)
    }
  })

  it("can be made bytes again, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array(), array => {
        const value = valueOfBytes(array)
        expect(Buffer.from(typeof value === "string" ? bytes(value) : value)).toEqual(Buffer.from(array))
      }),
    )
  })
})

describe("the value of a file", () => {
  const files: [content: string, value: string][] = [
    ["secret", "secret"],
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret\n\n", "secret\n"],
    ["secret\r\n\r\n", "secret\r\n"],
    ["secret\n\r\n", "secret\n"],
    ["secret\r", "secret\r"],
    ["secret\n ", "secret\n "],
    ["one\ntwo\n", "one\ntwo"],
    ["", ""],
    ["\n", ""],
    ["\r\n", ""],
    ["\n\n", "\n"],
  ]
  for (const [content, value] of files) {
    it(`${JSON.stringify(content)} is ${JSON.stringify(value)}`, () =>
      expect(valueOfFile(bytes(content))).toBe(value))
  }

  it("loses one trailing newline where it is no text, too", () => {
    expect(valueOfFile(Uint8Array.of(0xff, 0x0a))).toEqual(Uint8Array.of(0xff))
    expect(valueOfFile(Uint8Array.of(0xff, 0x0d, 0x0a))).toEqual(Uint8Array.of(0xff))
    expect(valueOfFile(Uint8Array.of(0xff))).toEqual(Uint8Array.of(0xff))
  })
})

describe("two values", () => {
  it("are the same byte by byte", () => {
    expect(sameValue("a", "a")).toBe(true)
    expect(sameValue("a", "b")).toBe(false)
    expect(sameValue("", "")).toBe(true)
    expect(sameValue("e\u0301", "\u00e9")).toBe(false)
    expect(sameValue(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(sameValue(Uint8Array.of(1, 2), Buffer.from([1, 2]))).toBe(true)
    expect(sameValue(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
    expect(sameValue(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
    expect(sameValue(Uint8Array.of(), Uint8Array.of())).toBe(true)
    expect(sameValue("a", Uint8Array.of(0x61))).toBe(false)
    expect(sameValue(Uint8Array.of(0x61), "a")).toBe(false)
  })
})
