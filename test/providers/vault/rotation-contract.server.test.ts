import { type LedgerHarness, testLedger } from "latchkey/testing"
import { type VaultKv2Store, vault } from "latchkey/vault"
import { casesOf } from "../../servers/cases.ts"
import type { VaultServer } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { framework } from "../../support/framework.ts"
import { adminOf, mountKv, policyFile, tokenFor } from "./admin.ts"

/** A store on a mount of its own, with a token that may do just what the documentation says that a rotation needs. */
async function harness(server: VaultServer): Promise<LedgerHarness> {
  const canary = newCanary()
  const admin = adminOf(server)
  const mount = await mountKv(admin, 2)
  const files = ["token", "kv2-read", "kv2-write", "kv2-list", "kv2-rotation"]
  const rules = await Promise.all(files.map(file => policyFile(`vault-${file}`, mount)))
  const { token, policy } = await tokenFor(admin, rules.join("\n"), { id: canary.text })
  const open = (prefix?: string): VaultKv2Store =>
    canary.watch(vault({ kv: 2, address: server.url, mount, prefix, auth: { method: "token", token } }))
  const put = async (name: string, data: unknown): Promise<void> => {
    await admin.ask("POST", `${mount}/data/${name}`, { data })
  }

  return {
    store: open(),
    promises: { promotion: "conditional" },
    replica: () => open(),
    withPrefix: open,
    largest: 2 ** 20,
    put: (name, value) => put(name, { value }),
    async remove(name) {
      await admin.ask("DELETE", `${mount}/metadata/${name}`)
    },
    writeJournal: (name, text) => put(`latchkey/rotation/${name}/journal`, { value: text }),
    async close() {
      await admin.ask("POST", "auth/token/revoke", { token })
      await admin.ask("DELETE", `sys/mounts/${mount}`)
      await admin.ask("DELETE", `sys/policies/acl/${policy}`)
    },
  }
}

for (const server of ["vault", "openbao"] as const) {
  casesOf({ backend: "vault", server, kind: "contract" }, running => {
    testLedger("vault, kv 2", () => harness(running), framework)
  })
}
