import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isPortableName, PORTABLE_RULE, parseReference, type SecretError } from "../../src/core/index.ts"
import { invalidName, isReservedName, isUnder, refuseEscapes } from "../../src/core/names.ts"

const codeOf = (act: () => unknown): string => {
  try {
    act()
    return "accepted"
  } catch (thrown) {
    return (thrown as SecretError).code
  }
}

const portableName = fc
  .array(fc.stringMatching(/^[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}$/), { minLength: 1, maxLength: 4 })
  .map(segments => segments.join("/"))

describe("a portable name", () => {
  it("is segments of letters, digits and single inner hyphens", () => {
    for (const name of ["a", "tally/api-token", "a1/b-2c/d", "x-1", "a0-b1-c2", "a/b/c/d/e"])
      expect(isPortableName(name), name).toBe(true)
  })

  it("is nothing else", () => {
    const others = [
      "",
      "A",
      "a--b",
      "-a",
      "a-",
      "1a",
      "a/1b",
      "a/",
      "/a",
      "a//b",
      "a_b",
      "a.b",
      "a b",
      "ä",
      "a\n",
    ]
    for (const name of [...others, "a/-b", "a-/b", "a\u0000", "a".repeat(513)])
      expect(isPortableName(name), JSON.stringify(name)).toBe(false)
  })

  it("is accepted by the check for escapes, whichever it is", () => {
    fc.assert(
      fc.property(portableName, name => {
        expect(isPortableName(name)).toBe(true)
        expect(codeOf(() => refuseEscapes(name))).toBe("accepted")
      }),
    )
  })

  it("is recognised in no time, however long what looks like one is", () => {
    // Time of the processor: what else the machine does is not counted.
    const began = process.cpuUsage()
    expect(isPortableName(`${"a-".repeat(250)}!`)).toBe(false)
    expect(isPortableName(`${"a".repeat(511)}!`)).toBe(false)
    expect(process.cpuUsage(began).user).toBeLessThan(1_000_000)
  })

  it("has a rule that says what it is by an example", () => {
    expect(isPortableName(PORTABLE_RULE.split(" ").at(-1) ?? "")).toBe(true)
  })
})

describe("names that could lead elsewhere", () => {
  const escapes: Record<string, unknown> = {
    "an empty name": "",
    "a dot": ".",
    "two dots": "..",
    "two dots among segments": "a/../b",
    "two dots at the end": "a/..",
    "a dot among segments": "a/./b",
    "an empty segment": "a//b",
    "a slash in front": "/a",
    "a slash at the end": "a/",
    "a NUL": "a\u0000b",
    "a newline": "a\nb",
    "a C1 control character": "a\u0085b",
    "a line separator": "a\u2028b",
    "percent-encoded dots": "%2e%2e",
    "a percent-encoded slash": "a%2Fb",
    "a backslash": "a\\..\\b",
    "a blank in front": " a",
    "a blank at the end": "a ",
    "a no-break space at the end": "a\u00a0",
    "513 characters": "a".repeat(513),
    "no text at all": undefined,
    "a number": 7,
    "an object that becomes a text": { toString: () => "a" },
  }
  for (const [what, name] of Object.entries(escapes)) {
    it(`are refused: ${what}`, () => {
      const error = ((): SecretError => {
        try {
          refuseEscapes(name)
        } catch (thrown) {
          return thrown as SecretError
        }
        throw new Error("it was accepted")
      })()
      expect(error.code).toBe("INVALID_NAME")
      expect(error.hint).toMatch(/^a name /)
    })
  }

  it("do not make it through under any spelling of a segment with two dots", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("..", ".", "", "a"), { minLength: 1, maxLength: 5 }), segments => {
        fc.pre(segments.some(segment => segment !== "a"))
        expect(codeOf(() => refuseEscapes(segments.join("/")))).toBe("INVALID_NAME")
      }),
    )
  })

  it("are not confused with odd names that lead nowhere", () => {
    for (const name of [
      "...",
      "a..b",
      "..a",
      "TALLY_API_KEY",
      "MyApp/Prod",
      "a b",
      "a:b",
      "ключ",
      "a".repeat(512),
    ])
      expect(
        codeOf(() => refuseEscapes(name)),
        name,
      ).toBe("accepted")
  })
})

describe("the reserved segment", () => {
  it("is a first segment", () => {
    expect(["latchkey", "latchkey/a", "latchkey/a/b"].map(isReservedName)).toEqual([true, true, true])
    expect(["latchkeys", "latchkey-a", "a/latchkey", "Latchkey/a"].map(isReservedName)).toEqual(
      Array(4).fill(false),
    )
  })
})

describe("standing under a name", () => {
  it("means being it, or beginning with it and a slash", () => {
    expect(isUnder("tally", "tally")).toBe(true)
    expect(isUnder("tally/a", "tally")).toBe(true)
    expect(isUnder("tally-two/a", "tally")).toBe(false)
    expect(isUnder("tal", "tally")).toBe(false)
    expect(isUnder("anything", undefined)).toBe(true)
  })
})

describe("a reference", () => {
  it("is a name, or a name and a field", () => {
    expect(parseReference("db")).toEqual({ name: "db", field: undefined })
    expect(parseReference("db#password")).toEqual({ name: "db", field: "password" })
    expect(parseReference("db#/hosts/0")).toEqual({ name: "db", field: "/hosts/0" })
    expect(parseReference("db#a#b")).toEqual({ name: "db", field: "a#b" })
    expect(parseReference("#a")).toEqual({ name: "", field: "a" })
  })

  it("has something behind the #, and is a text", () => {
    expect(codeOf(() => parseReference("db#"))).toBe("INVALID_NAME")
    expect(codeOf(() => parseReference(undefined as unknown as string))).toBe("INVALID_NAME")
    expect(codeOf(() => parseReference(7 as unknown as string))).toBe("INVALID_NAME")
  })
})

describe("the refusal of a name", () => {
  it("says which name, by which rule, and where", () => {
    expect(invalidName("a b", "no blanks", "env:").message).toBe(
      "INVALID_NAME: a b: is not a name here (env:); no blanks",
    )
  })
})
