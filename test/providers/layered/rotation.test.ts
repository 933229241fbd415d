import { dotenv } from "latchkey/dotenv"
import { env } from "latchkey/env"
import { layered } from "latchkey/layered"
import { memory } from "latchkey/memory"
import { type LedgerHarness, testLedger } from "latchkey/testing"
import { describe, expect, it } from "vitest"
import type { RotationJournal, RotationLedger, SecretStore } from "../../../src/core/index.ts"
import { SecretError } from "../../../src/core/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { type ReferenceLedgerOptions, referenceLedger } from "../../testing/reference-ledger.ts"
import { calm, errorOf, reveal } from "../calls.ts"
import { oldFile } from "../files.ts"

/** Layers of two stores in memory, with the secrets in one of them. */
function inMemory(place: "upper" | "lower"): LedgerHarness {
  const canary = newCanary()
  const other = memory({ "other/secret": canary.text })
  const home = memory()
  const upper: SecretStore = place === "upper" ? home : env({ env: { UPPER__SECRET: canary.text } })
  const layers = [upper, place === "upper" ? other : home] as const
  return {
    store: canary.watch(layered(layers)),
    promises: { promotion: "conditional" },
    replica: () => layered(layers),
    withPrefix: prefix => layered(layers, { prefix }),
    put: async (name, value) => void (await home.write(name, value, calm)),
    remove: async name => await home.delete(name, calm),
    async close() {},
  }
}

testLedger("layered, with the secrets in the upper layer", () => inMemory("upper"), framework)
testLedger("layered, with the secrets in the lower layer", () => inMemory("lower"), framework)

/** A layer that rotates in some way, with one secret. */
async function layer(options: ReferenceLedgerOptions, name: string): Promise<SecretStore> {
  const { store, put } = referenceLedger(options)
  await put(name, `value of ${name}`)
  return store
}

/** A store whose ledger cannot be used as it was made. */
function unusable(): SecretStore {
  return {
    ...memory({ a: "1" }),
    rotation: () => {
      throw new SecretError("UNSUPPORTED", { message: "not as it was made", hint: "make it otherwise" })
    },
  }
}

const journal: RotationJournal = {
  schema: 1,
  seq: 1,
  state: "claimed",
  owner: "o",
  leaseUntil: 0,
  attempt: 0,
}
const rotationId = "r1"

async function rotate(ledger: RotationLedger, name: string, value: string): Promise<void> {
  const base = (await ledger.current?.(name, calm))?.version
  await ledger.journals?.save(name, { ...journal, ...(base && { base }) }, { ...calm, expectSeq: 0 })
  await ledger.park(name, { ...calm, rotationId, value })
  const expectBase = base === undefined ? {} : { expectBase: base }
  await ledger.promote(name, { ...calm, rotationId, value, ...expectBase, journal: () => journal })
}

