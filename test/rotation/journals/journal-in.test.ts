import { isSecretError, type SecretError } from "latchkey"
import { azure } from "latchkey/azure"
import { gcp } from "latchkey/gcp"
import { layered } from "latchkey/layered"
import { memory } from "latchkey/memory"
import { faulty, testLedger } from "latchkey/testing"
import { describe, expect, it } from "vitest"
import { isPortableName, type JournalKeeper } from "../../../src/core/index.ts"
import { journalIn } from "../../../src/rotation/journals/index.ts"
import { framework } from "../../support/framework.ts"
import { calm, journalOf, withJournals } from "./beside.ts"

testLedger(
  "memory, with its journals in another store",
  () => {
    const [secrets, journals] = [memory(), memory()]
    const beside = () => withJournals(secrets, of => journalIn(journals, { of }))
    const store = beside()
    return {
      store,
      promises: { promotion: "conditional" },
      replica: beside,
      put: async (name, value) => void (await secrets.write(name, value, calm)),
      remove: async name => await secrets.delete(name, calm),
      async close() {},
    }
  },
  framework,
)

/** A store that tells under which names journals are kept in it. */
function recording() {
  const names: string[] = []
  const store = memory()
  const { journals } = store.rotation()
  if (journals === undefined) throw new Error("a memory store keeps journals")
  const kept: JournalKeeper = {
    ...journals,
    save: async (name, journal, options) => {
      names.push(name)
      await journals.save(name, journal, options)
    },
  }
  return { names, store: { ...store, rotation: () => ({ ...store.rotation(), journals: kept }) } }
}

describe("journals in another store", () => {
  const vault = (options: object = {}) => azure({ vault: "my-vault", ...options })

  it("are those of the same secret, whatever prefix and renaming a program has", async () => {
    const journals = memory()
    const plain = journalIn(journals, { of: vault() })
    await plain.save("prod/token", journalOf(1, "one"), { ...calm, expectSeq: 0 })
    for (const [of, name] of [
      [vault({ prefix: "prod" }), "token"],
      [vault({ rename: { "other-name": "prod--token" } }), "other-name"],
      [vault(), "PROD--Token"],
    ] as const) {
      const { journal } = await journalIn(journals, { of }).load(name, calm)
      expect(journal?.owner).toBe("one")
    }
  })

  it("are others for a secret of the same name in another store, or elsewhere in the same", async () => {
    const journals = memory()
    await journalIn(journals, { of: vault() }).save("token", journalOf(1), { ...calm, expectSeq: 0 })
    for (const of of [
      azure({ vault: "my-vaults" }),
      vault({ prefix: "prod" }),
      vault({ prefix: "token" }),
      memory(),
    ])
      expect(await journalIn(journals, { of }).load("token", calm)).not.toHaveProperty("journal")
    expect(await journalIn(journals, { of: vault() }).load("token/token", calm)).not.toHaveProperty("journal")
    expect((await journalIn(journals, { of: vault() }).load("token", calm)).journal?.seq).toBe(1)
  })

  it("have names that every store holds, with what they are about in them", async () => {
    const { names, store } = recording()
    for (const [of, name] of [
      [vault(), "tally/api-token"],
      [vault(), "9-odd"],
      [azure({ vaultUrl: "https://127.0.0.1:8443" }), "x".repeat(127)],
      [gcp({ project: "p", location: "europe-west1", version: "current" }), "TALLY_API_KEY"],
    ] as const)
      await journalIn(store, { of }).save(name, journalOf(1), { ...calm, expectSeq: 0 })
    expect(names.every(isPortableName)).toBe(true)
    expect(new Set(names).size).toBe(4)
    expect(Math.max(...names.map(name => name.length))).toBeLessThan(120)
    expect(names[0]).toMatch(/^rotation-journals\/of-azure-my-vault-tally-api-token-h[0-9a-f]{24}$/)
    for (const name of names) expect(() => gcp({ project: "p" }).canonical(name)).not.toThrow()
  })

  it("find the place of a secret in layers, and through a store that is made to fail", async () => {
    const journals = memory()
    await journalIn(journals, { of: vault() }).save("token", journalOf(1, "one"), { ...calm, expectSeq: 0 })
    const under = [faulty(vault()), layered([memory(), memory()])] as const
    expect((await journalIn(journals, { of: under[0] }).load("token", calm)).journal?.owner).toBe("one")
    expect(await journalIn(journals, { of: under[1] }).load("token", calm)).not.toHaveProperty("journal")
  })

  it("are refused in a store that keeps none, and for what cannot be rotated", async () => {
    expect(errorOf(() => journalIn(vault(), { of: memory() })).code).toBe("MISCONFIGURED")
    const { rotation: _, ...readOnly } = memory()
    const keeper = journalIn(memory(), { of: readOnly })
    await expect(keeper.load("token", calm)).rejects.toMatchObject({ code: "UNSUPPORTED" })
    expect(errorOf(() => journalIn(memory(), { of: undefined as never })).code).toBe("MISCONFIGURED")
  })
})

function errorOf(call: () => unknown): SecretError {
  try {
    call()
  } catch (thrown) {
    if (isSecretError(thrown)) return thrown
  }
  throw new Error("the call did not fail with an error of ours")
}
