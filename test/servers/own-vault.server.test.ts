import { expect, it, onTestFinished } from "vitest"
import { describeOn } from "./cases.ts"
import { type Asking, ask } from "./definitions/http.ts"
import { type OwnVault, type OwnVaultOptions, ownVault } from "./index.ts"

for (const name of ["vault", "openbao"] as const)
  describeOn(
    name,
    () => {
      it("is sealed for real, and unsealed with what it held", async () => {
        const vault = await start(name)
        await call(vault, "POST", "secret/data/kept", { data: { value: "still here" } })
        await vault.seal()
        expect(await call(vault, "GET", "secret/data/kept")).toMatchObject({ status: 503 })
        await vault.unseal()
        const answer = await call(vault, "GET", "secret/data/kept")
        expect(answer).toMatchObject({ status: 200, body: { data: { data: { value: "still here" } } } })
      })

      it("speaks TLS, and logs in whoever comes with a certificate of its authority", async () => {
        const vault = await start(name, { tls: true })
        const { authority } = vault
        if (authority === undefined) throw new Error("there is no authority")
        expect(vault.url).toMatch(/^https:/)
        // Without the authority nobody trusts it.
        expect(await ask(`${vault.url}/v1/sys/health`)).toBeUndefined()

        await call(vault, "POST", "sys/auth/cert", { type: "cert" })
        await call(vault, "POST", "auth/cert/certs/web", { certificate: authority.ca, token_policies: "web" })
        const login = async (client: Asking["client"]): Promise<number | undefined> =>
          (
            await ask(`${vault.url}/v1/auth/cert/login`, {
              method: "POST",
              ca: authority.ca,
              client,
              body: {},
            })
          )?.status
        expect(await login(await authority.client("web.test"))).toBe(200)
        expect(await login(undefined)).toBe(400)
      })

      it("can have all the logins that the backend knows", async () => {
        const vault = await start(name)
        for (const type of ["approle", "cert", "jwt", "kubernetes", "userpass"])
          expect(await call(vault, "POST", `sys/auth/${type}`, { type })).toMatchObject({ status: 204 })
      })

      it("gives fresh credentials with a lease, and revokes them with it", async () => {
        const vault = await start(name)
        await call(vault, "POST", "sys/mounts/leased", { type: "leased" })
        await call(vault, "POST", "leased/roles/reader", { ttl: 60, max_ttl: 120 })
        const one = await call(vault, "GET", "leased/creds/reader")
        const other = await call(vault, "GET", "leased/creds/reader")
        expect(one?.body).toMatchObject({ lease_duration: 60, renewable: true })
        const { username } = one?.body?.data as { username: string }
        expect(username).toMatch(/^reader-/)
        expect(other?.body?.data).not.toMatchObject({ username })

        const revoked = `leased/revoked/${username}`
        expect(await call(vault, "GET", revoked)).toMatchObject({ body: { data: { revoked: false } } })
        await call(vault, "PUT", "sys/leases/revoke", { lease_id: one?.body?.lease_id, sync: true })
        expect(await call(vault, "GET", revoked)).toMatchObject({ body: { data: { revoked: true } } })
      })
    },
    { own: true },
  )

async function start(name: "vault" | "openbao", options?: OwnVaultOptions): Promise<OwnVault> {
  const vault = await ownVault(name, options)
  onTestFinished(() => vault.close())
  return vault
}

async function call(vault: OwnVault, method: string, path: string, body?: object) {
  const headers = { "X-Vault-Token": vault.rootToken }
  return await ask(`${vault.url}/v1/${path}`, { method, headers, body, ca: vault.authority?.ca })
}