describe("rotating in layers", () => {
  it("is what the layer does in which the secret lives, and means the same to who knows that alone", async () => {
    const path = await oldFile("A=1\n")
    const [upper, lower] = [dotenv(path), memory({ b: "2" })]
    const store = layered([upper, lower])
    await rotate(store.rotation(), "a", "one")
    await rotate(store.rotation(), "b", "two")
    expect([await reveal(upper, "a"), await reveal(lower, "b")]).toEqual(["one", "two"])
    for (const [layer, name] of [
      [upper, "a"],
      [lower, "b"],
    ] as const) {
      const ledger = layer.rotation()
      const here = await store.rotation().journals?.load(name, calm)
      expect(here?.journal?.base).toBeDefined()
      expect(await ledger.journals?.load(name, calm)).toEqual(here)
      expect((await ledger.kept(name, { ...calm, rotationId }))?.value).toBe(await reveal(layer, name))
      const place = await store.rotation().placeOf?.(name, calm)
      expect(await ledger.placeOf?.(name, calm)).toBe(place)
    }
    expect((await lower.rotation().journals?.load("a", calm))?.journal).toBeUndefined()
    expect((await lower.rotation().journals?.load("b", calm))?.journal?.base).toBe("v1")
    expect(await store.rotation().current?.("b", calm)).toEqual({ version: "v2", value: "two" })
  })

  it("tells when the value expires, where the layer does, and nothing of one that is gone", async () => {
    const store = memory()
    const expiresAt = new Date("2030-01-01T00:00:00Z")
    const { version } = await store.write("a", "1", { ...calm, expiresAt })
    const ledger = layered([env({ env: {} }), store]).rotation()
    expect(await ledger.current?.("a", calm)).toEqual({ version, value: "1", expiresAt })
    await store.delete("a", calm)
    expect(await ledger.current?.("a", calm)).toBeUndefined()
    await store.write("b", "1", calm)
    store.disable("b")
    expect((await errorOf(() => ledger.current?.("b", calm))).code).toBe("DISABLED")
  })

  it("says where all of its journals are, and what a secret needs, once it knows where that is", async () => {
    const path = await oldFile("A=1\n")
    const ledger = layered([memory({ b: "2" }), dotenv(path)]).rotation()
    expect(ledger.journals?.location).toMatch(/^memory:, dotenv:.*\.env\.latchkey\)$/)
    expect(ledger.permissions("a")).toEqual([])
    await ledger.current?.("a", calm)
    expect(ledger.permissions("a").map(({ on }) => on)).toContain(`${path}.latchkey`)
  })

  it("is refused for a secret in a layer that cannot rotate, which hides those below", async () => {
    const lower = memory({ a: "lower" })
    const ledger = layered([env({ env: { A: "upper" } }), lower]).rotation()
    for (const call of [
      () => ledger.check("a", calm),
      () => ledger.journals?.save("a", journal, { ...calm, expectSeq: 0 }),
      () => ledger.park("a", { ...calm, rotationId, value: "x" }),
      () => ledger.promote("a", { ...calm, rotationId, value: "x", journal: () => journal }),
    ]) {
      const error = await errorOf(call)
      expect(error).toMatchObject({ code: "UNSUPPORTED", secret: "a" })
      expect(error.message).toContain("cannot be rotated")
      expect(error.hint).toContain("env:")
      expect(error.outcome).toBeUndefined()
    }
    expect(await reveal(lower, "a")).toBe("lower")
    expect(await lower.rotation().journals?.load("a", calm)).toEqual({})
  })

  it("begins for a new secret in the first layer that can write", async () => {
    const [upper, lower] = [memory(), memory()]
    const ledger = layered([env({ env: {} }), upper, lower]).rotation()
    await rotate(ledger, "new/one", "x")
    expect(await reveal(upper, "new/one")).toBe("x")
    expect((await errorOf(lower.read("new/one", calm))).code).toBe("NOT_FOUND")
    const { rotation: _, ...writes } = memory()
    const refusing = layered([writes as SecretStore, lower]).rotation
    expect((await errorOf(() => refusing?.().check("new/one", calm))).code).toBe("UNSUPPORTED")
  })

  it("stays with the layer in which the secret was found, and does not begin once a layer above has it", async () => {
    const [upper, lower] = [memory(), memory({ a: "1" })]
    const store = layered([upper, lower])
    const ledger = store.rotation()
    await ledger.check("a", calm)
    await upper.write("a", "hiding", calm)
    const error = await errorOf(ledger.check("a", calm))
    expect(error).toMatchObject({ code: "UNSUPPORTED", secret: "a" })
    expect(error.message).toContain("hides")
    await rotate(ledger, "a", "2")
    expect([await reveal(upper, "a"), await reveal(lower, "a")]).toEqual(["hiding", "2"])
    await upper.delete("a", calm)
    await ledger.check("a", calm)
  })

  it("does not begin while a layer above cannot say whether it has the secret", async () => {
    const [upper, lower] = [memory(), memory({ a: "1" })]
    let isDown = false
    const flapping: SecretStore = {
      ...upper,
      read: async (name, options) => {
        if (isDown) throw new SecretError("UNAVAILABLE")
        return await upper.read(name, options)
      },
    }
    const ledger = layered([flapping, lower]).rotation()
    await ledger.check("a", calm)
    isDown = true
    expect((await errorOf(ledger.check("a", calm))).code).toBe("UNAVAILABLE")
  })

  it("is not there where no layer rotates, and refused where none can as it was made", async () => {
    expect("rotation" in layered([env({ env: {} })])).toBe(false)
    const { rotation } = layered([env({ env: {} }), unusable()])
    const error = await errorOf(() => rotation?.())
    expect(error).toMatchObject({ code: "UNSUPPORTED", hint: "make it otherwise" })
  })

  it("leaves alone a layer that cannot as it was made, until its secret is meant", async () => {
    const { rotation } = layered([unusable(), memory({ b: "2" })])
    await rotation?.().check("b", calm)
    expect(await errorOf(() => rotation?.().check("a", calm))).toMatchObject({ hint: "make it otherwise" })
  })

  it.each([
    ["promote in two ways", { promises: { promotion: "detected", journals: false } }],
    ["keep journals, and do not", { promises: { journals: false } }],
  ] as const)("is refused where the layers %s", async (_, options) => {
    const { rotation } = layered([memory({ a: "1" }), await layer(options, "b")])
    const error = await errorOf(() => rotation?.())
    expect(error.code).toBe("MISCONFIGURED")
    expect(error.hint).toContain("the store of the layer")
  })

  it("lists the versions since another one in the layer's own terms, where that is needed", async () => {
    const options = { promises: { promotion: "detected", journals: false } } as const
    const [upper, lower] = [await layer(options, "a"), await layer(options, "b")]
    const ledger = layered([upper, lower]).rotation?.()
    const { version } = await lower.read("b", calm)
    expect(await ledger?.since?.("b", calm)).toEqual([{ version }])
    expect(await ledger?.since?.("b", { ...calm, base: version })).toEqual([])
    expect(ledger?.journals).toBeUndefined()
  })
})
