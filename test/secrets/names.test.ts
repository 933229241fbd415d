import { describe, expect, it } from "vitest"
import { env } from "../../providers/env/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { rig, scripted } from "../support/rig.ts"

const tally = () =>
  rig((_, { text }) => faulty(env({ env: { TALLY_API_KEY: text, TALLY__API_TOKEN: `${text} b` } })))

describe("two spellings of one name", () => {
  it("are one secret: one call, one entry, one handle", async () => {
    const { secrets, store, canary } = tally()
    const [own, portable] = await Promise.all([secrets.get("TALLY_API_KEY"), secrets.get("tally-api-key")])
    expect(own).toBe(portable)
    expect(own.reveal()).toBe(canary.text)
    expect(own.name).toBe("tally-api-key")
    expect(store.calls.count("read")).toBe(1)
    expect(secrets.health().secrets.map(each => each.name)).toEqual(["tally-api-key"])
  })

  it("are one secret when they come one after the other", async () => {
    const { secrets, store } = tally()
    const portable = await secrets.get("tally/api-token")
    expect(await secrets.get("TALLY__API_TOKEN")).toBe(portable)
    await secrets.refresh("TALLY__API_TOKEN")
    expect(store.calls.count("read")).toBe(2)
    expect(secrets.health().secrets).toHaveLength(1)
  })

  it("are one secret among many that are asked for together", async () => {
    const { secrets, store } = tally()
    const handles = await secrets.getMany({ a: "TALLY_API_KEY", b: "tally-api-key", c: "tally/api-token" })
    expect(handles.a).toBe(handles.b)
    expect(
      Array.from(store.calls, call => call.names)
        .flat()
        .sort(),
    ).toEqual(["tally-api-key", "tally/api-token"])
  })

  it("share what callers wish for them", async () => {
    const { secrets, store, clock } = tally()
    const handle = await secrets.get("TALLY_API_KEY", { ttl: "1m" })
    handle.onRotate(() => undefined)
    await secrets.get("tally-api-key")
    store.calls.clear()
    await clock.advance("10m")
    expect(store.calls.count("read")).toBeGreaterThan(8)
  })

  it("are named by the portable one in errors and events", async () => {
    const { secrets, saidOf, failure } = tally()
    await secrets.get("TALLY_API_KEY")
    expect(saidOf("accepted")[0]?.secret).toBe("tally-api-key")
    expect(await failure(secrets.get("MISSING_KEY"))).toMatchObject({
      code: "NOT_FOUND",
      secret: "missing-key",
    })
  })
})

describe("a name that is none", () => {
  const wrong: Record<string, string> = {
    "an empty one": "",
    "a way out": "../etc/passwd",
    "a way out in the middle": "tally/../other",
    "a dot": "tally/./token",
    "an empty segment": "tally//token",
    "a slash at the end": "tally/",
    "a slash at the beginning": "/tally",
    "a control character": "tally\u0000token",
    "a line break": "tally\ntoken",
    "a percent trick": "tally%2f..%2ftoken",
    "a back slash": "tally\\token",
    "a space around it": " tally",
    "a name that is too long": "a".repeat(513),
    "the reserved one": "latchkey/journal",
  }
  for (const [what, name] of Object.entries(wrong)) {
    it(`is INVALID_NAME before anything is asked: ${what}`, async () => {
      const { secrets, store, failure } = rig(clock => faulty(memory({}, { clock })))
      for (const call of [
        () => secrets.get(name),
        () => secrets.getBytes(name),
        () => secrets.getOptional(name),
        () => secrets.getMany({ a: name }),
        () => secrets.refresh(name),
      ]) {
        const error = await failure(call)
        expect(error.code).toBe("INVALID_NAME")
        expect(error.hint).toBeTruthy()
        // One line of a log stays one line.
        expect(error.message).not.toMatch(/[\n\u0000]/)
      }
      expect(store.calls.count()).toBe(0)
      expect(secrets.health().secrets).toEqual([])
    })
  }

  it("is INVALID_NAME when it is no text at all", async () => {
    const { secrets, failure } = rig(clock => memory({}, { clock }))
    for (const name of [undefined, null, 7, {}, ["a"], Symbol("a")]) {
      expect((await failure(() => secrets.get(name as string))).code).toBe("INVALID_NAME")
    }
  })

  it("is refused for itself among many, and the others are read", async () => {
    const { secrets, canary } = rig((clock, { text }) => memory({ a: text }, { clock }))
    const settled = await secrets.getManySettled({ bad: "../a", a: "a" })
    expect(settled.bad).toMatchObject({ code: "INVALID_NAME" })
    expect("reveal" in settled.a && settled.a.reveal()).toBe(canary.text)
  })

  it("is refused by the store that cannot hold it, with the rule", async () => {
    const { secrets, failure } = tally()
    expect(await failure(secrets.get("tally/key-file"))).toMatchObject({ code: "INVALID_NAME" })
    expect((await failure(secrets.get("TALLY-KEY"))).hint).toContain("environment variable")
  })
})

describe("names that were never there", () => {
  it("are not remembered, whoever asks for how many", async () => {
    const { secrets, clock } = rig(() => scripted({}))
    for (let index = 0; index < 500; index++) await secrets.getOptional(`name-${index}`)
    await clock.settle()
    expect(secrets.health().secrets).toEqual([])
    expect(clock.pending).toEqual([])
  })
})
