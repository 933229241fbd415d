import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { defineStore, type SecretValue, type ValueLimits } from "../../src/index.ts"
import { newCanary } from "../support/canary.ts"

const calm = { signal: new AbortController().signal }

/** A store of some values, which notes what reaches it. */
function storeOf(values?: ValueLimits) {
  const inner = memory()
  const written: SecretValue[] = []
  const store = defineStore({
    kind: "limited",
    location: "limited:",
    names: { rule: "any", toNative: name => name, toPortable: name => name, holds: () => true },
    capabilities: { ...inner.capabilities, batchSize: 1, binary: true },
    ...(values && { values }),
    read: async (name, options) => await inner.read(name, options),
    async write(name, value, options) {
      written.push(value)
      return await inner.write(name, value, options)
    },
    async ping() {},
    async close() {},
  })
  return { store, written }
}

describe("a value", () => {
  it.each<[string, SecretValue]>([
    ["text", "x".repeat(2_000)],
    ["text that is larger in UTF-8", "é".repeat(1_000)],
    ["bytes", new Uint8Array(2_000)],
  ])("as large as the store holds is written, and a larger one refused: %s", async (_, value) => {
    const { store, written } = storeOf({ largest: 2_000 })
    await store.write("token", value, calm)
    const larger = typeof value === "string" ? `${value}y` : new Uint8Array(2_001)
    await expect(store.write("token", larger, calm)).rejects.toMatchObject({
      code: "INVALID_VALUE",
      secret: "token",
      store: "limited:",
      plainMessage: "the value is larger than the 2,000 bytes that are held here",
    })
    expect(written).toEqual([value])
  })

  it.each<SecretValue>([
    "",
    new Uint8Array(),
  ])("that is empty is one, except where none is held", async value => {
    const all = [storeOf(), storeOf({ largest: 1 }), storeOf({ largest: 1, empty: false })] as const
    await all[0].store.write("token", value, calm)
    await all[1].store.write("token", value, calm)
    await expect(all[2].store.write("token", value, calm)).rejects.toMatchObject({
      code: "INVALID_VALUE",
      hint: "delete the secret instead",
    })
    expect(all.map(({ written }) => written.length)).toEqual([1, 1, 0])
  })

  it("that is no text is refused everywhere, because it would be written as another one, and is not quoted", async () => {
    const canary = newCanary()
    for (const { store, written } of [storeOf(), storeOf({ largest: 1 })]) {
      const call = store.write("token", `${canary.text}\ud800`, calm)
      const error = canary.watch(await call.catch((thrown: unknown) => thrown))
      expect(error).toMatchObject({ code: "INVALID_VALUE", hint: "store it as base64" })
      expect(written).toEqual([])
    }
  })
})
