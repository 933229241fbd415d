import { vault } from "latchkey/vault"
import { expect, onTestFinished, test } from "vitest"
import type { GeneratedPlan } from "../../../src/rotation/plan.ts"
import { vaultAppRoleSecretId } from "../../../src/rotation/plans/vault-approle-secret-id.ts"
import { Rotator } from "../../../src/rotation/rotator.ts"
import { calm, reveal } from "../../providers/calls.ts"
import { adminOf, mountKv, policyFile, tokenFor, unique } from "../../providers/vault/admin.ts"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { stepContext } from "./contexts.ts"

const consumers = { ttl: "5m", maxStale: "0s", callTimeout: "5s", tokenLifetime: "0s" } as const

for (const server of ["vault", "openbao"] as const)
  describeOn(server, ({ url, rootToken }) => {
    test("a secret id rotates twice under the policies of the documentation, and leaves one behind", async () => {
      const admin = adminOf({ url, rootToken })
      const [auth, role] = [unique("approle"), "web"]
      const mount = await mountKv(admin, 2)
      await admin.ask("POST", `sys/auth/${auth}`, { type: "approle" })
      await admin.ask("POST", `auth/${auth}/role/${role}`, { token_policies: ["default"] })

      const canary = newCanary()
      const plan = (token: string) =>
        vaultAppRoleSecretId({ address: url, token, role, mount: auth, consumers })
      const files = ["token", "kv2-read", "kv2-write", "kv2-rotation"]
      const rules = await Promise.all(files.map(file => policyFile(`vault-${file}`, mount)))
      const policy = [...rules, ...(plan("").needs ?? [])].join("\n")
      const { token } = await tokenFor(admin, policy, { id: canary.text })
      const store = vault({ kv: 2, address: url, mount, auth: { method: "token", token } })
      const rotation = plan(token) as Required<GeneratedPlan>
      const rotator = new Rotator({ store, rotations: { "vault/secret-id": { plan: rotation } } })
      onTestFinished(async () => {
        await rotator.close()
        await store.close()
        await admin.ask("DELETE", `sys/auth/${auth}`)
        await admin.ask("DELETE", `sys/mounts/${mount}`)
      })
      const { data } = await admin.ask("POST", `auth/${auth}/role/${role}/secret-id`)
      const values = [String(data?.secret_id)]
      await store.write("vault/secret-id", values[0] ?? "", calm)

      for (let turn = 0; turn < 2; turn++) {
        // Without a grace: what is waited for between the promotion and the end of the old one is another test's.
        canary.watch(await rotator.rotate("vault/secret-id", { compromised: true }))
        values.push(String(await reveal(store, "vault/secret-id")))
      }
      expect(new Set(values).size).toBe(3)
      const verdicts = values.map(value => rotation.verify({ value }, stepContext()))
      expect(await Promise.all(verdicts)).toEqual(["refused", "refused", "works"])
      const left = await admin.ask("LIST", `auth/${auth}/role/${role}/secret-id`)
      expect(left.data?.keys).toHaveLength(1)
      const parked = await admin.ask("LIST", `${mount}/metadata/latchkey/rotation/vault/secret-id`)
      expect(parked.data?.keys).toEqual(["journal"])
      const { journal } = (await store.rotation().journals?.load("vault/secret-id", calm)) ?? {}
      expect(journal).toMatchObject({ state: "idle" })
      canary.watch(journal)
    })
  })
