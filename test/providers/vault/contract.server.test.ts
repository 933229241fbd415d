import { type Harness, testStore } from "latchkey/testing"
import { vault } from "latchkey/vault"
import { casesOf } from "../../servers/cases.ts"
import type { VaultServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { adminOf, mountKv, policyFile, tokenFor } from "./admin.ts"

/** The policies of the documentation under which the suite runs, and nothing beside. */
const POLICIES = {
  1: ["vault-token", "vault-kv1-read", "vault-kv1-write", "vault-kv1-list", "vault-kv1-delete"],
  2: [
    "vault-token",
    "vault-kv2-read",
    "vault-kv2-write",
    "vault-kv2-list",
    "vault-kv2-versions",
    "vault-kv2-delete",
  ],
} as const

/** A store on a mount of its own, with a token that may do just what the documentation says that it needs. */
async function harness(server: VaultServer, kv: 1 | 2): Promise<Harness> {
  const canary = newCanary()
  const admin = adminOf(server)
  const mount = await mountKv(admin, kv)
  const [secrets, values] = kv === 2 ? [`${mount}/metadata`, `${mount}/data`] : [mount, mount]
  const rules = (await Promise.all(POLICIES[kv].map(name => policyFile(name, mount)))).join("\n")
  const { token, policy } = await tokenFor(admin, rules, { id: canary.text })
  const put: Harness["put"] = async (name, value) => {
    await admin.ask("POST", `${values}/${name}`, kv === 2 ? { data: { value } } : { value })
  }
  await put("other/secret", canary.text)

  return {
    store: canary.watch(vault({ kv, address: server.url, mount, auth: { method: "token", token } })),
    largest: 2 ** 20,
    put,
    async remove(name) {
      await admin.ask("DELETE", `${secrets}/${name}`)
    },
    async deny(name) {
      const denied = `${rules}\npath "${values}/${name}" { capabilities = ["deny"] }`
      await admin.ask("POST", `sys/policies/acl/${policy}`, { policy: denied })
    },
    async close() {
      await admin.ask("POST", "auth/token/revoke", { token })
      await admin.ask("DELETE", `sys/mounts/${mount}`)
      await admin.ask("DELETE", `sys/policies/acl/${policy}`)
    },
  }
}

for (const server of ["vault", "openbao"] as const) {
  casesOf({ backend: "vault", server, kind: "contract" }, running => {
    for (const kv of [1, 2] as const) testStore(`vault, kv ${kv}`, () => harness(running, kv), framework)
  })
}
