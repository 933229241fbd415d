import { describe, expect, it } from "vitest"
import { tallyRig } from "../support/tally-rig.ts"

/** A database's secret, as text. */
type Parts = Readonly<Record<string, unknown>>
const json = (parts: Parts): string => JSON.stringify(parts)

describe("a field", () => {
  it("is picked by its key, or by a JSON pointer, and is its JSON text where it is no string", async () => {
    const { secrets, value } = tallyRig({}, value => ({
      db: json({
        user: value("user"),
        port: 5432,
        hosts: [{ name: value("host") }],
        "a/b": value("slash"),
        "m~n": value("tilde"),
        "": value("empty"),
        nothing: null,
      }),
    }))
    const revealed = async (reference: string): Promise<string> => (await secrets.get(reference)).reveal()
    expect(await revealed("db#user")).toBe(value("user"))
    expect(await revealed("db#port")).toBe("5432")
    expect(await revealed("db#hosts")).toBe(json([{ name: value("host") }] as never))
    expect(await revealed("db#/hosts/0/name")).toBe(value("host"))
    expect(await revealed("db#a/b")).toBe(value("slash"))
    expect(await revealed("db#/a~1b")).toBe(value("slash"))
    expect(await revealed("db#/m~0n")).toBe(value("tilde"))
    expect(await revealed("db#/")).toBe(value("empty"))
    expect(await revealed("db#nothing")).toBe("null")
  })

  it("comes from one read with all the others, and with the secret itself", async () => {
    const { secrets, store } = tallyRig({}, value => ({
      db: json({ user: value("u"), password: value("p") }),
    }))
    await Promise.all([
      secrets.get("db#user"),
      secrets.getMany({ password: "db#password", whole: "db", json: { name: "db", format: "json" } }),
      secrets.getBytes("db#/password"),
    ])
    expect(store.calls.count("read") + store.calls.count("readMany")).toBe(1)
    await secrets.refresh("db#user")
    expect(store.calls.count("read")).toBe(2)
  })

  it("changes together with the others", async () => {
    const { secrets, change, value } = tallyRig({}, value => ({
      db: json({ user: value("u1"), password: value("p1") }),
    }))
    const { user, password } = await secrets.getMany({ user: "db#user", password: "db#password" })
    const seen: string[] = []
    user.onRotate(() => void seen.push(password.reveal()))
    password.onRotate(() => void seen.push(user.reveal()))
    await change(json({ user: value("u2"), password: value("p2") }), "db")
    expect([user.reveal(), password.reveal()]).toEqual([value("u2"), value("p2")])
    expect(seen.sort()).toEqual([value("p2"), value("u2")])
    expect(user.status.version).toBe(password.status.version)
  })

  it("calls back only when it changed itself, and shows another version all the same", async () => {
    const { secrets, change, value } = tallyRig({}, value => ({
      db: json({ user: value("u"), password: value("p1") }),
    }))
    const { user, password, whole } = await secrets.getMany({
      user: "db#user",
      password: "db#password",
      whole: "db",
    })
    const told: string[] = []
    for (const secret of [user, password, whole]) secret.onRotate(({ name }) => void told.push(name))
    await change(json({ user: value("u"), password: value("p2") }), "db")
    expect(told.sort()).toEqual(["db", "db#password"])
    expect(user.status.version).toBe("v2")
    expect([user.previous, password.previous?.reveal()]).toEqual([undefined, value("p1")])
  })

  it("keeps its own previous value when another field changes after it", async () => {
    const { secrets, change, value } = tallyRig({}, value => ({
      db: json({ user: value("u1"), password: value("p1") }),
    }))
    const user = await secrets.get("db#user")
    await change(json({ user: value("u2"), password: value("p1") }), "db")
    await change(json({ user: value("u2"), password: value("p2") }), "db")
    expect(user.previous?.reveal()).toBe(value("u1"))
  })

  const missing: [what: string, value: (value: string) => string, field: string, message: string][] = [
    ["a missing key", v => json({ user: v }), "password", "the secret has no such field"],
    ["a missing place", v => json({ hosts: [v] }), "/hosts/1", "the secret has no such field"],
    ["a place below a text", v => json({ user: v }), "/user/0", "the secret has no such field"],
    ["what all objects inherit", v => json({ user: v }), "constructor", "the secret has no such field"],
    ["the length of a list", v => json({ hosts: [v] }), "/hosts/length", "the secret has no such field"],
    ["a key of a text", v => JSON.stringify(v), "user", "the secret has no such field"],
    ["a key of what is no JSON", v => `${v}{`, "user", "the value is not JSON"],
    ["a key of nothing", () => "", "user", "the value is not JSON"],
    ["deeper than anything", () => deep(200_000), "deep", "the value is not JSON"],
  ]
  for (const [what, make, field, message] of missing) {
    it(`that is ${what} is INVALID_VALUE, with a fixed text`, async () => {
      const { secrets, failure } = tallyRig({}, value => ({ db: make(value("quoted")) }))
      const error = await failure(secrets.get(`db#${field}`))
      expect(error.code).toBe("INVALID_VALUE")
      expect(error.secret).toBe(`db#${field}`)
      expect(error.message).toContain(message)
      expect(error.cause).toBeUndefined()
    })
  }

  it("of bytes is INVALID_VALUE", async () => {
    const { secrets, canary, failure } = tallyRig()
    await secrets.put("db", canary.bytes)
    expect((await failure(secrets.get("db#user"))).code).toBe("INVALID_VALUE")
  })

  it("that nobody named is INVALID_NAME", async () => {
    const { secrets, failure } = tallyRig()
    expect((await failure(secrets.get("db#"))).code).toBe("INVALID_NAME")
    expect((await failure(secrets.get("#user"))).code).toBe("INVALID_NAME")
  })

  it("that is missing is looked for once more in the store, which may have been mended", async () => {
    const { secrets, change, value, store, failure } = tallyRig({ refresh: "on-read" }, value => ({
      db: json({ user: value("u") }),
    }))
    await secrets.get("db#user")
    expect((await failure(secrets.get("db#password"))).code).toBe("INVALID_VALUE")
    await change(json({ user: value("u"), password: value("p") }), "db")
    const reads = store.calls.count("read")
    expect((await secrets.get("db#password")).reveal()).toBe(value("p"))
    expect(store.calls.count("read")).toBe(reads + 1)
  })

  it("that a new version lacks keeps the whole secret at the old one, and is named", async () => {
    const { secrets, change, value, saidOf } = tallyRig({}, value => ({
      db: json({ user: value("u1"), password: value("p1") }),
    }))
    const { user, password } = await secrets.getMany({ user: "db#user", password: "db#password" })
    await change(json({ user: value("u2") }), "db")
    expect([user.reveal(), password.reveal()]).toEqual([value("u1"), value("p1")])
    expect(saidOf("refused")).toEqual([
      { is: "refused", secret: "db", version: "v2", code: "INVALID_VALUE", by: "db#password" },
    ])
  })
})

/** An object whose one field is so many lists within each other. */
function deep(levels: number): string {
  return `{"deep":${"[".repeat(levels)}${"]".repeat(levels)}}`
}
