import { describe, expect, it } from "vitest"
import { decodeUrlPart, readStoreUrl, refuseCredentials, type SecretError } from "../../src/core/index.ts"
import { expectNoLeak, newCanary } from "../support/canary.ts"

const failure = (act: () => unknown): SecretError => {
  try {
    act()
  } catch (thrown) {
    expect((thrown as SecretError).code).toBe("MISCONFIGURED")
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

describe("the URL of a store", () => {
  it("is a path, names and parameters of the store's own, in their order", () => {
    const url = new URL(
      "dotenv:a%20b.env?file=x&prefix=prod&file=y&rename.tally/api-token=TALLY_API_KEY&mode=w",
    )
    expect(readStoreUrl(url, ["file", "mode", "other"])).toEqual({
      path: "a%20b.env",
      naming: { prefix: "prod", rename: { "tally/api-token": "TALLY_API_KEY" } },
      parameters: new Map([
        ["file", ["x", "y"]],
        ["mode", ["w"]],
      ]),
    })
  })

  it("may have nothing but a scheme", () => {
    expect(readStoreUrl(new URL("env:"))).toEqual({
      path: "",
      naming: { prefix: undefined, rename: {} },
      parameters: new Map(),
    })
  })

  it("keeps plus signs, decodes percent signs, and keeps what stands behind a second =", () => {
    const { parameters } = readStoreUrl(new URL("x:?file=a+b&file=c%2Bd%26e&file=f=g&file&&"), ["file"])
    expect(parameters.get("file")).toEqual(["a+b", "c+d&e", "f=g", ""])
  })

  const wrong: Record<string, [url: string, message: RegExp]> = {
    "an unknown parameter": [
      "x:?colour=red",
      /parameter "colour" that does not exist.*prefix, rename\.<name>, file/,
    ],
    "a host": ["x://host/path", /names a host/],
    "a fragment": ["x:path#field", /has a "#"/],
    "two prefixes": ["x:?prefix=a&prefix=b", /prefix= twice/],
    "one renaming twice": ["x:?rename.a=B&rename.a=C", /renames one name twice/],
    "a percent sign that begins no character": ["x:?file=100%", /"%" that begins no character/],
  }
  for (const [what, [url, message]] of Object.entries(wrong)) {
    it(`is refused with ${what}`, () => {
      expect(failure(() => readStoreUrl(new URL(url), ["file"])).message).toMatch(message)
    })
  }

  it("may have parameters of the store's own that are called like credentials", () => {
    const url = new URL("x:?auth=kubernetes&tokenFile=/run/token")
    expect([...readStoreUrl(url, ["auth", "tokenFile"]).parameters.keys()]).toEqual(["auth", "tokenFile"])
    expect(failure(() => readStoreUrl(url, ["auth"])).message).toContain("holds a credential")
    expect(failure(() => readStoreUrl(new URL("x://u@h?auth=a"), ["auth"])).message).toContain("credential")
  })

  it("names an unknown parameter that is a plain word", () => {
    expect(failure(() => readStoreUrl(new URL("x:?optionl=true"))).message).toContain('"optionl"')
  })

  it("is refused with a credential, wherever it stands, and never quoted", () => {
    const places = [
      "x://user:C@host/",
      "x://C@host/",
      "x:?token=C",
      "x:?accessKey=C",
      "x:?access_key=C",
      "x:?api-key=C",
    ]
    for (const place of [
      ...places,
      "x:?PASSWORD=C",
      "x:?sig=C",
      "x:?sv=1&sas=C",
      "x:?key=C",
      "x:?clientSecret=C",
    ]) {
      const canary = newCanary()
      const url = new URL(place.replace("C", canary.text))
      const errors = [failure(() => refuseCredentials(url)), failure(() => readStoreUrl(url))]
      for (const error of errors) expect(error.message, place).toContain("holds a credential")
      expectNoLeak(canary, ...errors)
    }
  })

  it("does not quote a credential in any other wrong place either", () => {
    for (const place of ["x:?C=1", "x:#C", "x://C/", "x:?rename.a=C&rename.a=C", "x:?file=C%"]) {
      const canary = newCanary()
      expectNoLeak(
        canary,
        failure(() => readStoreUrl(new URL(place.replaceAll("C", canary.text)), ["file"])),
      )
    }
  })

  it("may rename a secret whose name sounds like a credential", () => {
    const { naming } = readStoreUrl(new URL("env:?rename.tally/api-token=TALLY_API_KEY&rename.password=PW"))
    expect(naming.rename).toEqual({ "tally/api-token": "TALLY_API_KEY", password: "PW" })
    refuseCredentials(new URL("x:?monkey=1&keyboard=2&assignment=3"))
  })

  it("loses no renaming, however it is called", () => {
    const { naming } = readStoreUrl(new URL("x:?rename.__proto__=X"))
    expect(Object.entries(naming.rename ?? {})).toEqual([["__proto__", "X"]])
    expect(
      failure(() => readStoreUrl(new URL("x:?rename.__proto__=X&rename.__proto__=Y"))).message,
    ).toContain("twice")
  })

  it("has parts that are decoded, or refused", () => {
    const url = new URL("x:a")
    expect(decodeUrlPart(url, "a%20b%25")).toBe("a b%")
    expect(failure(() => decodeUrlPart(url, "%zz")).message).toContain("begins no character")
  })
})
