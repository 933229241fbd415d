import { generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ServerOptions, type VaultAuth, vault } from "latchkey/vault"
import { afterAll, expect, onTestFinished, test } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { ownVault } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { newAuthority } from "../../support/certificates.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf } from "../calls.ts"
import { adminOf, mountKv, policyFile, tokenFor, unique } from "./admin.ts"
import { playedServer } from "./server.ts"

for (const name of ["vault", "openbao"] as const)
  describeOn(
    name,
    async () => {
      // It asks a server of the test itself, which one elsewhere, or in a container, does not reach.
      const server = await ownVault(name)
      afterAll(async () => await server.close())
      const admin = adminOf(server)

      /** An engine of secrets with one in it, and a way to log in whose tokens may read it. */
      async function start(type: string, namespace?: string) {
        const inNamespace = namespace === undefined ? {} : { namespace }
        const ask = async (method: string, path: string, body?: Readonly<Record<string, unknown>>) =>
          await admin.ask(method, path, body, inNamespace)
        const canary = newCanary()
        const mount = await mountKv(admin, 2, namespace)
        const login = unique(type)
        await ask("POST", `${mount}/data/tally`, { data: { value: "v" } })
        await ask("POST", `sys/auth/${login}`, { type })
        const policy = unique("policy")
        const rules = await Promise.all(["vault-token", "vault-kv2-read"].map(one => policyFile(one, mount)))
        await ask("POST", `sys/policies/acl/${policy}`, { policy: rules.join("\n") })
        onTestFinished(async () => {
          for (const path of [`sys/mounts/${mount}`, `sys/auth/${login}`, `sys/policies/acl/${policy}`])
            await ask("DELETE", path)
        })
        const storeBy = (auth: VaultAuth, more: Partial<ServerOptions> = {}) => {
          const store = vault({ kv: 2, address: server.url, mount, auth, namespace, ...more })
          onTestFinished(async () => await store.close())
          return canary.watch(store)
        }
        return { mount, login, policy, ask, storeBy, canary }
      }

      /** An AppRole, its role id, and secret ids on demand. */
      async function startAppRole(options: Readonly<Record<string, unknown>> = {}) {
        const started = await start("approle")
        const { ask, login, policy } = started
        await ask("POST", `auth/${login}/role/web`, {
          token_policies: [policy],
          token_no_default_policy: true,
          ...options,
        })
        const { data } = await ask("GET", `auth/${login}/role/web/role-id`)
        const roleId = String(data?.role_id)
        const secretId = async () =>
          String((await ask("POST", `auth/${login}/role/web/secret-id`)).data?.secret_id)
        const tokens = async (): Promise<string[]> => {
          const list = await admin.ask("LIST", "auth/token/accessors")
          const all = await Promise.all(
            (list.data?.keys as unknown as string[]).map(async accessor => {
              const about = await admin.ask(
                "POST",
                "auth/token/lookup-accessor",
                { accessor },
                { fine: [403, 404, 400] },
              )
              return String(about.data?.path) === `auth/${login}/login` ? [accessor] : []
            }),
          )
          return all.flat()
        }
        return { ...started, roleId, secretId, tokens }
      }

      test("AppRole logs in, and again when its token was revoked, once for all", async () => {
        const { storeBy, roleId, secretId, tokens, login } = await startAppRole()
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: await secretId() })
        expect((await store.read("tally", calm)).value).toBe("v")
        const [accessor, ...more] = await tokens()
        expect(more).toEqual([])
        await admin.ask("POST", "auth/token/revoke-accessor", { accessor })
        const answers = await Promise.all(Array.from({ length: 30 }, () => store.read("tally", calm)))
        expect(answers.map(({ value }) => value)).toEqual(answers.map(() => "v"))
        expect(await tokens()).toHaveLength(1)
      })

      test("AppRole logs in each time that its token is revoked, however soon that comes", async () => {
        const { storeBy, roleId, secretId, tokens, login } = await startAppRole()
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: await secretId() })
        for (let death = 0; death < 4; death++) {
          expect((await store.read("tally", calm)).value).toBe("v")
          const alive = await tokens()
          expect(alive).toHaveLength(1)
          await admin.ask("POST", "auth/token/revoke-accessor", { accessor: alive[0] })
        }
        const answers = await Promise.all(Array.from({ length: 30 }, () => store.read("tally", calm)))
        expect(answers.map(({ value }) => value)).toEqual(answers.map(() => "v"))
      })

      test("AppRole whose tokens are good for a few requests logs in when they are used up", async () => {
        const { storeBy, roleId, secretId, login } = await startAppRole({ token_num_uses: 4 })
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: await secretId() })
        for (let read = 0; read < 25; read++) expect((await store.read("tally", calm)).value).toBe("v")
      })

      test("AppRole whose token is revoked without a right to ask about itself logs in, too", async () => {
        const { mount, storeBy, ask, login, roleId, secretId } = await startAppRole()
        const policy = unique("policy")
        await ask("POST", `sys/policies/acl/${policy}`, { policy: await policyFile("vault-kv2-read", mount) })
        await ask("POST", `auth/${login}/role/web`, {
          token_policies: [policy],
          token_no_default_policy: true,
          token_num_uses: 2,
        })
        onTestFinished(async () => void (await ask("DELETE", `sys/policies/acl/${policy}`)))
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: await secretId() })
        for (let read = 0; read < 9; read++) expect((await store.read("tally", calm)).value).toBe("v")
      })

      test("a wrong secret id is asked with once, and locks nobody out of the role", async () => {
        const { storeBy, roleId, secretId, login } = await startAppRole()
        const good = { method: "approle", mount: login, roleId, secretId: await secretId() } as const
        const bad = storeBy({ ...good, secretId: newCanary().text })
        for (let read = 0; read < 20; read++)
          expect((await errorOf(bad.read("tally", calm))).code).toBe("UNAUTHENTICATED")
        expect((await storeBy(good).read("tally", calm)).value).toBe("v")
      })

      test("AppRole whose token ran out logs in again", async () => {
        const { storeBy, roleId, secretId, tokens, login } = await startAppRole({ token_ttl: 4 })
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: await secretId() })
        await store.read("tally", calm)
        await eventually(async () => expect(await tokens()).toEqual([]))
        expect((await store.read("tally", calm)).value).toBe("v")
      })

      test("a live token that may not read a secret is DENIED, and logs in no further time", async () => {
        const { storeBy, roleId, secretId, tokens, login } = await startAppRole()
        const store = storeBy(
          { method: "approle", mount: login, roleId, secretId: await secretId() },
          { mount: unique("nothing") },
        )
        const calls = Array.from({ length: 20 }, (_, index) => errorOf(store.read(`tally-n${index}`, calm)))
        expect(new Set((await Promise.all(calls)).map(({ code }) => code))).toEqual(new Set(["DENIED"]))
        expect(await tokens()).toHaveLength(1)
      })

      test("AppRole with a wrapped secret id opens it once, and tells of one that was opened before", async () => {
        const { storeBy, roleId, login, canary } = await startAppRole()
        const wrapped = async (): Promise<string> => {
          const response = await fetch(`${server.url}/v1/auth/${login}/role/web/secret-id`, {
            method: "POST",
            headers: { "x-vault-token": server.rootToken, "x-vault-wrap-ttl": "60s" },
          })
          return ((await response.json()) as { wrap_info: { token: string } }).wrap_info.token
        }
        const token = await wrapped()
        const auth = (one: string): VaultAuth => ({
          method: "approle",
          mount: login,
          roleId,
          secretId: { wrapped: one },
        })
        expect((await storeBy(auth(token)).read("tally", calm)).value).toBe("v")
        const stolen = canary.watch(await errorOf(storeBy(auth(token)).read("tally", calm)))
        expect([stolen.code, stolen.message]).toEqual([
          "UNAUTHENTICATED",
          expect.stringMatching(/used before.*somebody else/),
        ])
        const response = await fetch(`${server.url}/v1/sys/wrapping/wrap`, {
          method: "POST",
          headers: { "x-vault-token": server.rootToken, "x-vault-wrap-ttl": "60s" },
          body: JSON.stringify({ secret_id: canary.text }),
        })
        const forged = ((await response.json()) as { wrap_info: { token: string } }).wrap_info.token
        const error = canary.watch(await errorOf(storeBy(auth(forged)).read("tally", calm)))
        expect(error.message).toMatch(/no secret id of this engine/)
      })

      test("a secret id that somebody has opened and wrapped again in a cubbyhole is an incident", async () => {
        const { storeBy, roleId, secretId, login, canary } = await startAppRole()
        const path = `cubbyhole/auth/${login}/role/web/secret-id`
        await admin.ask("POST", path, { secret_id: await secretId() })
        const response = await fetch(`${server.url}/v1/${path}`, {
          headers: { "x-vault-token": server.rootToken, "x-vault-wrap-ttl": "60s" },
        })
        const forged = ((await response.json()) as { wrap_info: { token: string } }).wrap_info.token
        await admin.ask("DELETE", path)
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: { wrapped: forged } })
        const error = canary.watch(await errorOf(store.read("tally", calm)))
        expect([error.code, error.message]).toEqual([
          "UNAUTHENTICATED",
          expect.stringMatching(/no secret id of this engine/),
        ])
      })

      test("userpass logs in, and a wrong password is UNAUTHENTICATED", async () => {
        const { storeBy, ask, login, policy, canary } = await start("userpass")
        await ask("POST", `auth/${login}/users/anna`, { password: canary.text, token_policies: [policy] })
        const auth = { method: "userpass", mount: login, username: "anna" } as const
        expect((await storeBy({ ...auth, password: canary.text }).read("tally", calm)).value).toBe("v")
        const wrong = storeBy({ ...auth, password: `${canary.text}?` })
        expect(canary.watch(await errorOf(wrong.read("tally", calm))).code).toBe("UNAUTHENTICATED")
      })

      test("JWT logs in with the token that its file holds at that moment", async () => {
        const { storeBy, ask, login, policy } = await start("jwt")
        const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
        await ask("POST", `auth/${login}/config`, {
          jwt_validation_pubkeys: [publicKey.export({ type: "spki", format: "pem" })],
        })
        await ask("POST", `auth/${login}/role/ci`, {
          role_type: "jwt",
          bound_audiences: ["latchkey"],
          user_claim: "sub",
          token_policies: [policy],
        })
        const folder = await mkdtemp(join(tmpdir(), "latchkey-vault-"))
        onTestFinished(async () => await rm(folder, { recursive: true }))
        const file = join(folder, "jwt")
        const claims = { sub: "build", aud: "latchkey" }
        await writeFile(file, signed({ ...claims, iat: seconds(-1_200), exp: seconds(-600) }, privateKey))
        const store = storeBy({ method: "jwt", mount: login, role: "ci", jwt: { file } })
        const error = await errorOf(store.read("tally", calm))
        expect(error.code).toBe("UNAUTHENTICATED")
        await writeFile(file, signed({ ...claims, iat: seconds(0), exp: seconds(600) }, privateKey))
        expect((await store.read("tally", calm)).value).toBe("v")
      })

      test("Kubernetes logs in with the token of a service account", async () => {
        const { storeBy, ask, login, policy } = await start("kubernetes")
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
        // The part of the API of Kubernetes that the engine asks whether a token is good.
        const kubernetes = await playedServer(({ body }) => ({
          status: 201,
          json: {
            ...(body as object),
            status: {
              authenticated: true,
              user: { username: "system:serviceaccount:shop:web", uid: "u-1", groups: [] },
            },
          },
        }))
        await ask("POST", `auth/${login}/config`, {
          kubernetes_host: kubernetes.url,
          token_reviewer_jwt: signed({ sub: "reviewer" }, privateKey),
          disable_local_ca_jwt: true,
          kubernetes_ca_cert: (await newAuthority()).ca,
        })
        await ask("POST", `auth/${login}/role/web`, {
          bound_service_account_names: "web",
          bound_service_account_namespaces: "shop",
          token_policies: [policy],
        })
        const jwt = signed(
          {
            sub: "system:serviceaccount:shop:web",
            iat: seconds(0),
            exp: seconds(600),
            "kubernetes.io": { namespace: "shop", serviceaccount: { name: "web", uid: "u-1" } },
          },
          privateKey,
        )
        const store = storeBy({ method: "kubernetes", mount: login, role: "web", jwt })
        expect((await store.read("tally", calm)).value).toBe("v")
        expect(kubernetes.seen).toHaveLength(1)
      })

      test("a token that is renewed lives on, as long as it can be", async () => {
        const { storeBy, mount } = await start("approle")
        const rules = await Promise.all(["vault-token", "vault-kv2-read"].map(one => policyFile(one, mount)))
        const { token } = await tokenFor(admin, rules.join("\n"), { ttl: "9s", renewable: true })
        const ttl = async () =>
          Number((await admin.ask("POST", "auth/token/lookup", { token }, { fine: [403] })).data?.ttl ?? 0)
        const store = storeBy({ method: "token", token, renew: true })
        await store.read("tally", calm)
        const seen: number[] = []
        // Falls at first, and rises again when a reading prolongs it.
        const rises = async () => {
          await store.read("tally", calm)
          seen.push(await ttl())
          expect(seen.some((one, index) => one > (seen[index - 1] ?? one))).toBe(true)
        }
        await eventually(rises, { every: 100 })
      })

      // Vault has namespaces in its paid edition only.
      if (name === "vault") return
      test("a wrapped secret id of a namespace is opened", async () => {
        const namespace = unique("team")
        await admin.ask("POST", `sys/namespaces/${namespace}`)
        onTestFinished(async () => void (await admin.ask("DELETE", `sys/namespaces/${namespace}`)))
        const { storeBy, ask, login, policy } = await start("approle", namespace)
        await ask("POST", `auth/${login}/role/web`, { token_policies: [policy] })
        const roleId = String((await ask("GET", `auth/${login}/role/web/role-id`)).data?.role_id)
        const response = await fetch(`${server.url}/v1/auth/${login}/role/web/secret-id`, {
          method: "POST",
          headers: {
            "x-vault-token": server.rootToken,
            "x-vault-namespace": namespace,
            "x-vault-wrap-ttl": "60s",
          },
        })
        const wrapped = ((await response.json()) as { wrap_info: { token: string } }).wrap_info.token
        const store = storeBy({ method: "approle", mount: login, roleId, secretId: { wrapped } })
        expect((await store.read("tally", calm)).value).toBe("v")
      })

      test("a login may be in another namespace than the secrets", async () => {
        const namespace = unique("team")
        await admin.ask("POST", `sys/namespaces/${namespace}`)
        onTestFinished(async () => void (await admin.ask("DELETE", `sys/namespaces/${namespace}`)))
        const { mount, canary } = await start("approle", namespace)
        const rules = `path "${namespace}/${mount}/data/*" { capabilities = ["read"] }`
        const { policy } = await tokenFor(admin, rules)
        const login = unique("userpass")
        await admin.ask("POST", `sys/auth/${login}`, { type: "userpass" })
        await admin.ask("POST", `auth/${login}/users/anna`, {
          password: canary.text,
          token_policies: [policy],
        })
        const auth = { method: "userpass", mount: login, username: "anna", password: canary.text } as const
        const options = { kv: 2, address: server.url, mount, auth, namespace } as const
        const store = vault({ ...options, loginNamespace: "root" })
        expect((await store.read("tally", calm)).value).toBe("v")
        await store.close()
        const within = canary.watch(vault(options))
        expect((await errorOf(within.read("tally", calm))).code).toBe("UNAUTHENTICATED")
        await within.close()
        const nowhere = vault({ ...options, namespace: "nowhere", loginNamespace: "root" })
        expect((await errorOf(nowhere.read("tally", calm))).code).toBe("MISCONFIGURED")
        await nowhere.close()
      })
    },
    { own: true },
  )

function seconds(fromNow: number): number {
  return Math.floor(Date.now() / 1_000) + fromNow
}

/** A signed token (RFC 7519) of an authority of the test's own. */
function signed(claims: object, key: KeyObject): string {
  const part = (thing: object) => Buffer.from(JSON.stringify(thing)).toString("base64url")
  const text = `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}`
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`
}
