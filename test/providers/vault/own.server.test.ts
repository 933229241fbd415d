import { Secrets } from "latchkey"
import { vault } from "latchkey/vault"
import { expect, onTestFinished, test } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { type OwnVaultOptions, ownVault } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { newAuthority } from "../../support/certificates.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { calm, errorOf } from "../calls.ts"
import { adminOf, policyFile } from "./admin.ts"

for (const name of ["vault", "openbao"] as const)
  describeOn(
    name,
    () => {
      async function start(options: OwnVaultOptions = {}) {
        const server = await ownVault(name, options)
        onTestFinished(async () => await server.close())
        return server
      }

      test("a server that is sealed is UNAVAILABLE, what is held stays in use, and all is well when it is unsealed", async () => {
        const server = await start()
        const admin = adminOf(server)
        await admin.ask("POST", "secret/data/tally/api-token", { data: { value: "one" } })
        const clock = checkedFakeClock()
        const store = vault({
          kv: 2,
          address: server.url,
          auth: { method: "token", token: server.rootToken },
        })
        const secrets = new Secrets(store, { clock, refresh: "on-read" })
        const token = await secrets.get("tally/api-token")
        await server.seal()
        const error = await errorOf(store.write("tally/api-token", "two", calm))
        expect([error.code, error.outcome, error.hint]).toEqual([
          "UNAVAILABLE",
          undefined,
          expect.stringContaining("unseal"),
        ])
        expect((await errorOf(store.ping(calm))).code).toBe("UNAVAILABLE")
        await clock.advance("6m")
        await secrets.fresh("5m").catch(() => undefined)
        expect([token.reveal(), token.status.stale]).toEqual(["one", true])
        await server.unseal()
        await admin.ask("POST", "secret/data/tally/api-token", { data: { value: "two" } })
        await clock.advance("1m")
        await secrets.fresh("5m")
        expect([token.reveal(), token.status.stale]).toEqual(["two", false])
        await secrets.close()
      })

      test("a certificate logs in over TLS, and one that nobody knows does not", async () => {
        const server = await start({ tls: true })
        const { authority } = server
        if (authority === undefined) throw new Error("the server has no authority")
        const { cert, key } = await authority.client("web.test")
        const admin = adminOf(server, authority.ca)
        const rules = await policyFile("vault-kv2-read", "secret")
        await admin.ask("POST", "secret/data/tally", { data: { value: "v" } })
        await admin.ask("POST", "sys/policies/acl/web", { policy: rules })
        await admin.ask("POST", "sys/auth/cert", { type: "cert" })
        await admin.ask("POST", "auth/cert/certs/web", { certificate: authority.ca, token_policies: "web" })

        const options = { kv: 2, address: server.url, auth: { method: "cert", role: "web" } } as const
        const store = vault({ ...options, tls: { ca: authority.ca, cert, key } })
        expect((await store.read("tally", calm)).value).toBe("v")
        await store.close()

        const stranger = await (await newAuthority()).client("web.test")
        const refused = vault({ ...options, tls: { ca: authority.ca, ...stranger } })
        const error = await errorOf(refused.read("tally", calm))
        expect([error.code, error.transient]).toEqual(["UNAVAILABLE", false])
        await refused.close()
      })

      test("a server whose authority nobody knows gets no token", async () => {
        const canary = newCanary()
        const server = await start({ tls: true })
        const store = vault({ kv: 2, address: server.url, auth: { method: "token", token: canary.text } })
        const error = canary.watch(await errorOf(store.read("tally", calm)))
        expect([error.code, error.transient, error.hint]).toEqual([
          "UNAVAILABLE",
          false,
          expect.stringContaining("VAULT_CACERT"),
        ])
        await store.close()
      })
    },
    { own: true },
  )
