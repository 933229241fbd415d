import { describe, expect, it } from "vitest"
import { gate } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("a derived secret", () => {
  it("is as live as what it is derived from, and derives once per version", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    let derived = 0
    const url = token.map(text => {
      derived += 1
      return new URL(`https://tally.so/${text}`)
    })
    expect(url.reveal().pathname).toBe(`/${value("first")}`)
    expect(url.reveal()).toBe(url.reveal())
    await change(value("second"))
    expect(url.reveal().pathname).toBe(`/${value("second")}`)
    await change(value("second"))
    await secrets.refresh()
    expect(derived).toBe(2)
    expect([url.name, url.status.version]).toEqual([TOKEN, "v3"])
  })

  it("may be derived from a derived one, and from a field", async () => {
    const { secrets, change, value } = tallyRig({}, value => ({ db: JSON.stringify({ user: value("u1") }) }))
    const user = await secrets.get("db#user")
    const long = user
      .map(text => `${text}@host`)
      .map(text => text.length)
      .map(length => ({ length }))
    expect(long.reveal()).toEqual({ length: value("u1").length + 5 })
    await change(JSON.stringify({ user: value("u1-longer") }), "db")
    expect(long.reveal()).toEqual({ length: value("u1-longer").length + 5 })
    expect(long.name).toBe("db#user")
  })

  it("stays live, and keeps its say, when only it is held", async () => {
    const { secrets, change, value } = tallyRig()
    const derived = (await secrets.get(TOKEN)).map(text => text.split("-")[0])
    await change(value("second"))
    expect(derived.reveal()).toBe("second")
  })

  it("has a previous value, and calls back, with what it derives", async () => {
    const { secrets, change, value } = tallyRig()
    const shout = (await secrets.get(TOKEN)).map(text => ({ shout: text.toUpperCase() }))
    const told: unknown[] = []
    shout.onRotate(({ current, previous }) => void told.push([current.reveal(), previous?.reveal()]))
    await change(value("second"))
    const [first, second] = [value("first"), value("second")].map(text => ({ shout: text.toUpperCase() }))
    expect(told).toEqual([[second, first]])
    expect(shout.previous?.reveal()).toEqual(first)
  })

  it("has the previous value also when it was derived after the change", async () => {
    const { secrets, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    expect(token.map(text => text.length).previous?.reveal()).toBe(value("first").length)
    const picky = token.map(text => {
      if (text === value("first")) throw new Error(text)
      return text
    })
    expect([picky.reveal(), picky.previous]).toEqual([value("second"), undefined])
  })

  it("can be used, and gets the other value for its second try", async () => {
    const { secrets, store, value } = tallyRig()
    const header = (await secrets.get(TOKEN)).map(text => `Bearer ${text}`)
    const used: string[] = []
    store.faults.change(answer => ({ ...answer, value: value("second"), version: "v2" }))
    const status = await header.use(async sent => {
      used.push(sent)
      return { status: sent.includes("second") ? 200 : 401 }
    })
    expect(status).toEqual({ status: 200 })
    expect(used).toEqual([`Bearer ${value("first")}`, `Bearer ${value("second")}`])
  })

  it("is not made if its function throws, and says so with a fixed text", async () => {
    const { secrets, failure, change, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    const refusing = (text: string) => {
      throw new Error(text)
    }
    for (const derived of [() => token.map(refusing), () => token.map(text => text).map(refusing)]) {
      const error = await failure(derived)
      expect([error.code, error.secret]).toEqual(["INVALID_VALUE", TOKEN])
      expect(error.message).toContain("the function given to map() does not accept the value")
    }
    // It has no say afterwards.
    await change(value("second"))
    expect(token.reveal()).toBe(value("second"))
  })

  it("refuses a new version for which its function throws: all keep the old one", async () => {
    const { secrets, change, value, saidOf, canary } = tallyRig()
    const token = await secrets.get(TOKEN)
    const number = token.map(text => {
      if (!text.startsWith("first")) throw new RangeError(text)
      return text.length
    })
    await change(value("second"))
    expect([token.reveal(), number.reveal()]).toEqual([value("first"), value("first").length])
    expect(saidOf("refused")).toEqual([
      { is: "refused", secret: TOKEN, version: "v2", code: "INVALID_VALUE", by: TOKEN },
    ])
    expect(secrets.health()).toMatchObject({ status: "degraded", ready: true, secrets: [{ refused: "v2" }] })
    canary.watch(number, saidOf("refused"))
  })

  it("waits for the schema of what it is derived from", async () => {
    const { secrets, change, value, clock } = tallyRig()
    const judging = gate()
    let judged = 0
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: async (given: unknown) => {
          judged += 1
          if (judged > 1) await judging.promise
          return { value: String(given) }
        },
      },
    }
    const derived = (await secrets.get(TOKEN, { schema })).map(text => text.length)
    await change(value("second, longer"))
    expect(derived.reveal()).toBe(value("first").length)
    judging.open()
    await clock.settle()
    expect(derived.reveal()).toBe(value("second, longer").length)
  })
})
