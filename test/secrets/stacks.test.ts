import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import type { SecretError } from "../../src/core/index.ts"
import type { Secrets } from "../../src/secrets/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig } from "../support/rig.ts"

const missing = "tally/api-token"

/** Names that no other function has, so that a stack which has them leads here. */
async function whoAskedFirst(call: () => PromiseLike<unknown>): Promise<void> {
  await call()
}

async function whoAskedSecond(call: () => PromiseLike<unknown>): Promise<void> {
  await call()
}

const ways: Readonly<Record<string, (secrets: Secrets<ReturnType<typeof memory>>) => PromiseLike<unknown>>> =
  {
    "get()": secrets => secrets.get(missing),
    "get() with a field": secrets => secrets.get(`${missing}#key`),
    "getBytes()": secrets => secrets.getBytes(missing),
    "getJson()": secrets => secrets.getJson(missing),
    "getMany() of one": secrets => secrets.getMany({ token: missing }),
    "getMany() of several": secrets => secrets.getMany({ token: missing, other: "another" }),
    "refresh()": secrets => secrets.refresh(missing),
    "delete()": secrets => secrets.delete(missing),
    "put()": secrets => secrets.put(missing, "", { expect: "v1" }),
  }

describe("the stack of an error", () => {
  it.each(Object.entries(ways))("leads to whoever called %s", async (_, way) => {
    const { secrets, failure } = rig(() => memory())
    const error = await failure(whoAskedFirst(async () => await way(secrets)))
    expect(error.stack).toContain("whoAskedFirst (")
  })

  it("leads to whoever called getOptional() of what may not be read", async () => {
    const { secrets, store, failure } = rig(() => faulty(memory()))
    store.faults.fail("read", "DENIED")
    const error = await failure(whoAskedFirst(() => secrets.getOptional(missing)))
    expect([error.code, error.stack]).toEqual(["DENIED", expect.stringContaining("whoAskedFirst (")])
  })

  it("leads each to itself of those who share one read, and says the same to both", async () => {
    const { secrets, store, failure } = rig(() => faulty(memory()))
    const [first, second] = await Promise.all([
      failure(whoAskedFirst(() => secrets.get(missing))),
      failure(whoAskedSecond(() => secrets.get(missing))),
    ])
    expect(store.calls.count("read")).toBe(1)
    expect(first.stack).toContain("whoAskedFirst (")
    expect(second.stack).toContain("whoAskedSecond (")
    expect(second.stack).not.toContain("whoAskedFirst (")
    expect(told(second)).toEqual(told(first))
  })
})

function told({ code, secret, store, hint, message, transient }: SecretError) {
  return { code, secret, store, hint, message, transient }
}
