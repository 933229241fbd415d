import { describe, expect, it } from "vitest"
import { z } from "zod"
import { isSecretError } from "../../src/core/index.ts"
import type { Request } from "../../src/secrets/index.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

const stocked = (options = {}) =>
  tallyRig(options, value => ({
    db: JSON.stringify({ user: value("user"), port: 5432 }),
    key: Uint8Array.of(0xff, 0x00, 0xfe),
    empty: "",
    odd: value("no JSON"),
  }))

describe("getBytes()", () => {
  it("gives bytes, and text as UTF-8, also of a field", async () => {
    const { secrets, value } = stocked()
    expect((await secrets.getBytes("key")).reveal()).toEqual(Uint8Array.of(0xff, 0x00, 0xfe))
    expect((await secrets.getBytes("empty")).reveal()).toEqual(Uint8Array.of())
    expect((await secrets.getBytes("db#user")).reveal()).toEqual(new TextEncoder().encode(value("user")))
    expect((await secrets.getBytes("key", { ttl: "1m" })).name).toBe("key")
  })
})

describe("getJson()", () => {
  it("gives what the text says, also of a field", async () => {
    const { secrets, value } = stocked()
    expect((await secrets.getJson("db")).reveal()).toEqual({ user: value("user"), port: 5432 })
    expect((await secrets.getJson("db#port")).reveal()).toBe(5432)
  })

  it("is INVALID_VALUE where there is no JSON, without a word of the parser", async () => {
    const { secrets, failure } = stocked()
    for (const name of ["odd", "empty", "key"]) {
      const error = await failure(secrets.getJson(name))
      expect([error.code, error.secret]).toEqual(["INVALID_VALUE", name])
      expect(error.message).toContain("the value is not JSON")
    }
  })

  it("gives it to a schema", async () => {
    const { secrets, value, failure } = stocked()
    const schema = z.object({ user: z.string(), port: z.number() })
    expect((await secrets.getJson("db", { schema })).reveal().user).toBe(value("user"))
    expect((await failure(secrets.getJson("db#port", { schema }))).code).toBe("INVALID_VALUE")
  })
})

describe("getOptional()", () => {
  it("is undefined where there is no such secret, and only there", async () => {
    const { secrets, value, failure, store } = stocked()
    expect(await secrets.getOptional("missing")).toBeUndefined()
    expect((await secrets.getOptional("empty"))?.reveal()).toBe("")
    expect((await secrets.getOptional("odd"))?.reveal()).toBe(value("no JSON"))
    store.disable("db")
    expect((await failure(secrets.getOptional("db"))).code).toBe("DISABLED")
    for (const code of ["DENIED", "UNAUTHENTICATED", "INVALID_NAME", "UNSUPPORTED"] as const) {
      const fault = store.faults.fail("read", code)
      expect((await failure(secrets.getOptional("other"))).code).toBe(code)
      fault.end()
    }
    expect((await failure(secrets.getOptional("odd#user"))).code).toBe("INVALID_VALUE")
    expect((await failure(secrets.getOptional("a//b"))).code).toBe("INVALID_NAME")
  })

  it("asks again each time, so that a secret that is made later is found", async () => {
    const { secrets, value } = stocked()
    expect(await secrets.getOptional("late")).toBeUndefined()
    await secrets.put("late", value("late"))
    expect((await secrets.getOptional("late"))?.reveal()).toBe(value("late"))
  })
})

