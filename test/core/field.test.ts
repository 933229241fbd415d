import { describe, expect, it } from "vitest"
import { fieldOf, type SecretError, type SecretValue } from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const failure = (value: SecretValue, field: string): SecretError => {
  try {
    fieldOf(value, field, `db#${field}`)
  } catch (thrown) {
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

describe("a field of a secret", () => {
  const value = JSON.stringify({
    user: "admin",
    port: 5432,
    tls: true,
    none: null,
    empty: "",
    hosts: ["one", { name: "two" }],
    "a/b": "slash",
    "m~n": "tilde",
    "~1": "tilde one",
    "/lead": "leading slash",
    "": "nameless",
    "#hash": "hash",
    nested: { "": { x: "deep" } },
  })
  const fields: [field: string, found: string][] = [
    ["user", "admin"],
    ["empty", ""],
    ["port", "5432"],
    ["tls", "true"],
    ["none", "null"],
    ["hosts", '["one",{"name":"two"}]'],
    ["a/b", "slash"],
    ["m~n", "tilde"],
    ["#hash", "hash"],
    ["/user", "admin"],
    ["/hosts/0", "one"],
    ["/hosts/1/name", "two"],
    ["/hosts/1", '{"name":"two"}'],
    ["/a~1b", "slash"],
    ["/m~0n", "tilde"],
    ["/~01", "tilde one"],
    ["/~1lead", "leading slash"],
    ["/", "nameless"],
    ["/nested//x", "deep"],
  ]
  for (const [field, found] of fields) {
    it(`is found by ${field}`, () => expect(fieldOf(value, field, `db#${field}`)).toBe(found))
  }

  const missing = [
    "password",
    "User",
    "user ",
    "/password",
    "/hosts/2",
    "/hosts/-1",
    "/hosts/-",
    "/hosts/00",
    "/hosts/01",
    "/hosts/1e0",
    "/hosts/length",
    "/hosts/length/x",
    "/user/0",
    "/user/length",
    "/port/toFixed",
    "/none/x",
    "length",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "/__proto__/toString",
    "/constructor/name",
    "/hosts/constructor",
    "/nested/x",
  ]
  for (const field of missing) {
    it(`is not found by ${field}`, () => {
      const error = failure(value, field)
      expect(error).toMatchObject({ code: "INVALID_VALUE", secret: `db#${field}` })
      expect(error.message).toContain("the secret has no such field")
    })
  }

  it("is an element of an array that is the secret itself", () => {
    expect(fieldOf('["a","b"]', "1", "db#1")).toBe("b")
    expect(fieldOf('["a","b"]', "/0", "db#/0")).toBe("a")
    expect(failure('["a"]', "length").code).toBe("INVALID_VALUE")
  })

  it("may be called like a key of every object, where the JSON has it", () => {
    const odd = '{"__proto__":"own","constructor":{"name":"own too"}}'
    expect(fieldOf(odd, "__proto__", "db#__proto__")).toBe("own")
    expect(fieldOf(odd, "/constructor/name", "db#/constructor/name")).toBe("own too")
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  const unfit: Record<string, (canary: string) => SecretValue> = {
    "is no JSON": canary => canary,
    "is JSON up to its end": canary => `{"password":"${canary}"`,
    "is a short text that a parser quotes whole": canary => canary.slice(0, 12),
    "is bytes": canary => Uint8Array.from(Buffer.from(JSON.stringify({ password: canary }))),
    "is empty": () => "",
    "begins with a byte-order mark": canary => `\uFEFF{"password":"${canary}"}`,
  }
  for (const [what, make] of Object.entries(unfit)) {
    it(`is not looked for in a value that ${what}, and the message does not quote it`, () => {
      const canary = newCanary()
      const error = failure(make(canary.text), "password")
      expect(error.code).toBe("INVALID_VALUE")
      expect(error.message).toContain("the value is not JSON")
      expectNoLeak(canary, error)
    })
  }

  it("is not found in JSON that is neither an object nor an array", () => {
    for (const scalar of ['"text"', "7", "true", "null"])
      expect(failure(scalar, "0").message).toContain("the secret has no such field")
  })

  it.each([
    "12345678901234567890",
    "-0",
    "1e400",
    "1.10",
    "0.1000000000000000055511151231257827",
  ])("that is the number %s is its text, also within what is picked as a whole", number => {
    const json = `{"id":${number},"all":{"ids":[${number},"${number}"],"t":true}}`
    expect(fieldOf(json, "id", "db#id")).toBe(number)
    expect(fieldOf(json, "/all/ids/0", "db#/all/ids/0")).toBe(number)
    expect(fieldOf(json, "all", "db#all")).toBe(`{"ids":[${number},"${number}"],"t":true}`)
    for (const within of ["/id/rawJSON", "/id/0", "/id/length"])
      expect(failure(json, within).message).toContain("no such field")
  })

  it("that is nested too deeply to be written as JSON again is refused", () => {
    const canary = newCanary()
    const deep = `{"a":${"[".repeat(200_000)}"${canary.text}"${"]".repeat(200_000)}}`
    const error = failure(deep, "a")
    expect(error.code).toBe("INVALID_VALUE")
    expectNoLeak(canary, error)
  })
})
