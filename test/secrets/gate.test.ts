import { describe, expect, it } from "vitest"
import type { StandardSchema } from "../../src/secrets/index.ts"
import { collectGarbage, untilCollected } from "../support/garbage.ts"
import { failureOf, gate, never } from "../support/rig.ts"
import { picky, schemaOf } from "../support/schemas.ts"
import { type TallyRig, TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a new version", () => {
  it("is shown by all handles or by none", async () => {
    const { secrets, change, value, saidOf } = tallyRig()
    const plain = await secrets.get(TOKEN)
    const bytes = await secrets.getBytes(TOKEN)
    const checked = await secrets.get(TOKEN, { schema: picky() })
    const told: string[] = []
    for (const handle of [plain, checked]) handle.onRotate(({ version }) => void told.push(version))

    await change(value("second"))
    expect([plain.reveal(), checked.reveal()]).toEqual([value("first"), value("first")])
    expect(bytes.reveal()).toEqual(new TextEncoder().encode(value("first")))
    expect(plain.status.version).toBe("v1")
    expect(told).toEqual([])
    expect(saidOf("refused")).toHaveLength(1)

    await change(value("third"))
    expect([plain.reveal(), checked.reveal()]).toEqual([value("third"), value("third")])
    expect(told).toEqual(["v3", "v3"])
    expect(secrets.health().status).toBe("ok")
  })

  it("that is refused is told of once, by the name of who refuses it, and the secret is not stale", async () => {
    const { secrets, change, value, saidOf, clock } = tallyRig({ ttl: "1m" }, value => ({
      db: JSON.stringify({ user: value("u"), password: value("first") }),
    }))
    const user = await secrets.get("db#user")
    const password = await secrets.get("db#password", { schema: picky() })
    await change(JSON.stringify({ user: value("u2"), password: value("second") }), "db")
    await clock.advance("5m")
    expect([user.reveal(), password.reveal()]).toEqual([value("u"), value("first")])
    expect(saidOf("refused")).toEqual([
      { is: "refused", secret: "db", version: "v2", code: "INVALID_VALUE", by: "db#password" },
    ])
    expect(user.status.stale).toBe(false)
    expect(saidOf("failed")).toEqual([])
  })

  it("that is of the wrong form for one of them is refused as well", async () => {
    const { secrets, change, canary, saidOf } = tallyRig()
    await secrets.put("json", `{"a":"${canary.text}"}`)
    const [text, json] = [await secrets.get("json"), await secrets.getJson("json")]
    await change(`no JSON, ${canary.text}`, "json")
    await change(canary.bytes, "json")
    expect(text.reveal()).toBe(`{"a":"${canary.text}"}`)
    expect(json.reveal()).toEqual({ a: canary.text })
    expect(saidOf("refused").map(({ version, by }) => [version, by])).toEqual([
      ["v2", "json"],
      ["v3", "json"],
    ])
  })

  it("is shown when all schemas that think have thought, and not before", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const [one, other] = [gate(), gate()]
    const thinking = (until: Promise<void>): StandardSchema<unknown, string> => {
      let judged = 0
      return schemaOf(async given => {
        judged += 1
        if (judged > 1) await until
        return { value: String(given) }
      })
    }
    const plain = await secrets.get(TOKEN)
    const first = await secrets.get(TOKEN, { schema: thinking(one.promise) })
    const second = await secrets.get(TOKEN, { schema: thinking(other.promise) })
    const shown = () => [plain, first, second].map(handle => handle.reveal())
    await change(value("second"))
    expect(shown()).toEqual(Array(3).fill(value("first")))
    one.open()
    await clock.settle()
    expect(shown()).toEqual(Array(3).fill(value("first")))
    other.open()
    await clock.settle()
    expect(shown()).toEqual(Array(3).fill(value("second")))
  })

  it("is also put before a handle that comes while others think about it", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig()
    const thinking = gate()
    let judged = 0
    const slow = schemaOf(async given => {
      judged += 1
      if (judged > 1) await thinking.promise
      return { value: String(given) }
    })
    const first = await secrets.get(TOKEN, { schema: slow })
    await change(value("second"))
    const late = await secrets.get(TOKEN, { schema: picky() })
    thinking.open()
    await clock.settle()
    expect([first.reveal(), late.reveal()]).toEqual([value("first"), value("first")])
    expect(saidOf("refused")).toHaveLength(1)
  })

  it("that is written while schemas think about an older one is shown, and the older one never", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const thinking = gate()
    let judged = 0
    const slow = schemaOf(async given => {
      judged += 1
      if (judged === 2) await thinking.promise
      return { value: String(given) }
    })
    const token = await secrets.get(TOKEN, { schema: slow })
    const seen: string[] = []
    token.onRotate(({ current }) => void seen.push(current.reveal()))
    await change(value("second"))
    await secrets.put(TOKEN, value("third"))
    expect(token.reveal()).toBe(value("third"))
    thinking.open()
    await clock.settle()
    expect(token.reveal()).toBe(value("third"))
    expect(seen).toEqual([value("third")])
  })

  it("is refused by a schema that comes to no end, in time", async () => {
    const { secrets, change, value, clock, saidOf } = tallyRig({ callTimeout: "5s" })
    let judged = 0
    const schema = schemaOf(async given => {
      judged += 1
      return judged === 1 ? { value: String(given) } : await never()
    })
    const token = await secrets.get(TOKEN, { schema })
    await change(value("second"))
    await clock.advance("5s")
    expect(saidOf("refused")).toMatchObject([{ code: "INVALID_VALUE", by: TOKEN }])
    expect(token.reveal()).toBe(value("first"))

    const asking = failureOf(secrets.get(TOKEN, { schema: schemaOf(never) }))
    await clock.advance("11s")
    const error = await asking
    expect(error.message).toContain("the schema came to no end within 5000 ms")
  })

  it("is looked at as it is then by a handle that comes while the value changes", async () => {
    const { secrets, change, value, clock } = tallyRig()
    await secrets.get(TOKEN)
    const thinking = gate()
    const judged: unknown[] = []
    const asked = secrets.get(TOKEN, {
      schema: schemaOf(async given => {
        judged.push(given)
        if (judged.length === 1) await thinking.promise
        return { value: String(given) }
      }),
    })
    await clock.settle()
    await change(value("second"))
    thinking.open()
    const token = await asked
    expect(token.reveal()).toBe(value("second"))
    expect(token.previous?.reveal()).toBe(value("first"))
    expect(judged).toContain(value("second"))
  })
})

