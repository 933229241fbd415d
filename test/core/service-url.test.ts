import { describe, expect, it } from "vitest"
import { readServiceUrl, type SecretError } from "../../src/core/index.ts"
import { newCanary } from "../support/canary.ts"

const read = (url: string, known: readonly string[] = ["region", "tls"]) =>
  readServiceUrl(new URL(url), known)

const failure = (act: () => unknown): SecretError => {
  try {
    act()
  } catch (thrown) {
    expect((thrown as SecretError).code).toBe("MISCONFIGURED")
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

describe("the URL of a service", () => {
  it.for([
    ["x://eu-west-1/prod/tally", "eu-west-1", ["prod", "tally"]],
    ["x://127.0.0.1:8200/team%20a/kv/", "127.0.0.1:8200", ["team a", "kv"]],
    ["x://[::1]:8200", "[::1]:8200", []],
    ["x:///secret", "", ["secret"]],
    ["x://", "", []],
    ["x:", "", []],
  ] as const)("%s is a place and segments", ([url, host, segments]) => {
    const parts = read(url)
    expect([parts.host, parts.segments]).toEqual([host, segments])
  })

  it("has the names of all stores, and parameters of its own", () => {
    const parts = read("x://h?prefix=prod&region=eu&tls=false&rename.a=B")
    expect(parts.naming).toEqual({ prefix: "prod", rename: { a: "B" } })
    expect([parts.parameter("region"), parts.flag("tls")]).toEqual(["eu", false])
    const bare = read("x://h?tls=true")
    expect([bare.parameter("region"), bare.flag("tls"), read("x://h").flag("tls")]).toEqual([
      undefined,
      true,
      undefined,
    ])
  })

  it.for<[what: string, act: () => unknown, message: RegExp]>([
    ["a place without slashes before it", () => read("x:eu-west-1"), /names no place; write x:\/\//],
    ["a parameter twice", () => read("x://h?region=a&region=b").parameter("region"), /has region= twice/],
    ["a parameter without a value", () => read("x://h?region=").parameter("region"), /an empty region=/],
    ["a flag that is none", () => read("x://h?tls=1").flag("tls"), /tls= that is neither true nor false/],
    ["an unknown parameter", () => read("x://h?regoin=a"), /"regoin" that does not exist.*region, tls/],
    ["a percent sign that begins no character", () => read("x://h/100%"), /"%" that begins no character/],
    ["a field", () => read("x://h/secret#field"), /has a "#"/],
  ])("is refused with %s", ([, act, message]) => {
    expect(failure(act).message).toMatch(message)
  })

  it.for([
    "x://C@h",
    "x://user:C@h",
    "x://h?token=C",
    "x://h?region=a&auth=C",
  ])("is refused with a credential, as in %s, and not quoted", url => {
    const canary = newCanary()
    const error = failure(() => read(url.replace("C", encodeURIComponent(canary.text))))
    expect(canary.watch(error).message).toContain("holds a credential")
  })
})
