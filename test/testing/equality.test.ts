import { beforeAll, describe, expect, it } from "vitest"
import { PinnedValue, Secret, SecretError } from "../../src/core/index.ts"
import { secretsEqual } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"

const refusing = (name: string, version: string, code: "STALE" | "NOT_FOUND"): PinnedValue<string> =>
  new PinnedValue(name, version, () => {
    throw new SecretError(code)
  })

describe("without the equality tester", () => {
  it("any two secrets are equal, which is why there is one", () => {
    expect(Secret.fixed("a", "one")).toEqual(Secret.fixed("b", "two"))
    expect(new PinnedValue("a", "v1", () => "one")).toEqual(new PinnedValue("b", "v2", () => "two"))
  })
})

describe("with the equality tester", () => {
  beforeAll(() => expect.addEqualityTesters([secretsEqual]))

  it("secrets of one name and one value are equal", () => {
    expect(Secret.fixed("a", "one")).toEqual(Secret.fixed("a", "one"))
    expect(Secret.fixed("a", Uint8Array.of(1, 2))).toEqual(Secret.fixed("a", Uint8Array.of(1, 2)))
    expect(Secret.fixed("a", { user: "x" })).toEqual(Secret.fixed("a", { user: "x" }))
  })

  it("secrets of another name or another value are not", () => {
    expect(Secret.fixed("a", "one")).not.toEqual(Secret.fixed("a", "two"))
    expect(Secret.fixed("a", "one")).not.toEqual(Secret.fixed("b", "one"))
    expect(Secret.fixed("a", Uint8Array.of(1, 2))).not.toEqual(Secret.fixed("a", Uint8Array.of(1, 3)))
    expect(Secret.fixed("a", { user: "x" })).not.toEqual(Secret.fixed("a", { user: "y" }))
  })

  it("pinned ones are equal by name, version and value", () => {
    const pinned = (name: string, version: string, value: string): PinnedValue<string> =>
      new PinnedValue(name, version, () => value)
    expect(pinned("a", "v1", "one")).toEqual(pinned("a", "v1", "one"))
    expect(pinned("a", "v1", "one")).not.toEqual(pinned("b", "v1", "one"))
    expect(pinned("a", "v1", "one")).not.toEqual(pinned("a", "v2", "one"))
    expect(pinned("a", "v1", "one")).not.toEqual(pinned("a", "v1", "two"))
  })

  it("secrets are compared wherever they stand, one within another, too", () => {
    const config = (token: string): object => ({ list: [{ token: Secret.fixed("a", token) }] })
    expect(config("one")).toEqual(config("one"))
    expect(config("one")).not.toEqual(config("two"))
    expect(new Map([["x", Secret.fixed("a", "one")]])).not.toEqual(new Map([["x", Secret.fixed("a", "two")]]))
    expect(Secret.fixed("a", Secret.fixed("b", "one"))).not.toEqual(
      Secret.fixed("a", Secret.fixed("b", "two")),
    )
  })

  it("a secret is equal to nothing else", () => {
    const secret = Secret.fixed("a", "one")
    for (const other of ["one", "Secret‹a›", {}, null, undefined, { reveal: () => "one" }])
      expect(secret).not.toEqual(other)
    expect(new PinnedValue("a", "fixed", () => "one")).not.toEqual(secret)
  })

  it("those that cannot be revealed are equal if they say the same error", () => {
    expect(refusing("a", "v1", "STALE")).toEqual(refusing("a", "v1", "STALE"))
    expect(refusing("a", "v1", "STALE")).not.toEqual(refusing("a", "v1", "NOT_FOUND"))
    expect(refusing("a", "v1", "STALE")).not.toEqual(new PinnedValue("a", "v1", () => undefined))
    const broken = new PinnedValue("a", "v1", () => {
      throw new TypeError("of somebody else")
    })
    expect(() => expect(broken).toEqual(refusing("a", "v1", "STALE"))).toThrow("of somebody else")
  })

  it("everything else is compared as before", () => {
    expect({ a: [1, "x"] }).toEqual({ a: [1, "x"] })
    expect({ a: 1 }).not.toEqual({ a: 2 })
    expect({ reveal: () => 1 }).not.toEqual({ reveal: 1 })
  })

  it("the message of a failed comparison shows no value", () => {
    const canary = newCanary()
    let failure: unknown
    try {
      expect({ token: Secret.fixed("a", canary.text) }).toEqual({
        token: Secret.fixed("a", `${canary.text}2`),
      })
    } catch (thrown) {
      failure = thrown
    }
    expect(failure).toBeInstanceOf(Error)
    const { message, stack } = failure as Error
    canary.watch(message, stack, String(failure))
    expect(message).toContain("Secret‹a›")
  })
})
