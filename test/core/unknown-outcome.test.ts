import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { defineStore, isSecretError, SecretError, Secrets } from "../../src/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"

/** A store whose write fails in its own way, after it has done what it was asked for. */
function failingStore(thrown: unknown) {
  const inner = memory()
  return defineStore({
    kind: "failing",
    location: "failing:",
    names: { rule: "any", toNative: name => name, toPortable: name => name, holds: () => true },
    capabilities: { ...inner.capabilities, batchSize: 1 },
    errors: error => (error instanceof RangeError ? { code: "UNAVAILABLE" } : undefined),
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

  it("is no such thing where the backend names it", async () => {
    const canary = newCanary()
    const { signal } = new AbortController()
    for (const thrown of [new RangeError("no connection"), new SecretError("UNAVAILABLE")]) {
      const error: unknown = await failingStore(thrown)
        .write("token", canary.text, { signal })
        .catch((one: unknown) => one)
      expect(isSecretError(error) && [error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    }
  })
})
