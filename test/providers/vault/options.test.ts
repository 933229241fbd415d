import { type ServerOptions, vault, vaultLeases } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { calm, errorOf } from "../calls.ts"

const good = {
  kv: 2,
  address: "https://vault.example.com:8200",
  auth: { method: "token", token: "mine" },
} as const

function made(options: unknown): () => unknown {
  return () => vault({ ...good, ...(options as object) })
}

describe("options", () => {
  test.for<[string, object]>([
    ["an unknown one", { mounts: "secret" }],
    ["no version", { kv: undefined }],
    ["a version that is a text", { kv: "2" }],
    ["an address that is none", { address: "vault.example.com" }],
    ["an address of another kind", { address: "ftp://vault.example.com" }],
    ["an address with what is added to it", { address: "https://vault.example.com/v1/" }],
    ["an address with half a character", { address: "https://vault.example.com/%zz" }],
    ["an address with a query", { address: "https://vault.example.com/?a=b" }],
    ["an address whose path leads elsewhere", { address: "https://vault.example.com/a%2f..%2fb" }],
    ["an address with a credential", { address: "https://u:p@vault.example.com" }],
    ["no address", { address: undefined }],
    ["a mount that leads elsewhere", { mount: "../sys" }],
    ["an empty mount", { mount: "" }],
    ["a mount that begins with a slash", { mount: "/secret" }],
    ["a namespace that leads elsewhere", { namespace: "a/../b" }],
    ["a namespace that no header holds", { namespace: "a\nb" }],
    ["a namespace of the login that is none", { loginNamespace: 1 }],
    ["a proxy that is none", { proxy: "proxy:3128" }],
    ["a transport that is none", { transport: {} }],
    ["an unknown option of TLS", { tls: { caFile: "x" } }],
    ["a certificate without a key", { tls: { cert: "PEM" } }],
    ["a key without a certificate", { tls: { key: "PEM" } }],
    ["no login", { auth: undefined }],
    ["a login that is none", { auth: { method: "magic" } }],
    ["a login by the name of a prototype", { auth: { method: "toString" } }],
    ["an unknown option of a login", { auth: { method: "token", token: "t", role: "web" } }],
    ["a token that is empty", { auth: { method: "token", token: "" } }],
    ["a token that is missing", { auth: { method: "token" } }],
    ["a file that is empty", { auth: { method: "token", token: { file: "" } } }],
    ["a variable that may be a token", { auth: { method: "token", token: "t", variable: "hvs.x" } }],
    ["a token file that is none", { auth: { method: "token-file", file: "" } }],
    ["renew that is a text", { auth: { method: "token", token: "t", renew: "true" } }],
    ["a secret id in nothing", { auth: { method: "approle", roleId: "r", secretId: { wrapped: {} } } }],
    ["a role that is missing", { auth: { method: "kubernetes" } }],
    ["a user that is a path", { auth: { method: "userpass", username: "..", password: "p" } }],
    ["the mount of a login that leads elsewhere", { auth: { method: "jwt", jwt: "j", mount: "../sys" } }],
    ["a certificate as the login, and none", { auth: { method: "cert" } }],
    ["a prefix that is no portable name", { prefix: "Prod" }],
  ])("with %s are MISCONFIGURED at once", ([, options]) => {
    expect(made(options)).toThrow("MISCONFIGURED")
  })

  test("that are wrong are not quoted", () => {
    const canary = newCanary()
    const { text } = canary
    for (const options of [
      { [text]: 1 },
      { address: text },
      { address: `https://u:${text}@v` },
      { mount: `../${text}` },
      { proxy: text },
      { auth: { method: text } },
      { auth: { method: "token", [text]: text } },
      { auth: { method: "token", token: { files: text } } },
      { tls: { ca: "x", [text]: 1 } },
    ]) {
      expect(made(options)).toThrow("MISCONFIGURED")
      expect(made(options)).not.toThrow(text)
    }
  })

  test("that are good make a store, and no request", () => {
    for (const options of [
      { mount: "team/kv/" },
      { namespace: "/" },
      { namespace: "root" },
      { namespace: "team/", loginNamespace: "" },
      { tls: { cert: { file: "/nowhere" }, key: { file: "/nowhere" } }, auth: { method: "cert" } },
      { auth: { method: "approle", roleId: () => "r", secretId: { wrapped: { file: "/nowhere" } } } },
    ])
      expect(made(options)).not.toThrow()
    expect(vault({ ...good, mount: "team/kv/" }).location).toBe("vault://vault.example.com:8200/team/kv")
  })

  test("of leases have no version", () => {
    const { kv: _, ...server } = good
    expect(vaultLeases(server).write).toBeUndefined()
    expect(() => vaultLeases(good as ServerOptions)).toThrow('"kv"')
  })
})

describe("a value", () => {
  test("that is too large is INVALID_VALUE with the limit, and nothing is asked", async () => {
    const canary = newCanary()
    const store = vault({ ...good, transport: { send: () => Promise.reject(new Error("asked")) } })
    for (const value of [`${canary.text}${"m".repeat(2 ** 20)}`, "ü".repeat(2 ** 19 + 1)]) {
      const error = canary.watch(await errorOf(store.write("tally", value, calm)))
      expect([error.code, error.outcome]).toEqual(["INVALID_VALUE", undefined])
      expect(error.message).toContain("1,048,576 bytes")
    }
  })

  test("that JSON in UTF-8 would change is INVALID_VALUE", async () => {
    const store = vault({ ...good, kv: 1, transport: { send: () => Promise.reject(new Error("asked")) } })
    expect((await errorOf(store.write("tally", "half \ud83d", calm))).code).toBe("INVALID_VALUE")
  })

  test("that is a number is given as the server wrote it, also one that JavaScript cannot hold", async () => {
    const data = '{"id":12345678901234567890,"price":1.50,"nested":{"big":1e400}}'
    const body = `{"data":{"data":${data},"metadata":{"version":1}}}`
    const store = vault({ ...good, transport: { send: async () => ({ status: 200, headers: {}, body }) } })
    expect((await store.read("tally", calm)).value).toBe(data)
  })
})

describe("a name", () => {
  test.for([
    "a /b",
    "a/ b",
    "a\u0085b",
    "a/\u00a0/b",
    "half \ud83d",
  ])("%j is INVALID_NAME, with the rule", async name => {
    const store = vault({ ...good, transport: { send: () => Promise.reject(new Error("asked")) } })
    const error = await errorOf(store.read(name, calm))
    expect(error.code).toBe("INVALID_NAME")
    expect(error.hint).toBeDefined()
  })
})
