import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { defineStore, isSecretError, type KnownFailure, SecretError, Secrets } from "../../src/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"

const KNOWN = new Map<unknown, KnownFailure>([
  [RangeError, { code: "UNAVAILABLE", notSent: true }],
  [SyntaxError, { code: "CONFLICT" }],
  [EvalError, { code: "UNAVAILABLE", requestId: "r-1", retryAfterMs: 7 }],
  [ReferenceError, { code: "TIMEOUT" }],
])

/** A store whose write fails in its own way, after it has done what it was asked for. */
function failingStore(thrown: unknown) {
  const inner = memory()
  return defineStore({
    kind: "failing",
    location: "failing:",
    names: { rule: "any", toNative: name => name, toPortable: name => name, holds: () => true },
    capabilities: { ...inner.capabilities, batchSize: 1 },
    errors: error => KNOWN.get((error as Error).constructor),
    read: async (name, options) => await inner.read(name, options),
    versions: (name, options) => inner.versions(name, options),
    async write(name, value, options) {
      await inner.write(name, value, options)
      throw thrown
    },
    async delete(name, options) {
      await inner.delete(name, options)
      throw thrown
    },
    async ping() {},
    async close() {},
  })
}

describe("a change that fails in a way that the backend does not name", () => {
  it("has an unknown outcome, and shows nothing of what was thrown", async () => {
    const canary = newCanary()
    const store = failingStore(new TypeError(canary.text))
    const { signal } = new AbortController()
    for (const change of [
      () => store.write("token", canary.text, { signal }),
      () => store.delete("token", { signal }),
    ]) {
      const error: unknown = await change().catch((thrown: unknown) => thrown)
      canary.watch(error)
      expect(isSecretError(error) && [error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
    }
  })

  it("is settled by reading", async () => {
    const canary = newCanary()
    const secrets = new Secrets(failingStore("cut off"), { clock: checkedFakeClock() })
    const version = await secrets.put("token", canary.text)
    expect((await secrets.get("token")).status.version).toBe(version)
    await secrets.close()
  })

  it.for([
    ["was never sent", new RangeError("no connection"), "UNAVAILABLE"],
    ["was answered", new SyntaxError("precondition"), "CONFLICT"],
    ["the backend speaks of itself", new SecretError("UNAVAILABLE"), "UNAVAILABLE"],
  ] as const)("has a known one where it %s", async ([, thrown, code]) => {
    const { signal } = new AbortController()
    const error: unknown = await failingStore(thrown)
      .write("token", newCanary().text, { signal })
      .catch((one: unknown) => one)
    expect(isSecretError(error) && [error.code, error.outcome]).toEqual([code, undefined])
  })

  it.for([
    [new EvalError("cut off"), "UNAVAILABLE", "r-1", 7],
    [new ReferenceError("no answer"), "TIMEOUT", undefined, undefined],
  ] as const)("has an unknown one without an answer, and keeps what the backend's table says", async ([
    thrown,
    code,
    requestId,
    retryAfterMs,
  ]) => {
    const { signal } = new AbortController()
    for (const change of ["write", "delete"] as const) {
      const store = failingStore(thrown)
      await store.write("token", "before", { signal }).catch(() => {})
      const call =
        change === "write"
          ? store.write("token", newCanary().text, { signal })
          : store.delete("token", { signal })
      const error: unknown = await call.catch((one: unknown) => one)
      expect(
        isSecretError(error) && [error.code, error.outcome, error.requestId, error.retryAfterMs],
      ).toEqual([code, "unknown", requestId, retryAfterMs])
    }
  })
})
