import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { doubleHyphenNames, isPortableName, nameMap, pathNames } from "../../src/core/index.ts"

const portable = fc
  .stringMatching(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\/[a-z][a-z0-9]*(?:-[a-z0-9]+)*){0,3}$/)
  .filter(isPortableName)

const native = fc.stringMatching(/^[a-z0-9-]{1,20}$/)

const rules = {
  paths: pathNames({ rule: "a path", holds: () => true }),
  "double hyphens": doubleHyphenNames({
    rule: "letters, digits and hyphens",
    holds: name => !name.includes("/"),
  }),
}

describe.for(Object.entries(rules))("names written with %s", ([, rule]) => {
  it("lead back to the portable name", () => {
    fc.assert(fc.property(portable, name => rule.toPortable(rule.toNative(name)) === name))
  })

  it("are the image of the portable name to which they lead", () => {
    fc.assert(
      fc.property(native, name => {
        const back = rule.toPortable(name)
        return back === undefined || rule.toNative(back) === name
      }),
    )
  })

  it("satisfy what every store asks of its names, with a prefix too", () => {
    expect(nameMap(rule, { prefix: "prod/billing" }, "test:").canonical("tally/api-token")).toBe(
      "tally/api-token",
    )
  })
})

describe("names written with double hyphens", () => {
  const rule = rules["double hyphens"]

  it.for(["a---b", "-a", "a-", "a--1b", "A--b", "a--", "a_b"])("have no portable name for %s", name => {
    expect(rule.toPortable(name)).toBeUndefined()
  })

  it("read as people would write them", () => {
    expect([rule.toNative("tally/api-token"), rule.toPortable("tally--api-token")]).toEqual([
      "tally--api-token",
      "tally/api-token",
    ])
  })
})
