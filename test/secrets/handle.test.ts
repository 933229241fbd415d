import { describe, expect, it } from "vitest"
import { SecretError } from "../../src/core/index.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a handle", () => {
  it("is live: it reveals the newest accepted value", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    expect(token.reveal()).toBe(value("first"))
    await change(value("second"))
    expect(token.reveal()).toBe(value("second"))
  })

  it("is the same object for everybody who asks for the same", async () => {
    const { secrets } = tallyRig()
    const token = await secrets.get(TOKEN)
    expect(await secrets.get(TOKEN)).toBe(token)
    expect(await secrets.get(TOKEN, {})).toBe(token)
    expect((await secrets.getMany({ token: TOKEN })).token).toBe(token)
    expect(await secrets.getBytes(TOKEN)).not.toBe(token)
  })

  it("has the name that it was asked for by, in the spelling of the store", async () => {
    const { secrets } = tallyRig({}, value => ({ db: `{"a/b":"${value("x")}"}` }))
    expect((await secrets.get(TOKEN)).name).toBe(TOKEN)
    expect((await secrets.get("db#a/b")).name).toBe("db#a/b")
    expect((await secrets.get("db#/a~1b")).name).toBe("db#/a~1b")
  })

  it("says which version it shows, how old its answer is, and that it is not stale", async () => {
    const { secrets, change, value, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    expect(token.status).toEqual({ version: "v1", age: 0, stale: false })
    await clock.advance("90s")
    expect(token.status.age).toBe(90_000)
    await change(value("first"))
    await secrets.refresh()
    expect(token.status).toEqual({ version: "v2", age: 0, stale: false })
  })

  it("says when the version expires, if the store does", async () => {
    const { secrets, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    const expiresAt = new Date("2026-02-01")
    await secrets.put(TOKEN, value("second"), { expiresAt })
    expect(token.status.expiresAt).toEqual(expiresAt)
  })

  it("says that it is stale when a refresh failed, and when it was withdrawn", async () => {
    const { secrets, store, failure } = tallyRig()
    const token = await secrets.get(TOKEN)
    store.faults.fail(["read", "readMany"], "UNAVAILABLE")
    expect((await failure(secrets.refresh())).code).toBe("UNAVAILABLE")
    expect(token.status).toMatchObject({ version: "v1", stale: true })
    await store.faults.heal()
    await secrets.delete(TOKEN)
    expect(token.status).toMatchObject({ version: "v1", stale: true })
  })

  it("throws when it was withdrawn, with the reference that was asked for, and reveals again when it is back", async () => {
    const { secrets, value, failure } = tallyRig({}, value => ({ db: `{"password":"${value("one")}"}` }))
    const [password, db] = await Promise.all([secrets.get("db#password"), secrets.get("db")])
    await secrets.delete("db")
    const [one, other] = [await failure(() => password.reveal()), await failure(() => db.reveal())]
    expect([one.code, one.secret, one.store]).toEqual(["NOT_FOUND", "db#password", "memory:"])
    expect(other.secret).toBe("db")
    expect(one).toBeInstanceOf(SecretError)
    expect(await failure(password.use(async () => undefined))).toMatchObject({ code: "NOT_FOUND" })
    expect(() => password.map(text => text)).toThrow(SecretError)

    await secrets.put("db", `{"password":"${value("two")}"}`)
    expect(password.reveal()).toBe(value("two"))
    expect(password.previous).toBeUndefined()
  })

  it("reveals an empty value, one byte, a line break and a megabyte as what they are", async () => {
    const { secrets, canary } = tallyRig()
    for (const text of [
      "",
      " ",
      "\n",
      "\0",
      "a\r\nb\n",
      `${canary.text}${"x".repeat(1 << 20)}`,
      "\ufeffx",
      "ключ",
    ]) {
      await secrets.put("odd", text)
      expect((await secrets.get("odd")).reveal() === text).toBe(true)
    }
  })

  it("does not let its properties be set", async () => {
    const { secrets, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    for (const key of ["name", "status", "previous"] as const)
      expect(() => Object.assign(token, { [key]: "other" })).toThrow(TypeError)
    expect(token.reveal()).toBe(value("first"))
  })
})

describe("the value of bytes", () => {
  it("is the bytes, and text given as UTF-8", async () => {
    const { secrets, canary, value } = tallyRig()
    await secrets.put("key", canary.bytes)
    expect((await secrets.getBytes("key")).reveal()).toEqual(canary.bytes)
    expect((await secrets.getBytes(TOKEN)).reveal()).toEqual(new TextEncoder().encode(value("first")))
  })

  it("is not text", async () => {
    const { secrets, canary, failure } = tallyRig()
    await secrets.put("key", canary.bytes)
    for (const asked of [secrets.get("key"), secrets.getOptional("key"), secrets.getJson("key")])
      expect((await failure(asked)).code).toBe("INVALID_VALUE")
  })

  it("is not shared: neither a writer's buffer nor a reader's changes what is held", async () => {
    const { secrets, canary } = tallyRig()
    const buffer = Buffer.from(canary.bytes)
    const key = secrets.put("key", canary.bytes).then(() => secrets.getBytes("key"))
    const told: string[] = []
    ;(await key).onRotate(({ version }) => void told.push(version))
    const writing = secrets.put("key", buffer.fill(7, 0, 1))
    const written = Uint8Array.from(buffer)
    buffer.fill(0)
    await writing
    expect((await key).reveal()).toEqual(written)

    ;(await key).reveal().fill(0)
    await secrets.refresh()
    expect(told).toEqual(["v2"])
    expect(
      (await secrets.getMany({ again: { name: "key", format: "bytes", schema: anything } })).again.reveal(),
    ).toEqual(written)
  })

  it("is not shared either where the store gives a Buffer that it keeps", async () => {
    const { secrets, canary, store, clock } = tallyRig({ refresh: "on-read" })
    const kept = Buffer.from(canary.bytes)
    store.faults.change(answer => ({ ...answer, value: kept }))
    const key = await secrets.getBytes(TOKEN)
    key.reveal().fill(0)
    await clock.settle()
    expect(Uint8Array.from(kept)).toEqual(canary.bytes)
  })
})

const anything = {
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => ({ value: value as Uint8Array }),
  },
}