describe("a handle that nobody holds any more", () => {
  it("has no say", async () => {
    const made = tallyRig()
    const { secrets, change, value, saidOf } = made
    const plain = await secrets.get(TOKEN)
    await holdForAMoment(made)
    await change(value("second"))
    expect(saidOf("refused")).toHaveLength(1)
    await untilCollected(async () => {
      await secrets.refresh().catch(() => undefined)
      return plain.reveal() === value("second")
    })
    expect(plain.reveal()).toBe(value("second"))
  })

  it("keeps its say while it has a callback", async () => {
    const made = tallyRig()
    const { secrets, change, value, saidOf } = made
    const plain = await secrets.get(TOKEN)
    await holdForAMoment(made, "with a callback")
    collectGarbage()
    await made.clock.settle()
    collectGarbage()
    await change(value("second"))
    expect(plain.reveal()).toBe(value("first"))
    expect(saidOf("refused")).toHaveLength(1)
  })

  it("does not keep its schema alive", async () => {
    const { secrets, clock } = tallyRig()
    const schema = await (async () => {
      const picked = picky()
      await secrets.get(TOKEN, { schema: picked })
      return new WeakRef(picked)
    })()
    await untilCollected(async () => {
      await clock.settle()
      return schema.deref() === undefined
    })
    expect(schema.deref()).toBeUndefined()
  })
})

async function holdForAMoment({ secrets }: TallyRig, how?: "with a callback"): Promise<void> {
  const handle = await secrets.get(TOKEN, { schema: picky() })
  if (how === "with a callback") handle.onRotate(() => undefined)
}
