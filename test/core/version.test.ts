import { describe, expect, it } from "vitest"
import { versionMaker } from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

describe("a made version", () => {
  it("stays while the value does, and moves when it does", () => {
    const version = versionMaker()
    const values = [
      "",
      " ",
      "a",
      "b",
      "a\n",
      Uint8Array.of(0xff),
      Uint8Array.of(0xff, 0),
      "m".repeat(2 ** 20),
    ]
    const versions = values.map(value => {
      const made = version("a-name", value)
      expect(version("a-name", typeof value === "string" ? value : value.slice())).toBe(made)
      return made
    })
    expect(new Set(versions).size).toBe(values.length)
  })

  it("is of its own for each name, whatever their values", () => {
    const version = versionMaker()
    const one = version("one", "same")
    expect(version("two", "same")).not.toBe(one)
    expect(version("one", "same")).toBe(one)
  })

  it("stays when somebody writes to the bytes that it was made of", () => {
    const version = versionMaker()
    const bytes = Uint8Array.of(0xff, 1)
    const made = version("a-name", bytes)
    bytes.fill(0)
    expect(version("a-name", Uint8Array.of(0xff, 1))).toBe(made)
  })

  it("is a new one for a secret that was gone", () => {
    const version = versionMaker()
    const made = version("a-name", "x")
    version.forget("a-name")
    expect(version("a-name", "x")).not.toBe(made)
  })

  it("tells nothing of the value, not even to somebody who makes versions of guesses", () => {
    const canary = newCanary()
    const version = versionMaker()("a-name", canary.text)
    expectNoLeak(canary, version)
    expect(versionMaker()("a-name", canary.text)).not.toBe(version)
    expect(version).toHaveLength(versionMaker()("a-name", "").length)
  })
})
