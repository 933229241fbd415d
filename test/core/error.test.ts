import { inspect } from "node:util"
import { createContext, runInContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { isSecretError, printable, SecretError, type SecretErrorCode } from "../../src/core/index.ts"
import { newCanary } from "../support/canary.ts"

const CODES = [
  "NOT_FOUND",
  "DENIED",
  "UNAUTHENTICATED",
  "DISABLED",
  "THROTTLED",
  "UNAVAILABLE",
  "TIMEOUT",
  "CONFLICT",
  "INVALID_NAME",
  "INVALID_VALUE",
  "UNSUPPORTED",
  "STALE",
  "CLOSED",
  "ABORTED",
  "MISCONFIGURED",
] as const satisfies readonly SecretErrorCode[]

describe("an error", () => {
  it("is an Error of its own class and name", () => {
    const error = new SecretError("NOT_FOUND")
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(SecretError)
    expect(error.name).toBe("SecretError")
    expect(error.stack).toContain("error.test.ts")
    expect(error.cause).toBeUndefined()
    expect("cause" in error).toBe(false)
  })

  it("has a sentence for each code", () => {
    const sentences = CODES.map(code => new SecretError(code).message)
    expect(new Set(sentences).size).toBe(CODES.length)
    for (const [index, sentence] of sentences.entries())
      expect(sentence).toMatch(new RegExp(`^${CODES[index]}: [a-z][a-z ]{10,}$`))
  })

  it("says in one line what, where and what to do next", () => {
    const error = new SecretError("STALE", {
      secret: "tally/api-token",
      store: "vault://127.0.0.1:8200/secret",
      lastCode: "DENIED",
      hint: "ask for the permission",
    })
    expect(error.message).toBe(
      "STALE: tally/api-token: the last good value is too old to be served, last cause DENIED" +
        " (vault://127.0.0.1:8200/secret); ask for the permission",
    )
    expect(error.plainMessage).toBe("the last good value is too old to be served")
    expect(new SecretError("DENIED", { message: "no" }).plainMessage).toBe("no")
  })

  it("is transient where the same call may succeed later", () => {
    const transient = CODES.filter(code => new SecretError(code).transient)
    expect(transient).toEqual(["THROTTLED", "UNAVAILABLE", "TIMEOUT"])
    expect(new SecretError("DENIED", { transient: true }).transient).toBe(true)
    expect(new SecretError("UNAVAILABLE", { transient: false }).transient).toBe(false)
  })

  it("has all the details that it is given, and no property for the others", () => {
    const details = {
      secret: "a",
      store: "memory:",
      retryAfterMs: 0,
      requestId: "r-1",
      outcome: "unknown",
      lastCode: "TIMEOUT",
      hint: "wait",
    } as const
    expect(new SecretError("UNAVAILABLE", details)).toMatchObject(details)
    expect(Object.keys(new SecretError("UNAVAILABLE")).sort()).toEqual(["code", "transient"])
    const unset = Object.fromEntries(Object.keys(details).map(key => [key, undefined]))
    expect(Object.keys(new SecretError("UNAVAILABLE", unset)).sort()).toEqual(["code", "transient"])
  })

  it("is JSON without its message and its stack, which a log line has already", () => {
    const error = new SecretError("DENIED", { secret: "a", store: "memory:" })
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: "DENIED",
      transient: false,
      secret: "a",
      store: "memory:",
    })
  })

  it("prints each of several problems once", () => {
    const problems = [
      new SecretError("NOT_FOUND", { secret: "a" }),
      new SecretError("DENIED", { secret: "b" }),
    ]
    const error = new SecretError("NOT_FOUND", { message: "2 secrets cannot be read", problems })
    expect(error.message).toBe(
      "NOT_FOUND: 2 secrets cannot be read\n" +
        "  - NOT_FOUND: a: there is no such secret\n" +
        "  - DENIED: b: reading or writing it is not permitted",
    )
    for (const printed of [inspect(error), inspect(error, { depth: 9 }), String(error.stack)]) {
      expect(printed.split("NOT_FOUND: a:")).toHaveLength(2)
      expect(printed.split("DENIED: b:")).toHaveLength(2)
    }
    expect(JSON.stringify(error)).not.toContain("problems")
    expect(error.problems).toEqual(problems)
  })

  it("keeps a list of problems of its own, which nobody changes", () => {
    const problems = [new SecretError("NOT_FOUND")]
    const error = new SecretError("NOT_FOUND", { problems })
    problems.push(new SecretError("DENIED"))
    expect(error.problems).toHaveLength(1)
    expect(() => (error.problems as SecretError[]).push(new SecretError("DENIED"))).toThrow(TypeError)
  })

  it("says a name in one line, however it is written", () => {
    const { message } = new SecretError("NOT_FOUND", { secret: "a\nERROR: b\u001b[31m\u202ec" })
    expect(message).toBe("NOT_FOUND: a\uFFFDERROR: b\uFFFD[31m\uFFFDc: there is no such secret")
  })

  it("survives being copied, as an error at least", () => {
    const canary = newCanary()
    const error = new SecretError("DENIED", { secret: "a" })
    expect(canary.watch(structuredClone(error)).message).toBe(error.message)
  })
})

describe("a printable name", () => {
  it("has no control characters, line separators and direction marks, and is bounded", () => {
    expect(printable("tally/api-token")).toBe("tally/api-token")
    expect(printable("a\u0000\u001f\u007f\u009f\u2028\u2029\u202a\u202e\u2066\u2069b")).toBe(
      `a${"\uFFFD".repeat(10)}b`,
    )
    expect(printable("x".repeat(200))).toHaveLength(200)
    expect(printable("x".repeat(201))).toBe(`${"x".repeat(200)}…`)
  })
})

describe("isSecretError", () => {
  it("knows an error of ours, and nothing else", () => {
    expect(isSecretError(new SecretError("DENIED"))).toBe(true)
    for (const other of [
      new Error("x"),
      { code: "DENIED" },
      null,
      undefined,
      "DENIED",
      7,
      () => 1,
      Symbol("x"),
    ])
      expect(isSecretError(other)).toBe(false)
  })

  it("knows one that another copy of the package made", async () => {
    const path = "../../src/core/error.ts?another-copy"
    const copy = (await import(/* @vite-ignore */ path)) as typeof import("../../src/core/error.ts")
    expect(copy.SecretError).not.toBe(SecretError)
    expect(isSecretError(new copy.SecretError("DENIED"))).toBe(true)
    expect(copy.isSecretError(new SecretError("DENIED"))).toBe(true)
  })

  it("knows one of another realm, whose symbols and errors are others", () => {
    const made = runInContext(
      `const error = new Error("DENIED")
       Object.defineProperty(error, Symbol.for("latchkey.SecretError"), { value: true })
       error`,
      createContext({}),
    ) as unknown
    expect(made).not.toBeInstanceOf(Error)
    expect(isSecretError(made)).toBe(true)
  })

  it("does not fall over what throws when it is looked at", () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("do not look")
        },
      },
    )
    expect(isSecretError(hostile)).toBe(false)
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    expect(isSecretError(revoked.proxy)).toBe(false)
  })

  it("is one line, whatever stands in message, store and hint", () => {
    const forged = "x\nERROR \u001b[31mforged\u2028\u202e"
    const error = new SecretError("MISCONFIGURED", { message: forged, store: forged, hint: forged })
    expect(error.message).toContain("forged")
    expect(error.message).not.toMatch(/[\u0000-\u001f\u2028\u202e]/)
  })
})
