import { describe, expect, it } from "vitest"
import { z } from "zod"
import { SecretError, type SecretErrorCode, type SecretValue, valueOfBytes } from "../../src/core/index.ts"
import type { SecretsOptions } from "../../src/secrets/index.ts"
import { rig, scripted } from "../support/rig.ts"

/** A store that gives what it was last told to, under a version of its own. */
function speaking(text: string) {
  let version = 1
  let answer: SecretValue | SecretErrorCode = text
  let isError = false
  return {
    ...scripted({
      async read() {
        if (isError) throw new SecretError(answer as SecretErrorCode)
        return { value: answer, version: `v${version}` }
      },
    }),
    says(value: SecretValue) {
      version += 1
      answer = value
      isError = false
    },
    fails(code: SecretErrorCode) {
      answer = code
      isError = true
    },
  }
}

const talk = (options: SecretsOptions = {}) => rig((_, { text }) => speaking(`tly-${text}`), options)

const INVALID_UTF_8 = Uint8Array.of(0x74, 0x6c, 0x79, 0xff, 0xfe, 0x80)

describe("a new version that cannot be used", () => {
  const bad: Record<string, SecretValue> = {
    "bytes where text is wanted": INVALID_UTF_8,
    "the bytes of a file that is no UTF-8": valueOfBytes(INVALID_UTF_8),
    "text that the schema does not accept": "something else",
    "an empty text": "",
  }
  for (const [what, value] of Object.entries(bad)) {
    it(`leaves the old one in use, and says so once: ${what}`, async () => {
      const { secrets, store, clock, canary, saidOf } = talk()
      const schema = z.string().startsWith("tly-")
      const handle = await secrets.get("db", { schema })
      store.says(value)
      await clock.advance("3h")
      expect(handle.reveal()).toBe(`tly-${canary.text}`)
      expect(handle.status).toMatchObject({ version: "v1", stale: false })
      expect(saidOf("refused")).toEqual([
        { is: "refused", secret: "db", version: "v2", code: "INVALID_VALUE", by: "db" },
      ])
      expect(saidOf("accepted")).toHaveLength(1)
      expect(saidOf("failed")).toEqual([])
      expect(secrets.health()).toMatchObject({ status: "degraded", ready: true })
      expect(secrets.health().secrets[0]).toMatchObject({ version: "v1", refused: "v2", usable: true })
    })
  }

  it("is told of again when it is another one", async () => {
    const { secrets, store, clock, canary, saidOf } = talk()
    const handle = await secrets.get("db")
    for (let version = 2; version < 5; version++) {
      store.says(INVALID_UTF_8)
      await clock.advance("5m")
      expect(handle.reveal()).toBe(`tly-${canary.text}`)
    }
    expect(saidOf("refused").map(event => event.version)).toEqual(["v2", "v3", "v4"])
  })

  it("is forgotten as soon as there is a good one", async () => {
    const { secrets, store, clock, canary } = talk()
    const handle = await secrets.get("db")
    store.says(INVALID_UTF_8)
    await clock.advance("5m")
    store.says(`tly-${canary.text} new`)
    await clock.advance("5m")
    expect(handle.reveal()).toBe(`tly-${canary.text} new`)
    expect(secrets.health()).toMatchObject({ status: "ok" })
    expect(secrets.health().secrets[0]).not.toHaveProperty("refused")
  })

  it("is forgotten as well when the old one comes back", async () => {
    const { secrets, store, clock, canary, saidOf } = talk()
    const handle = await secrets.get("db")
    store.says(INVALID_UTF_8)
    await clock.advance("5m")
    store.says(`tly-${canary.text}`)
    await clock.advance("5m")
    expect(handle.status).toMatchObject({ version: "v3", stale: false })
    expect(saidOf("accepted")).toMatchObject([{}, { version: "v3", changed: false }])
    expect(secrets.health().status).toBe("ok")
  })

  it("fails the refresh that was asked for, and nothing else", async () => {
    const { secrets, store, canary, failure } = talk()
    const handle = await secrets.get("db")
    store.says(INVALID_UTF_8)
    expect(await failure(secrets.refresh("db"))).toMatchObject({ code: "INVALID_VALUE", secret: "db" })
    await secrets.fresh("1s")
    expect((await secrets.get("db")).reveal()).toBe(`tly-${canary.text}`)
    expect(handle.reveal()).toBe(`tly-${canary.text}`)
  })

  it("does not hide that the store answers: what was stale is not any more", async () => {
    const { secrets, store, clock, canary, saidOf } = talk()
    const handle = await secrets.get("db")
    store.fails("UNAVAILABLE")
    await clock.advance("10m")
    expect(handle.status.stale).toBe(true)
    store.says(INVALID_UTF_8)
    await clock.advance("5m")
    expect(handle.status.stale).toBe(false)
    expect(saidOf("recovered")).toEqual([{ is: "recovered", secret: "db", version: "v1" }])
    expect(handle.reveal()).toBe(`tly-${canary.text}`)
  })

  it("does not bring back what has ended", async () => {
    const { secrets, store, clock, failure } = talk()
    const handle = await secrets.get("db")
    const kept = handle.onRotate(() => undefined)
    store.fails("UNAVAILABLE")
    await clock.advance("2h")
    store.says(INVALID_UTF_8)
    await clock.advance("6m")
    expect(await failure(async () => handle.reveal())).toMatchObject({
      code: "STALE",
      lastCode: "UNAVAILABLE",
    })
    kept[Symbol.dispose]()
  })

  it("is no withdrawal between two of them", async () => {
    const { secrets, store, clock, canary, failure, saidOf } = talk()
    const handle = await secrets.get("db")
    store.fails("NOT_FOUND")
    await failure(secrets.refresh("db"))
    store.says(INVALID_UTF_8)
    await clock.advance("2s")
    store.fails("NOT_FOUND")
    await failure(secrets.refresh("db"))
    expect(handle.reveal()).toBe(`tly-${canary.text}`)
    expect(saidOf("withdrawn")).toEqual([])
  })
})

