import { describe, expect, it } from "vitest"
import type { Consumers } from "../../../src/rotation/plan.ts"
import { generatedKey } from "../../../src/rotation/plans/generated-key.ts"
import { makeContext, stepContext } from "./contexts.ts"

const consumers: Consumers = { ttl: "5m", maxStale: "1h", callTimeout: "5s", tokenLifetime: "8h" }

describe("generatedKey()", () => {
  it("makes keys of the form that was asked for, and accepts those alone", async () => {
    const plan = generatedKey({ consumers, bytes: 64, encoding: "base64", prefix: "whsec_" })
    const made = await plan.create(makeContext())
    expect(made.value).toMatch(/^whsec_[A-Za-z0-9+/]{86}==$/)
    expect(await plan.verify(made, stepContext())).toBe("works")
    expect(await plan.verify({ value: String(made.value).slice(0, -1) }, stepContext())).toBe("refused")
  })

  it("makes another one than the one in use", async () => {
    const plan = generatedKey({ consumers })
    const current = await plan.create(makeContext())
    expect((await plan.create(makeContext({ current }))).value).not.toBe(current.value)
  })

  it("has no far side: nothing to apply, to revoke or to ask", () => {
    const plan = generatedKey({ consumers, grace: "10h", deadlines: { verify: "5s" } })
    expect(plan).toMatchObject({
      kind: "generated",
      overlap: true,
      grace: "10h",
      deadlines: { verify: "5s" },
    })
    expect(Object.keys(plan).sort()).toEqual([
      "consumers",
      "create",
      "deadlines",
      "grace",
      "kind",
      "overlap",
      "verify",
    ])
  })

  it.each([
    [{ consumers, byts: 32 }, /an option "byts" that does not exist/],
    [{ consumers, bytes: 8 }, /bytes of generatedKey\(\)/],
    ["32", /options of generatedKey\(\) are not an object/],
  ])("refuses %j", (options, message) => {
    expect(() => generatedKey(options as never)).toThrow(message)
  })
})
