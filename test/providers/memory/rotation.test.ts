import { memory } from "latchkey/memory"
import { type LedgerHarness, testLedger } from "latchkey/testing"
import { describe, expect, it } from "vitest"
import type { RotationJournal } from "../../../src/core/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { calm, errorOf, names, reveal } from "../calls.ts"

function harness(): LedgerHarness {
  const canary = newCanary()
  const store = canary.watch(memory({ "other/secret": canary.text }))
  return {
    store,
    promises: { promotion: "conditional" },
    put: async (name, value) => void (await store.write(name, value, calm)),
    remove: async name => await store.delete(name, calm),
    async close() {},
  }
}

testLedger("memory", harness, framework)

const rotationId = "r1"
const journal: RotationJournal = {
  schema: 1,
  seq: 1,
  state: "claimed",
  owner: "o",
  leaseUntil: 0,
  attempt: 0,
}

describe("rotating in memory", () => {
  it("keeps its own copy of bytes, and gives copies", async () => {
    const store = memory({ a: Uint8Array.of(1) })
    const ledger = store.rotation()
    const value = Uint8Array.of(0xff, 2)
    await ledger.park("a", { ...calm, rotationId, value })
    value[1] = 9
    const kept = (await ledger.kept("a", { ...calm, rotationId }))?.value as Uint8Array
    expect(kept).toEqual(Uint8Array.of(0xff, 2))
    kept[1] = 9
    expect((await ledger.kept("a", { ...calm, rotationId }))?.value).toEqual(Uint8Array.of(0xff, 2))
  })

  it("tells those who watch of a promotion, and of nothing before it", async () => {
    const store = memory({ a: "1" })
    const hints: (string | undefined)[] = []
    await store.watch(name => hints.push(name), { ...calm, failed: () => undefined })
    const ledger = store.rotation()
    await ledger.journals?.save("a", journal, { ...calm, expectSeq: 0 })
    await ledger.park("a", { ...calm, rotationId, value: "2" })
    expect(hints).toEqual([])
    await ledger.promote("a", { ...calm, rotationId, value: "2", expectBase: "v1", journal: () => journal })
    expect(hints).toEqual(["a"])
    await store.close()
  })

  it("does not give a value from before that somebody switched off", async () => {
    const store = memory({ a: "1" })
    const ledger = store.rotation()
    const options = { ...calm, rotationId, value: "2", expectBase: "v1", journal: () => journal }
    const { previous = "" } = await ledger.promote("a", options)
    expect((await ledger.kept("a", { ...calm, rotationId, reference: previous }))?.value).toBe("1")
    store.disable("a", previous)
    expect(await ledger.kept("a", { ...calm, rotationId, reference: previous })).toBeUndefined()
  })

  it("keeps what it keeps of a secret out of reach, and of other stores", async () => {
    const [store, other] = [memory({ a: "1" }), memory({ a: "1" })]
    await store.rotation().journals?.save("a", journal, { ...calm, expectSeq: 0 })
    const { reference } = await store.rotation().park("a", { ...calm, rotationId, value: "2" })
    expect(await names(store.list(calm))).toEqual(["a"])
    expect((await errorOf(store.read(reference, calm))).code).toBe("INVALID_NAME")
    expect(await reveal(store, "a")).toBe("1")
    expect(await other.rotation().journals?.load("a", calm)).toEqual({})
    const places = [store, other].map(async one => await one.rotation().placeOf?.("a", calm))
    expect(new Set(await Promise.all(places)).size).toBe(2)
  })
})
