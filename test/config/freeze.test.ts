import { describe, expect, it } from "vitest"
import { deepFreeze } from "../../src/config/freeze.ts"
import { Secret } from "../../src/core/index.ts"

describe("deepFreeze", () => {
  it("freezes plain objects, objects without a prototype and arrays at any depth", () => {
    const bare: { list: { x: number }[] } = Object.assign(Object.create(null), { list: [{ x: 1 }] })
    const root = deepFreeze({ bare, [Symbol.for("key")]: [[]] })
    for (const container of [root, bare, bare.list, bare.list[0], root[Symbol.for("key")]]) {
      expect(Object.isFrozen(container)).toBe(true)
    }
    expect(Object.isFrozen(root[Symbol.for("key")]?.[0])).toBe(true)
  })

  it("goes on below what is frozen already, and comes to an end where objects contain themselves", () => {
    const inner: { self?: unknown } = {}
    inner.self = inner
    deepFreeze(Object.freeze({ inner }))
    expect(Object.isFrozen(inner)).toBe(true)
  })

  it("leaves everything else alone, and calls no getter", () => {
    class Client {
      options = { retries: 1 }
    }
    const others = {
      secret: Secret.fixed("a", { inside: [] }),
      date: new Date(0),
      url: new URL("https://tally.so"),
      bytes: new Uint8Array(1),
      map: new Map([["a", {}]]),
      client: new Client(),
      call: () => "x",
    }
    let called = 0
    const root = Object.defineProperty({ ...others }, "computed", {
      enumerable: true,
      get: () => {
        called++
        return {}
      },
    })
    deepFreeze(root)
    for (const [key, value] of Object.entries(others)) {
      if (key !== "secret") expect(Object.isFrozen(value), key).toBe(false)
    }
    expect(Object.isFrozen(others.client.options)).toBe(false)
    expect(Object.isFrozen(others.secret.reveal().inside)).toBe(false)
    expect(called).toBe(0)
  })

  it("gives back what is no object", () => {
    expect(deepFreeze("text")).toBe("text")
    expect(deepFreeze(null)).toBe(null)
  })
})
