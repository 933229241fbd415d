import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import type { GeneratedPlan } from "../../../src/rotation/plan.ts"
import {
  type VaultAppRoleSecretIdOptions,
  vaultAppRoleSecretId,
} from "../../../src/rotation/plans/vault-approle-secret-id.ts"
import { errorOf } from "../../providers/calls.ts"
import { type Admin, adminOf, type Json, tokenFor, unique } from "../../providers/vault/admin.ts"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { applyContext, makeContext, stepContext } from "./contexts.ts"

const consumers = { ttl: "5m", maxStale: "1h", callTimeout: "5s", tokenLifetime: "0s" } as const

for (const name of ["vault", "openbao"] as const)
  describeOn(name, server => {
    const admin: Admin = adminOf(server)
    const mount = unique("approle")
    const policy = unique("policy")

    beforeAll(async () => {
      await admin.ask("POST", `sys/auth/${mount}`, { type: "approle" })
      await admin.ask("POST", `sys/policies/acl/${policy}`, {
        policy: 'path "auth/token/revoke-self" { capabilities = ["update"] }',
      })
    })
    afterAll(async () => {
      await admin.ask("DELETE", `sys/auth/${mount}`)
      await admin.ask("DELETE", `sys/policies/acl/${policy}`)
    })

    interface Rig {
      readonly plan: Required<GeneratedPlan>
      readonly role: string
      /** Asks about the role as those do who run the server. */
      ask(
        method: string,
        what: string,
        body?: Readonly<Record<string, unknown>>,
        fine?: readonly number[],
      ): Promise<Json>
      logIn(secretId: string): Promise<Json>
      /** The accessors of all secret ids of the role. */
      accessors(): Promise<readonly string[]>
      /** How many tokens there are that came from logins here. */
      tokens(): Promise<number>
    }

    /** A role of its own, and the plan with a token that may do just what the plan says that it needs. */
    async function start(
      roleOptions: Readonly<Record<string, unknown>> = {},
      more: Partial<VaultAppRoleSecretIdOptions> = {},
    ): Promise<Rig> {
      const role = unique("web")
      await admin.ask("POST", `auth/${mount}/role/${role}`, {
        token_policies: [policy],
        token_no_default_policy: true,
        ...roleOptions,
      })
      const options = { address: server.url, token: "", role, mount, consumers }
      const { needs = [] } = vaultAppRoleSecretId(options)
      const { token } = await tokenFor(admin, needs.join("\n"))
      const canary = newCanary()
      canary.watch(needs)
      const plan = vaultAppRoleSecretId({
        ...options,
        token: () => token,
        ...more,
      } as VaultAppRoleSecretIdOptions)
      onTestFinished(async () => void (await admin.ask("DELETE", `auth/${mount}/role/${role}`)))
      const ask: Rig["ask"] = async (method, what, body, fine = []) =>
        await admin.ask(method, `auth/${mount}/role/${role}/${what}`, body, { fine })
      return {
        plan: plan as Required<GeneratedPlan>,
        role,
        ask,
        async logIn(secretId) {
          const { data } = await ask("GET", "role-id")
          return await admin.ask(
            "POST",
            `auth/${mount}/login`,
            { role_id: data?.role_id, secret_id: secretId },
            { fine: [400, 403] },
          )
        },
        async accessors() {
          const { data } = await admin.ask("LIST", `auth/${mount}/role/${role}/secret-id`, undefined, {
            fine: [404],
          })
          return (data?.keys ?? []) as unknown as readonly string[]
        },
        async tokens() {
          const { data } = await admin.ask("LIST", "auth/token/accessors")
          const about = await Promise.all(
            (data?.keys as unknown as string[]).map(accessor =>
              admin.ask("POST", "auth/token/lookup-accessor", { accessor }, { fine: [400, 403, 404] }),
            ),
          )
          return about.filter(one => String(one.data?.meta?.role_name) === role).length
        },
      }
    }

    /** A secret id that was made and registered. */
    async function applied({ plan }: Rig, more: { readonly rotationId?: string } = {}) {
      const candidate = await plan.create(makeContext())
      await plan.apply(candidate, applyContext(more))
      const id = await plan.identify(candidate.value, stepContext())
      if (id === undefined) throw new Error("what was applied is not known")
      return { value: String(candidate.value), id }
    }

    test("a secret id is made here, registered, verified by a login, and ended after the next one works", async () => {
      const rig = await start()
      const old = await applied(rig)
      const next = await applied(rig)
      expect(next.value).not.toBe(old.value)
      expect(Buffer.from(next.value, "base64url")).toHaveLength(32)
      expect((await rig.accessors()).toSorted()).toEqual([old.id, next.id].toSorted())
      // Both work for a while.
      for (const one of [old, next]) expect(await rig.plan.verify(one, stepContext())).toBe("works")
      expect(await rig.plan.verifyOld(old, stepContext())).toBe("works")

      await rig.plan.revoke({ id: old.id }, stepContext())
      expect(await rig.plan.verifyOld(old, stepContext())).toBe("refused")
      expect(await rig.plan.verifyOld({ id: old.id }, stepContext())).toBe("refused")
      expect(await rig.plan.verify(next, stepContext())).toBe("works")
      expect((await rig.logIn(old.value)).auth).toBeUndefined()
      expect((await rig.logIn(next.value)).auth).toBeDefined()
    })

    test("a candidate is nothing to the server before it is applied", async () => {
      const { plan, accessors } = await start()
      const candidate = await plan.create(makeContext())
      expect(await accessors()).toEqual([])
      expect(await plan.verify(candidate, stepContext())).toBe("refused")
      expect(await plan.identify(candidate.value, stepContext())).toBeUndefined()
    })

    test("applying again changes nothing, whoever does it, and however many at once", async () => {
      const rig = await start()
      const candidate = await rig.plan.create(makeContext())
      await Promise.all(Array.from({ length: 8 }, () => rig.plan.apply(candidate, applyContext())))
      const [accessor, ...more] = await rig.accessors()
      expect(more).toEqual([])
      await rig.plan.apply(candidate, applyContext({ rotationId: "r2" }))
      expect(await rig.accessors()).toEqual([accessor])
      expect(await rig.plan.identify(candidate.value, stepContext())).toBe(accessor)
    })

    test("a registered secret id says which secret it is for and which rotation made it, and ends when it was told to", async () => {
      const rig = await start({}, { secretIdTtl: "2h" })
      const { value } = await applied(rig, { rotationId: "r7" })
      const { data } = await rig.ask("POST", "secret-id/lookup", { secret_id: value })
      expect(data).toMatchObject({
        metadata: { latchkey: "auth/some-key", rotation: "r7" },
        secret_id_ttl: 7_200,
        secret_id_num_uses: 0,
      })
    })

    test("the token of a login that verifies is given back at once", async () => {
      const rig = await start()
      const one = await applied(rig)
      for (let login = 0; login < 3; login++) await rig.plan.verify(one, stepContext())
      await rig.plan.verifyOld(one, stepContext())
      expect(await rig.tokens()).toBe(0)
    })

    test("a login works also where its token may not be given back", async () => {
      const rig = await start({ token_policies: [] })
      const one = await applied(rig)
      expect(await rig.plan.verify(one, stepContext())).toBe("works")
      expect(await rig.tokens()).toBe(1)
    })

    test("however often a secret id is refused, nobody is locked out of the role", async () => {
      const rig = await start()
      const good = await applied(rig)
      const bad = newCanary()
      for (let time = 0; time < 8; time++) {
        expect(await rig.plan.verify({ value: bad.text }, stepContext())).toBe("refused")
        expect(await rig.plan.verifyOld({ value: bad.text }, stepContext())).toBe("refused")
      }
      expect(await rig.plan.verify(good, stepContext())).toBe("works")
      expect((await rig.logIn(good.value)).auth).toBeDefined()
    })

    test("a role that is locked says nothing about a secret id: it is asked again later", async () => {
      const rig = await start()
      const good = await applied(rig)
      for (let time = 0; time < 5; time++) await rig.logIn("wrong")
      const error = await errorOf(rig.plan.verify(good, stepContext()))
      expect([error.code, error.transient, error.hint]).toEqual([
        "UNAVAILABLE",
        true,
        expect.stringContaining("locked for 15 minutes"),
      ])
    })

    test("what is gone already is no failure to revoke, by its accessor and by its value", async () => {
      const rig = await start()
      const [one, two] = [await applied(rig), await applied(rig)]
      for (let time = 0; time < 2; time++) {
        await rig.plan.revoke({ id: one.id, value: one.value }, stepContext())
        await rig.plan.revoke({ value: two.value }, stepContext())
      }
      expect(await rig.accessors()).toEqual([])
      const three = await applied(rig)
      await Promise.all(Array.from({ length: 6 }, () => rig.plan.revoke({ id: three.id }, stepContext())))
      expect(await rig.accessors()).toEqual([])
    })

    test("of an old secret id of which nothing is known, nothing is claimed", async () => {
      const { plan } = await start()
      for (const call of [plan.revoke({}, stepContext()), plan.verifyOld({}, stepContext())])
        expect((await errorOf(call)).code).toBe("UNSUPPORTED")
    })

    test("a secret id that the server has made is found, so that it can be taken over", async () => {
      const { plan, ask } = await start()
      const { data } = await ask("POST", "secret-id")
      expect(await plan.identify(String(data?.secret_id), stepContext())).toBe(data?.secret_id_accessor)
      for (const value of ["", "something else", new Uint8Array([1])])
        expect(await plan.identify(value, stepContext())).toBeUndefined()
    })

    test("a role whose secret ids are used up is refused, and nothing is left there", async () => {
      const { plan, accessors, role } = await start({ secret_id_num_uses: 3 })
      const candidate = await plan.create(makeContext())
      for (let time = 0; time < 2; time++) {
        const error = await errorOf(plan.apply(candidate, applyContext()))
        expect([error.code, error.hint]).toEqual([
          "MISCONFIGURED",
          `vault write auth/${mount}/role/${role} secret_id_num_uses=0`,
        ])
        expect(await accessors()).toEqual([])
      }
    })

    describe("what is wrong with a role or a place", () => {
      test.for([
        [
          "a lifetime that the role does not allow",
          { secret_id_ttl: "1h" },
          { secretIdTtl: "2h" },
          "secret_id_ttl",
        ],
        [
          "a role without secret ids",
          { bind_secret_id: false, token_bound_cidrs: ["127.0.0.0/8"] },
          {},
          "bind_secret_id=true",
        ],
        ["a role that is not there", {}, { role: "nobody" }, "role"],
        ["a mount that is not there", {}, { mount: "nowhere" }, "auth list"],
      ] as const)("%s is MISCONFIGURED, with what to look at", async ([, roleOptions, more, hint]) => {
        // By who may do everything: to others the server does not tell what is there.
        const { plan } = await start(roleOptions, { token: server.rootToken, ...more } as never)
        const candidate = await plan.create(makeContext())
        const error = await errorOf(plan.apply(candidate, applyContext()))
        expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining(hint)])
      })

      test("a role that lets nobody log in from here is DENIED, and not a refused secret id", async () => {
        const rig = await start({ secret_id_bound_cidrs: ["10.0.0.0/8"] })
        const one = await applied(rig)
        const error = await errorOf(rig.plan.verify(one, stepContext()))
        expect([error.code, error.hint]).toEqual(["DENIED", expect.stringContaining("secret_id_bound_cidrs")])
      })

      test("a token without the permission is told the rule, and a dead one apart where the server does so", async () => {
        const canary = newCanary()
        const { token } = await tokenFor(admin, 'path "other" { capabilities = ["read"] }')
        const candidate = { value: canary.text }
        const poor = await start({}, { token })
        const denied = canary.watch(await errorOf(poor.plan.apply(candidate, applyContext())))
        expect([denied.code, denied.secret]).toEqual(["DENIED", "auth/some-key"])
        expect(denied.hint).toContain(
          `path "auth/${mount}/role/${poor.role}/secret-id/lookup" { capabilities = ["update"] }`,
        )
        const dead = await start({}, { token: `hvs.${canary.text}` })
        const refused = canary.watch(await errorOf(dead.plan.apply(candidate, applyContext())))
        expect(refused.code).toBe(name === "vault" ? "UNAUTHENTICATED" : "DENIED")
      })
    })

    // Vault has namespaces in its paid edition only.
    if (name === "openbao")
      test("a role of a namespace is asked for in its namespace", async () => {
        const namespace = unique("team")
        await admin.ask("POST", `sys/namespaces/${namespace}`)
        await admin.ask("POST", "sys/auth/approle", { type: "approle" }, { namespace })
        await admin.ask("POST", "auth/approle/role/web", {}, { namespace })
        const plan = vaultAppRoleSecretId({
          address: server.url,
          token: server.rootToken,
          namespace,
          role: "web",
          consumers,
        }) as Required<GeneratedPlan>
        const candidate = await plan.create(makeContext())
        await plan.apply(candidate, applyContext())
        expect(await plan.verify(candidate, stepContext())).toBe("works")
      })
  })
