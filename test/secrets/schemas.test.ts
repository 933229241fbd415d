import { describe, expect, it } from "vitest"
import { z } from "zod"
import type { StandardSchema } from "../../src/secrets/index.ts"
import { type Judge, picky, schemaOf } from "../support/schemas.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

const accepting = (judged: unknown[] = []): StandardSchema<unknown, string> =>
  schemaOf(value => {
    judged.push(value)
    return { value: String(value) }
  })

describe("a schema", () => {
  it("gives what is revealed, and need not be known to us", async () => {
    const { secrets, value } = tallyRig({}, value => ({
      db: JSON.stringify({ port: "5432", name: value("db") }),
    }))
    const token = await secrets.get(TOKEN, { schema: z.string().transform(text => text.split("-")) })
    expect(token.reveal()).toEqual(["first", value("first").slice(6)])
    const port = await secrets.get("db#port", { schema: z.coerce.number() })
    expect(port.reveal()).toBe(5432)
    const db = await secrets.getJson("db", { schema: z.object({ name: z.string(), port: z.string() }) })
    expect(db.reveal().name).toBe(value("db"))
  })

  it("is asked for each new value, and not when only the version moves", async () => {
    const { secrets, change, value } = tallyRig()
    const judged: unknown[] = []
    await secrets.get(TOKEN, { schema: accepting(judged) })
    await secrets.refresh()
    await change(value("first"))
    await change(value("second"))
    expect(judged).toEqual([value("first"), value("second")])
  })

  it("is the same view for the same object, and another one for an equal object", async () => {
    const { secrets } = tallyRig()
    const schema = picky()
    const token = await secrets.get(TOKEN, { schema })
    expect(await secrets.get(TOKEN, { schema })).toBe(token)
    expect(await secrets.get(TOKEN, { schema: picky() })).not.toBe(token)
    expect(await Promise.all([secrets.get(TOKEN, { schema }), secrets.get(TOKEN, { schema })])).toEqual([
      token,
      token,
    ])
  })

  it("that thinks is asked once for two who come at the same time with it", async () => {
    const { secrets } = tallyRig()
    const schema = schemaOf(async value => ({ value: String(value) }))
    const [one, other] = await Promise.all([secrets.get(TOKEN, { schema }), secrets.get(TOKEN, { schema })])
    expect(one).toBe(other)
  })
})

describe("a schema that refuses the value that is held", () => {
  it("is INVALID_VALUE, in a text of our own", async () => {
    const { secrets, failure, value } = tallyRig()
    const error = await failure(
      secrets.get(TOKEN, { schema: schemaOf(given => ({ issues: [{ message: String(given) }] })) }),
    )
    expect([error.code, error.secret, error.transient]).toEqual(["INVALID_VALUE", TOKEN, false])
    expect(error.message).toContain("the schema does not accept the value")
    expect((await secrets.get(TOKEN)).reveal()).toBe(value("first"))
  })

  const odd: [what: string, judge: (value: unknown) => unknown][] = [
    ["throws the value", raise],
    ["rejects with the value", async value => raise(value)],
    ["throws an error that quotes the value", value => raise(new Error(String(value)))],
    ["gives nothing", () => undefined],
    ["gives nothing, later", async () => undefined],
    ["gives the value itself", value => value],
    ["gives the value itself, later", async value => value],
    [
      "gives a result that cannot be looked at",
      value => new Proxy({}, { get: () => raise(value), has: () => raise(value) }),
    ],
    [
      "gives issues that are a trap",
      value => ({
        get issues() {
          return raise(value)
        },
      }),
    ],
    ["gives a promise of its own kind that fails", value => promiseLike((_, fail) => fail(value))],
  ]
  for (const [what, judge] of odd) {
    it(`does so also when it ${what}`, async () => {
      const { secrets, failure, change, value, saidOf } = tallyRig()
      let trusted = false
      const schema = schemaOf(((given: unknown) =>
        trusted ? { value: String(given) } : judge(given)) as Judge)
      const error = await failure(secrets.get(TOKEN, { schema }))
      expect([error.code, error.message]).toEqual([
        "INVALID_VALUE",
        expect.stringContaining("the schema does not accept the value"),
      ])
      trusted = true
      const token = await secrets.get(TOKEN, { schema })
      trusted = false
      await change(value("second"))
      expect(token.reveal()).toBe(value("first"))
      expect(saidOf("refused")).toMatchObject([{ code: "INVALID_VALUE", version: "v2", by: TOKEN }])
    })
  }

  it("may give a promise of its own kind that holds", async () => {
    const { secrets, value } = tallyRig()
    const schema = schemaOf((given => promiseLike(go => go({ value: given }))) as Judge)
    expect((await secrets.get(TOKEN, { schema })).reveal()).toBe(value("first"))
  })

  it("leads to one more read of what was held before, since it may have been mended", async () => {
    const { secrets, store, value, change } = tallyRig({ refresh: "on-read" })
    await secrets.put(TOKEN, value("second"))
    await secrets.get(TOKEN)
    await change(value("third"))
    const reads = store.calls.count("read")
    expect((await secrets.get(TOKEN, { schema: picky() })).reveal()).toBe(value("third"))
    expect(store.calls.count("read")).toBe(reads + 1)
  })
})

/** A promise that is none of JavaScript's. */
function promiseLike(then: (go: (result: unknown) => void, fail: (error: unknown) => void) => void): unknown {
  return { then }
}

function raise(thrown: unknown): never {
  throw thrown
}
