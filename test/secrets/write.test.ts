import { describe, expect, it } from "vitest"
import { env } from "../../providers/env/index.ts"
import type { StoreWith } from "../../src/core/index.ts"
import type { Secrets } from "../../src/secrets/index.ts"
import { gate, rig, scripted, stateOf } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("put()", () => {
  it("resolves with the version, which handles then show", async () => {
    const { secrets, value, saidOf, store } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    const told: string[] = []
    token.onRotate(({ version }) => void told.push(version))
    const reads = store.calls.count("read")
    expect(await secrets.put(TOKEN, value("second"))).toBe("v2")
    expect([token.reveal(), token.status.version, token.previous?.reveal()]).toEqual([
      value("second"),
      "v2",
      value("first"),
    ])
    expect(saidOf("accepted").at(-1)).toMatchObject({ version: "v2", previousVersion: "v1", changed: true })
    expect(store.calls.count("read")).toBe(reads)
    await secrets.get(TOKEN)
    expect(told).toEqual(["v2"])
  })

  it("writes a new secret, without reading it", async () => {
    const { secrets, value, store } = tallyRig()
    expect(await secrets.put("new", value("new"), { expect: "absent" })).toBe("v1")
    expect(store.calls.count("read", "new")).toBe(0)
    expect((await secrets.get("new")).reveal()).toBe(value("new"))
  })

  it("keeps what it wrote, whatever that is", async () => {
    const { secrets, canary } = tallyRig()
    for (const odd of [
      "",
      " ",
      "\0",
      "a\r\nb\n",
      `${canary.text}\u2028`,
      "x".repeat(1 << 20),
      Uint8Array.of(),
      canary.bytes,
    ]) {
      await secrets.put("odd", odd)
      const { signal } = new AbortController()
      const stored = await secrets.store.read("odd", { signal })
      expect(stored.value).toEqual(odd)
    }
  })

  it("refuses what no store could give back as it is, and sends nothing", async () => {
    const { secrets, value, failure, store } = tallyRig()
    for (const odd of [`${value("lone")}\ud800`, 5, undefined, null, [1], new ArrayBuffer(1)]) {
      const error = await failure(secrets.put(TOKEN, odd as string))
      expect([error.code, error.secret]).toEqual(["INVALID_VALUE", TOKEN])
    }
    expect(store.calls.count("write")).toBe(0)
  })

  it("refuses a single field, with the way that there is", async () => {
    const { secrets, value, failure, store } = tallyRig()
    const error = await failure(secrets.put("db#password", value("x")))
    expect([error.code, error.secret]).toEqual(["UNSUPPORTED", "db#password"])
    expect(error.hint).toContain("write the whole secret")
    expect((await failure(secrets.delete("db#password"))).code).toBe("UNSUPPORTED")
    expect(store.calls.count("write") + store.calls.count("delete")).toBe(0)
  })

  it("refuses names and options that do not exist", async () => {
    const { secrets, value, failure, store } = tallyRig()
    expect((await failure(secrets.put("a//b", value("x")))).code).toBe("INVALID_NAME")
    expect((await failure(secrets.put("", value("x")))).code).toBe("INVALID_NAME")
    expect((await failure(secrets.put(TOKEN, value("x"), { expects: "v1" } as never))).code).toBe(
      "MISCONFIGURED",
    )
    expect(store.calls.count("write")).toBe(0)
  })

  it("is UNSUPPORTED where the store cannot write, as is delete()", async () => {
    const { secrets, value, failure } = tallyRig()
    const readOnly = rig(() => env({ env: { A: "a" } }))
    expect(readOnly.secrets.supports("write")).toBe(false)
    expect(secrets.supports("write")).toBe(true)
    const forced = readOnly.secrets as unknown as Secrets<StoreWith<"write" | "delete">>
    for (const call of [forced.put("a", value("x")), forced.delete("a")]) {
      const error = await failure(call)
      expect([error.code, error.secret, error.outcome]).toEqual(["UNSUPPORTED", "a", undefined])
    }
  })

  it("writes only over the version that is expected", async () => {
    const { secrets, change, value, failure } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    const error = await failure(secrets.put(TOKEN, value("third"), { expect: token.status.version }))
    expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
    expect(token.reveal()).toBe(value("first"))
    expect((await failure(secrets.put(TOKEN, value("third"), { expect: "absent" }))).code).toBe("CONFLICT")
    expect(await secrets.put(TOKEN, value("third"), { expect: "v2" })).toBe("v3")
  })

  it("makes changes to one name one after another, in the order in which they were asked for", async () => {
    const { secrets, value, store, clock } = tallyRig()
    const token = await secrets.get(TOKEN)
    store.faults.hang("write", { times: 1 })
    const seen: string[] = []
    token.onRotate(({ current }) => void seen.push(current.reveal()))
    const puts = ["second", "third", "fourth"].map(word => secrets.put(TOKEN, value(word)))
    const other = secrets.put("other", value("other"))
    await other
    expect(store.calls.count("write", TOKEN)).toBe(1)
    await store.faults.release()
    expect(await Promise.all(puts)).toEqual(["v2", "v3", "v4"])
    expect(store.calls.mostAtOnce("write", TOKEN)).toBe(1)
    await clock.settle()
    expect([token.reveal(), seen.at(-1)]).toEqual([value("fourth"), value("fourth")])
  })

  it("goes on behind one that failed", async () => {
    const { secrets, value, store, failure } = tallyRig()
    store.faults.fail("write", "DENIED", { times: 1 })
    const [one, other] = [failure(secrets.put(TOKEN, value("second"))), secrets.put(TOKEN, value("third"))]
    expect((await one).code).toBe("DENIED")
    expect(await other).toBe("v2")
  })

  it("is one version for what two write at the same time who expect the same", async () => {
    const { secrets, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    const results = await Promise.allSettled(
      ["a", "b"].map(word => secrets.put(TOKEN, value(word), { expect: "v1" })),
    )
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
    expect(token.reveal()).toBe(value("a"))
  })

  it("drops the answer of a read that began before", async () => {
    const { secrets, value, store, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("read", { when: "after" })
    const reading = secrets.refresh()
    await clock.settle()
    await secrets.put(TOKEN, value("second"))
    await store.faults.heal()
    await reading
    expect(token.reveal()).toBe(value("second"))
  })

  it("does not let the answer of such a read move the version back either, where the value is the same", async () => {
    const { secrets, value, store, clock, saidOf } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("read", { when: "after" })
    const reading = secrets.refresh()
    await clock.settle()
    await secrets.put(TOKEN, value("first"))
    await store.faults.heal()
    await reading
    expect([token.status.version, saidOf("accepted").length]).toEqual(["v2", 2])
  })

  it("drops the answer of the very first read, too", async () => {
    const { secrets, value, store, clock, saidOf } = tallyRig({ refresh: "on-read" })
    store.faults.hang("read", { when: "after" })
    const reading = secrets.get(TOKEN)
    await clock.settle()
    await secrets.put(TOKEN, value("second"))
    await store.faults.heal()
    expect((await reading).reveal()).toBe(value("second"))
    expect(saidOf("accepted")).toMatchObject([{ version: "v2" }])
  })

  it("is refused by a handle's schema like any new version, and is in the store all the same", async () => {
    const { secrets, value, saidOf } = tallyRig()
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (given: unknown) =>
          String(given).startsWith("first")
            ? { value: String(given) }
            : { issues: [{ message: String(given) }] },
      },
    }
    const token = await secrets.get(TOKEN, { schema })
    expect(await secrets.put(TOKEN, value("second"))).toBe("v2")
    expect(token.reveal()).toBe(value("first"))
    expect(saidOf("refused")).toMatchObject([{ version: "v2", by: TOKEN }])
  })

  it("brings a withdrawn secret back", async () => {
    const { secrets, value, saidOf } = tallyRig()
    const token = await secrets.get(TOKEN)
    await secrets.delete(TOKEN)
    await secrets.put(TOKEN, value("first"))
    expect(token.reveal()).toBe(value("first"))
    expect(saidOf("recovered")).toHaveLength(1)
  })
})

describe("a write beside changes of others", () => {
  it("leaves what a read has brought that began after it where the store holds that", async () => {
    const { secrets, change, value, store, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("write", { when: "after", times: 1 })
    const putting = secrets.put(TOKEN, value("ours"))
    await clock.settle()
    await change(value("theirs"))
    await secrets.refresh()
    expect(token.reveal()).toBe(value("theirs"))
    await store.faults.release()
    expect(await putting).toBe("v2")
    expect(token.reveal()).toBe(value("theirs"))
  })
})

describe("a store that was given a value", () => {
  it("may hand it back in the version's own time", async () => {
    const written = gate<{ version: string; current: boolean; readable: boolean }>()
    const { secrets, canary, clock } = rig(() => scripted({ write: () => written.promise }))
    const putting = secrets.put("a", canary.text)
    expect(await stateOf(putting, clock)).toBe("pending")
    written.open({ version: "w1", current: true, readable: true })
    expect(await putting).toBe("w1")
  })
})