describe("getMany()", () => {
  it("gives handles under the keys that were given, each in its form, from one call", async () => {
    const { secrets, value, store } = stocked()
    const got = await secrets.getMany({
      token: TOKEN,
      user: { name: "db#user", schema: z.string().transform(text => text.length) },
      db: { name: "db", format: "json" },
      key: { name: "key", format: "bytes" },
      again: { name: TOKEN, ttl: "1m" },
    })
    expect(Object.keys(got)).toEqual(["token", "user", "db", "key", "again"])
    expect([got.token.reveal(), got.user.reveal(), got.key.reveal()]).toEqual([
      value("first"),
      value("user").length,
      Uint8Array.of(0xff, 0x00, 0xfe),
    ])
    expect(got.db.reveal()).toMatchObject({ port: 5432 })
    expect(got.again).toBe(got.token)
    expect([store.calls.count("readMany"), store.calls.count("read")]).toEqual([1, 0])
  })

  it("of nothing is nothing, and asks nobody", async () => {
    const { secrets, store } = stocked()
    expect(await secrets.getMany({})).toEqual({})
    expect(await secrets.getManySettled({})).toEqual({})
    expect(store.calls.count()).toBe(0)
  })

  it("throws once, with all that is wrong", async () => {
    const { secrets, failure, store } = stocked()
    store.disable("key")
    const error = await failure(
      secrets.getMany({ token: TOKEN, missing: "missing", key: "key", user: "odd#user", bad: "a//b" }),
    )
    expect(error.problems?.map(({ code, secret }) => [code, secret])).toEqual([
      ["NOT_FOUND", "missing"],
      ["DISABLED", "key"],
      ["INVALID_VALUE", "odd#user"],
      ["INVALID_NAME", "a//b"],
    ])
    expect([error.code, error.transient]).toEqual(["NOT_FOUND", false])
    expect(error.message).toContain("4 of 5 secrets could not be read")
    for (const { message } of error.problems ?? []) expect(error.message).toContain(message)
  })

  it("throws the error itself where one is wrong", async () => {
    const { secrets, failure } = stocked()
    const error = await failure(secrets.getMany({ token: TOKEN, missing: "missing" }))
    expect([error.code, error.secret, error.problems]).toEqual(["NOT_FOUND", "missing", undefined])
  })

  it("refuses options that do not exist, for all and for one, and a name that is none", async () => {
    const { secrets, failure } = stocked()
    const codes = [
      failure(secrets.getMany({ token: TOKEN }, { schema: z.string() } as never)),
      failure(secrets.getMany({ token: { name: TOKEN, formats: "json" } as unknown as Request })),
      failure(secrets.getMany({ token: { name: TOKEN, ttl: "5 m" } as unknown as Request })),
      failure(secrets.get(TOKEN, { format: "json" } as never)),
    ]
    for (const error of await Promise.all(codes)) expect(error.code).toBe("MISCONFIGURED")
    expect((await failure(secrets.getMany({ token: {} as unknown as Request }))).code).toBe("INVALID_NAME")
  })

  it("takes any key", async () => {
    const { secrets, value } = stocked()
    const odd = JSON.parse(`{"__proto__":"${TOKEN}","constructor":"${TOKEN}","1":"${TOKEN}"}`) as Record<
      string,
      string
    >
    const got = await secrets.getMany(odd)
    expect(Object.keys(got).sort()).toEqual(["1", "__proto__", "constructor"])
    expect(Object.values(got).map(secret => secret.reveal())).toEqual(Array(3).fill(value("first")))
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype)
  })

  it("ends with its signal", async () => {
    const { secrets, failure, store, clock } = stocked()
    store.faults.hang("readMany")
    const controller = new AbortController()
    const asking = failure(secrets.getMany({ token: TOKEN, db: "db" }, { signal: controller.signal }))
    await clock.settle()
    controller.abort()
    const error = await asking
    expect(error.problems?.map(({ code }) => code)).toEqual(["ABORTED", "ABORTED"])
    expect(store.calls.underWay()).toBe(0)
  })
})

describe("getManySettled()", () => {
  it("gives an error in the place of each secret that failed", async () => {
    const { secrets, value, canary } = stocked()
    const got = await secrets.getManySettled({ token: TOKEN, missing: "missing", user: "odd#user" })
    expect(isSecretError(got.token)).toBe(false)
    expect(
      [got.token, got.missing, got.user].map(one => (isSecretError(one) ? one.code : one.reveal())),
    ).toEqual([value("first"), "NOT_FOUND", "INVALID_VALUE"])
    canary.watch(got)
  })

  it("fails for options that do not exist", async () => {
    const { secrets, failure } = stocked()
    expect((await failure(secrets.getManySettled({ token: TOKEN }, { format: "json" } as never))).code).toBe(
      "MISCONFIGURED",
    )
  })
})

describe("refresh()", () => {
  it("tells what is wrong with one, or with all that are kept", async () => {
    const { secrets, failure, store, clock } = stocked({ refresh: "on-read" })
    await secrets.getMany({ token: TOKEN, db: "db" })
    expect((await failure(secrets.refresh("missing"))).code).toBe("NOT_FOUND")
    store.disable("db")
    expect(await failure(secrets.refresh())).toMatchObject({ code: "DISABLED", secret: "db" })
    store.faults.fail(["read", "readMany"], "DENIED")
    expect((await failure(secrets.refresh())).problems).toHaveLength(2)
    await clock.settle()
  })
})

describe("supports()", () => {
  it("says what the store can do", () => {
    const { secrets } = stocked()
    for (const operation of ["readMany", "write", "list", "versions", "delete", "watch"] as const)
      expect(secrets.supports(operation)).toBe(true)
    expect(secrets.supports("rotate" as never)).toBe(false)
  })
})
