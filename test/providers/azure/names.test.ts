import { azure } from "latchkey/azure"
import { describe, expect, it } from "vitest"

const store = azure({ vault: "my-vault" })

describe("the names of Key Vault", () => {
  it("take every portable name, with two hyphens for a slash, and each back", () => {
    for (const name of ["tally/api-token", "a", "a-b/c-d", "a1/b-2c/d"]) {
      expect(store.canonical(name)).toBe(name)
      expect(store.canonical(name.replaceAll("/", "--"))).toBe(name)
    }
  })

  it("are the same whatever their case, so that a secret is read and cached once", () => {
    expect(store.canonical("Tally--API-Token")).toBe("tally/api-token")
    expect(store.canonical("MyApp-")).toBe("myapp-")
  })

  it("have letters, digits and hyphens only, because the SDK would send anything", () => {
    for (const name of ["with_underscore", "with.dot", "a b", "ключ", "a:b", "a?b", "Mixed/Case", "a#b"])
      expect(() => store.canonical(name)).toThrow("INVALID_NAME")
    expect(() => store.canonical("with_underscore")).toThrow('1 to 127 of a-z, 0-9 and "-"')
  })

  it("have at most 127 characters, counted as they are written there", () => {
    expect(store.canonical("a".repeat(127))).toHaveLength(127)
    expect(() => store.canonical("a".repeat(128))).toThrow("INVALID_NAME")
    expect(store.canonical(`${"a/".repeat(42)}b`)).toHaveLength(85)
    expect(() => store.canonical(`${"a/".repeat(43)}b`)).toThrow("INVALID_NAME")
  })

  it("are renamed to what they are called there, in any case", () => {
    const renamed = azure({ vault: "my-vault", rename: { "tally/api-token": "TallyApiKey" } })
    expect(renamed.canonical("TALLYApiKey")).toBe("tally/api-token")
    expect(() => azure({ vault: "my-vault", rename: { "tally/api-token": "tally_key" } })).toThrow(
      "MISCONFIGURED",
    )
  })
})
