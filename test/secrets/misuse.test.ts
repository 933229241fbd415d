import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { isSecretError, Secret, type SecretError } from "../../src/core/index.ts"
import { rotating, Secrets } from "../../src/secrets/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"

/** What a call is refused with, whether it throws or rejects. */
async function refusal(call: () => unknown): Promise<SecretError> {
  const error: unknown = await (async () => await call())().then(
    () => expect.unreachable("it was accepted"),
    thrown => thrown,
  )
  expect(isSecretError(error) && error.code).toBe("MISCONFIGURED")
  return error as SecretError
}

describe("new Secrets()", () => {
  it.each([
    ["nothing", []],
    ["null", [null]],
    ["a URL", ["env:"]],
    ["a backend that was not called", [memory]],
    ["options in the place of the store", [{ ttl: "5m" }]],
  ])("refuses %s, and says what it takes", async (_, given) => {
    const error = await refusal(() => Reflect.construct(Secrets, given))
    expect(error.message).toContain("new Secrets() takes a store")
    expect(error.hint).toBe('write new Secrets(dotenv(".env")), or await openSecrets("dotenv:.env")')
  })
})

describe("on()", () => {
  it("refuses an event that does not exist, and lists those that do", async () => {
    const clock = checkedFakeClock()
    await using secrets = new Secrets(memory({}, { clock }), { clock })
    for (const name of ["rotate", "toString", "__proto__", undefined]) {
      const error = await refusal(() => secrets.on(name as never, () => {}))
      expect(error.hint).toBe(
        "the events are accepted, refused, failed, recovered, stale, withdrawn, kept, callbackFailed, closed",
      )
    }
    expect((await refusal(() => secrets.on("accepted", undefined as never))).message).toContain("no function")
  })
})

describe.each(["kept by Secrets", "fixed"])("a secret that is %s", kind => {
  it("refuses what is no function, and options that do not exist, and calls nothing", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    await using secrets = new Secrets(memory({ token: canary.text }, { clock }), { clock })
    const token = kind === "fixed" ? Secret.fixed("token", canary.text) : await secrets.get("token")
    let calls = 0
    const count = async () => {
      calls += 1
    }

    const errors = [
      await refusal(() => token.onRotate(undefined as never)),
      await refusal(() => token.onRotate("reload" as never)),
      await refusal(() => token.use(undefined as never)),
      await refusal(() => token.use(count, { rejcted: () => true } as never)),
      await refusal(() => token.onRotate(count, { from: "1" } as never)),
    ]
    expect(errors.map(error => [error.plainMessage, error.hint])).toEqual([
      ["onRotate() was given no function", undefined],
      ["onRotate() was given no function", undefined],
      ["use() was given no function", undefined],
      ['use() was given an option "rejcted" that does not exist', "its options are rejected, signal"],
      ['onRotate() was given an option "from" that does not exist', "its options are since, signal"],
    ])
    canary.watch(errors)
    expect(calls).toBe(0)
  })

  it("takes functions that give their result at once, or something that can be awaited", async () => {
    const clock = checkedFakeClock()
    const canary = newCanary()
    await using secrets = new Secrets(memory({ token: canary.text }, { clock }), { clock })
    const token = kind === "fixed" ? Secret.fixed("token", canary.text) : await secrets.get("token")
    const length: number = await token.use(value => value.length)
    expect(length).toBe(canary.text.length)
    // biome-ignore lint/suspicious/noThenProperty: a thenable that is no promise is what is tested
    const thenable: PromiseLike<number> = { then: (...args) => Promise.resolve(7).then(...args) }
    const seven: number = await token.use(() => thenable)
    expect(seven).toBe(7)

    const pool = await rotating(token, value => ({ user: value.length }))
    const user: number = await pool.use(resource => resource.user)
    const later: number = await pool.use(() => thenable)
    expect([user, later]).toEqual([canary.text.length, 7])
    await pool.close()
  })
})
