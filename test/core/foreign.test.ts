import { describe, expect, it } from "vitest"
import { aborted, className, rebuild, SecretError } from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

describe("the class of what was thrown", () => {
  it("is its name, if it looks like one, or its type", () => {
    class Own extends Error {}
    const odd = Object.create({ constructor: { name: "not a name!" } })
    const long = Object.create({ constructor: { name: "x".repeat(65) } })
    const nameless = Object.create({ constructor: { name: 7 } })
    expect([new Own(), new TypeError("x"), {}, [], new Map()].map(className)).toEqual([
      "Own",
      "TypeError",
      "Object",
      "Array",
      "Map",
    ])
    expect([odd, long, nameless, Object.create(null)].map(className)).toEqual(Array(4).fill("object"))
    expect(["x", 7, null, undefined, true, 1n, Symbol("x"), () => 1].map(className)).toEqual([
      "string",
      "number",
      "object",
      "undefined",
      "boolean",
      "bigint",
      "symbol",
      "function",
    ])
  })

  it("is not asked twice of what throws when it is asked", () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    expect(className(revoked.proxy)).toBe("object")
  })
})

describe("an error that is rebuilt", () => {
  const context = { secret: "a", store: "test:" }

  it("has what the backend's table says, and nothing else of what was thrown", () => {
    const canary = newCanary()
    const thrown = Object.assign(new Error(canary.text), {
      requestId: canary.text,
      response: { body: canary.text },
    })
    const error = rebuild(thrown, context, { code: "DENIED", requestId: "r-1", message: "no" })
    expect(error).toMatchObject({
      code: "DENIED",
      secret: "a",
      store: "test:",
      requestId: "r-1",
      plainMessage: "no",
    })
    expectNoLeak(
      canary,
      error,
      rebuild(thrown, context),
      rebuild({ message: canary.text }, { store: "test:" }),
    )
  })

  it("keeps the secret that it names already", () => {
    const error = rebuild(new SecretError("DENIED", { secret: "native" }), context)
    expect(error).toMatchObject({ secret: "native", store: "test:" })
  })

  it("is ABORTED where the caller ended the call, without the caller's reason", () => {
    expect(aborted(context)).toMatchObject({ code: "ABORTED", secret: "a", store: "test:", transient: false })
    expect("cause" in aborted({})).toBe(false)
  })
})
