import type { SecretStore } from "latchkey"
import { type VaultTransport, vault, vaultLeases } from "latchkey/vault"
import { expectTypeOf, test } from "vitest"

const server = { address: "https://vault.example.com:8200", auth: { method: "token", token: "t" } } as const

test("the type of a store says what its engine can do", () => {
  expectTypeOf(vault({ ...server, kv: 2 }).versions).toBeFunction()
  expectTypeOf(vault({ ...server, kv: 1 }).write).toBeFunction()
  expectTypeOf(vault({ ...server, kv: 1 }).versions).toEqualTypeOf<SecretStore["versions"]>()
  expectTypeOf(vaultLeases(server).write).toEqualTypeOf<SecretStore["write"]>()
})

test("the version of the engine has to be said, and a login has what it needs", () => {
  // @ts-expect-error: there is no kv
  vault(server)
  // @ts-expect-error: the login has no role
  vault({ ...server, kv: 2, auth: { method: "kubernetes" } })
  vault({ ...server, kv: 2, auth: { method: "token-file" } })
  // @ts-expect-error: the secret id is of another login
  vault({ ...server, kv: 2, auth: { method: "jwt", jwt: "j", secretId: "s" } })
})

test("a transport is described without anybody else's types", () => {
  const transport: VaultTransport = {
    send: async ({ url, headers }) => {
      const response = await fetch(url, { headers })
      return { status: response.status, headers: {}, body: await response.text() }
    },
  }
  expectTypeOf(vault({ ...server, kv: 2, transport })).toMatchTypeOf<SecretStore>()
})
