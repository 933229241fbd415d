import { describe, expect, it } from "vitest"
import { Secret } from "../../src/core/index.ts"
import { newCanary } from "../support/canary.ts"
import { failureOf } from "../support/rig.ts"

describe("a fixed secret", () => {
  it("reveals its value, which never changes", async () => {
    const canary = newCanary()
    const token = canary.watch(Secret.fixed("tally/api-token", canary.text))
    expect(token.reveal()).toBe(canary.text)
    expect([token.name, token.status, token.previous]).toEqual([
      "tally/api-token",
      { version: "fixed", age: 0, stale: false },
      undefined,
    ])
    token.onRotate(() => expect.unreachable())[Symbol.dispose]()
  })

  it("calls use() once, whatever the outcome, with the caller's signal", async () => {
    const canary = newCanary()
    const token = Secret.fixed("a", canary.text)
    const controller = new AbortController()
    const refused = { status: 401 }
    const used: unknown[] = []
    const result = await token.use(
      async (value, { version, signal }) => {
        used.push(value, version, signal)
        return refused
      },
      { signal: controller.signal },
    )
    expect(result).toBe(refused)
    expect(used).toEqual([canary.text, "fixed", controller.signal])
    const thrown = new Error("mine")
    await expect(token.use(async () => await Promise.reject(thrown))).rejects.toBe(thrown)
    controller.abort()
    const left = await failureOf(token.use(async () => used.push("again"), { signal: controller.signal }))
    expect([left.code, left.secret, used.length]).toEqual(["ABORTED", "a", 3])
  })
})