describe("a store that says itself that its version is no value", () => {
  it("leaves the old one in use, and is named as the one who refused it", async () => {
    const { secrets, store, clock, canary, saidOf } = talk()
    const handle = await secrets.get("db")
    store.fails("INVALID_VALUE")
    await clock.advance("3h")
    expect(handle.reveal()).toBe(`tly-${canary.text}`)
    expect(saidOf("refused")).toEqual([
      { is: "refused", secret: "db", version: "", code: "INVALID_VALUE", by: "scripted:" },
    ])
  })

  it("fails a first read", async () => {
    const { secrets, store, failure, saidOf } = talk()
    store.fails("INVALID_VALUE")
    expect(await failure(secrets.get("db"))).toMatchObject({ code: "INVALID_VALUE", secret: "db" })
    expect(saidOf("refused")).toEqual([])
  })
})

describe("a first version that cannot be used", () => {
  it("is INVALID_VALUE, and what to do is said", async () => {
    const { secrets, store, failure } = talk()
    store.says(INVALID_UTF_8)
    const error = await failure(secrets.get("db"))
    expect(error).toMatchObject({ code: "INVALID_VALUE", secret: "db", hint: "read it with getBytes" })
    expect((await secrets.getBytes("db")).reveal()).toEqual(INVALID_UTF_8)
  })

  it("is read once more by the next who asks, for it may have been mended", async () => {
    const { secrets, store, canary, failure } = talk()
    store.says("broken")
    const schema = z.string().startsWith("tly-")
    await failure(secrets.get("db", { schema }))
    store.says(`tly-${canary.text}`)
    expect((await secrets.get("db", { schema })).reveal()).toBe(`tly-${canary.text}`)
  })
})
