import { openVault, vaultLeases } from "latchkey/vault"
import { afterAll, expect, onTestFinished, test } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { ownVault } from "../../servers/index.ts"
import { newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, errorOf } from "../calls.ts"
import { adminOf, policyFile, tokenFor, unique } from "./admin.ts"
import { playedServer } from "./server.ts"

for (const name of ["vault", "openbao"] as const)
  describeOn(
    name,
    async () => {
      // It has an engine that no other server has.
      const server = await ownVault(name)
      afterAll(async () => await server.close())
      const admin = adminOf(server)

      /** An engine that makes credentials, an AppRole that may read them, and the store of both. */
      async function start(role = { ttl: 3_600, max_ttl: 86_400 }, tokenTtl = 36_000) {
        const [mount, login] = [unique("leased"), unique("approle")]
        await admin.ask("POST", `sys/mounts/${mount}`, { type: "leased" })
        await admin.ask("POST", `sys/auth/${login}`, { type: "approle" })
        await admin.ask("POST", `${mount}/roles/reader`, role)
        const rules = `${await policyFile("vault-leases", mount)}\n${await policyFile("vault-token", mount)}`
        const { policy } = await tokenFor(admin, rules)
        await admin.ask("POST", `auth/${login}/role/web`, {
          token_policies: [policy],
          token_no_default_policy: true,
          token_ttl: tokenTtl,
        })
        const roleId = (await admin.ask("GET", `auth/${login}/role/web/role-id`)).data?.role_id
        const secretId = (await admin.ask("POST", `auth/${login}/role/web/secret-id`)).data?.secret_id
        const canary = newCanary()
        const clock = checkedFakeClock()
        const store = canary.watch(
          vaultLeases({
            address: server.url,
            mount,
            clock,
            auth: { method: "approle", mount: login, roleId: String(roleId), secretId: String(secretId) },
          }),
        )
        onTestFinished(async () => {
          await store.close()
          for (const path of [`sys/mounts/${mount}`, `sys/auth/${login}`]) await admin.ask("DELETE", path)
        })
        const count = async (): Promise<number> => {
          const path = `sys/leases/lookup/${mount}/creds/reader`
          const keys = (await admin.ask("LIST", path, undefined, { fine: [404] })).data?.keys
          return Array.isArray(keys) ? keys.length : 0
        }
        const read = async () => {
          const { value, ...about } = await store.read("creds/reader", calm)
          return { ...about, username: (JSON.parse(String(value)) as { username: string }).username }
        }
        return { store, mount, login, clock, count, read }
      }

      test("credentials are made once, however often they are read, until two thirds of their lease are over", async () => {
        const { store, count, read, clock } = await start()
        const first = await read()
        await Promise.all([read(), read(), read()])
        await clock.advance("39m")
        expect(await read()).toEqual(first)
        expect(await count()).toBe(1)
        expect(store.capabilities.versionedReads || store.write !== undefined).toBe(false)
      })

      test("a lease is prolonged as long as that brings something", async () => {
        const { count, read, clock } = await start()
        const first = await read()
        await clock.advance("41m")
        const prolonged = await read()
        expect([prolonged.username, prolonged.version]).toEqual([first.username, first.version])
        expect(prolonged.expiresAt?.getTime()).toBeGreaterThan(first.expiresAt?.getTime() ?? Infinity)
        expect(await count()).toBe(1)
      })

      test("a lease that was revoked, or is over, is read again", async () => {
        const { mount, count, read, clock } = await start()
        const first = await read()
        await admin.ask("POST", `sys/leases/revoke-prefix/${mount}/creds`, {})
        await eventually(async () => expect(await count()).toBe(0))
        const second = await read()
        expect([second.username === first.username, second.version === first.version]).toEqual([false, false])
        await clock.advance("61m")
        expect((await read()).username).not.toBe(second.username)
      })

      test("after a new login credentials are read again, because the old ones died with the token", async () => {
        const { mount, login, read } = await start()
        const first = await read()
        await admin.ask("POST", `sys/leases/revoke-prefix/auth/${login}/login`, {})
        await eventually(async () => {
          const { data } = await admin.ask("GET", `${mount}/revoked/${first.username}`)
          expect(data?.revoked).toBe(true)
        })
        expect((await read()).username).not.toBe(first.username)
      })

      test("credentials end with the token, if that ends first", async () => {
        const { clock, read } = await start(undefined, 600)
        const now = clock.wall()
        expect((await read()).expiresAt?.getTime()).toBe(now + 600_000)
      })

      test("credentials that are made while the store is being closed are revoked", async () => {
        const { store, mount, count } = await start()
        const made = gate()
        const proxy = await playedServer(async ({ path, method, token = "", body }) => {
          const answer = await admin.ask(method, path, body as Readonly<Record<string, unknown>>, { token })
          if (path.startsWith(mount)) await made.promise
          return { json: answer }
        })
        await store.close()
        const closed = vaultLeases({
          address: proxy.url,
          mount,
          auth: { method: "token", token: server.rootToken },
        })
        const during = errorOf(closed.read("creds/reader", calm))
        await eventually(async () => expect(await count()).toBe(1))
        const closing = closed.close()
        expect((await during).code).toBe("CLOSED")
        made.open()
        await closing
        await eventually(async () => expect(await count()).toBe(0))
      })

      test("a role that is not there is NOT_FOUND, and one that is not permitted is DENIED", async () => {
        const { store } = await start()
        await store.ping(calm)
        expect((await errorOf(store.read("creds/nobody", calm))).code).toBe("NOT_FOUND")
        expect((await errorOf(store.read("roles/reader", calm))).code).toBe("DENIED")
      })

      test("openVault() makes the store of an engine that makes credentials without asking", async () => {
        const { mount } = await start()
        const store = await openVault(
          { address: server.url, mount, leases: true, auth: { method: "token", token: server.rootToken } },
          calm,
        )
        expect(store.location).toMatch(/\?leases=true$/)
        expect((await store.read("creds/reader", calm)).expiresAt).toBeInstanceOf(Date)
        await store.close()
      })
    },
    { own: true },
  )
