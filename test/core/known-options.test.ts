import { describe, expect, it } from "vitest"
import { refuseUnknownOptions, type SecretError } from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const failure = (options: unknown): SecretError => {
  try {
    refuseUnknownOptions("memory()", options, ["clock", "prefix"])
  } catch (thrown) {
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

describe("options", () => {
  it("that exist are accepted, all, some or none of them", () => {
    for (const options of [{}, { clock: 1 }, { clock: 1, prefix: undefined }])
      expect(() => refuseUnknownOptions("memory()", options, ["clock", "prefix"])).not.toThrow()
  })

  it("that do not exist are refused with the names of those that do, and are not quoted", () => {
    const canary = newCanary()
    const error = failure({ clock: 1, [canary.text]: canary.text })
    expect(error.code).toBe("MISCONFIGURED")
    expect(error.message).toContain("memory() was given an option that does not exist")
    expect(error.hint).toContain("clock, prefix")
    expectNoLeak(canary, error)
  })

  it("that do not exist are named if they are a plain word", () => {
    const canary = newCanary()
    const error = failure({ [canary.text]: 1, clokc: canary.text })
    expect(error.message).toContain('memory() was given an option "clokc" that does not exist')
    expectNoLeak(canary, error)
  })

  it("that are longer than words are not named, whatever they are made of", () => {
    const [longest, longer] = ["a".repeat(24), "a".repeat(25)]
    expect(failure({ [longest]: 1 }).message).toContain(longest)
    expect(failure({ [longer]: 1 }).message).not.toContain("aa")
  })

  it("are an object", () => {
    for (const options of [null, undefined, "clock", 7, ["clock"], () => 1])
      expect(failure(options).message).toContain("the options of memory() are not an object")
  })
})
