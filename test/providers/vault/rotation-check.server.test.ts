import { vault } from "latchkey/vault"
import { expect, test } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { calm, errorOf, reveal } from "../calls.ts"
import { adminOf, mountKv, tokenFor } from "./admin.ts"
import { journalOf, promotion, rotationRig } from "./rotation-rig.ts"

const SELF = 'path "sys/capabilities-self" { capabilities = ["update"] }'
const DATA = 'path "MOUNT/data/*" { capabilities = ["create", "read", "update"] }'
const METADATA = 'path "MOUNT/metadata/latchkey/rotation/*" { capabilities = ["list", "delete"] }'

for (const name of ["vault", "openbao"] as const)
  describeOn(name, server => {
    test("version 1 of the engine is refused, with the line that makes it version 2", async () => {
      const admin = adminOf(server)
      const mount = await mountKv(admin, 1)
      const auth = { method: "token", token: server.rootToken } as const
      const store = vault({ kv: 1, address: server.url, mount, auth })
      const error = await errorOf(() => store.rotation?.())
      expect([error.code, error.hint]).toEqual([
        "UNSUPPORTED",
        expect.stringContaining(`vault kv enable-versioning ${mount}`),
      ])
      await store.close()
      await admin.ask("DELETE", `sys/mounts/${mount}`)
    })

    test("version 1 that was said to be version 2 is refused before anything is written", async () => {
      const { ledger, journals, mount, admin } = await rotationRig(server, { kv: 1 })
      const check = await errorOf(ledger.check("tally", calm))
      expect([check.code, check.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("kv: 1")])
      for (const call of [
        () => journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 }),
        () => ledger.park("tally", { ...calm, rotationId: "r1", value: "v" }),
        () => ledger.promote("tally", promotion("r1", "v")),
      ])
        expect((await errorOf(call)).code).toBe("MISCONFIGURED")
      expect((await admin.ask("LIST", mount, undefined, { fine: [404] })).data).toBeUndefined()
    })

    test("a check passes for a secret that is there and for one that is not, and leaves nothing behind", async () => {
      const { ledger, put, everything } = await rotationRig(server)
      await put("tally", { value: "one" })
      await ledger.check("tally", calm)
      await ledger.check("missing/one", calm)
      expect(await everything()).toEqual(["tally"])
    })

    test("a secret whose current version is deleted is refused, with both ways on", async () => {
      const { ledger, put, mount, admin } = await rotationRig(server)
      await put("tally", { value: "one" })
      await admin.ask("DELETE", `${mount}/data/tally`)
      const error = await errorOf(ledger.check("tally", calm))
      expect([error.code, error.hint]).toEqual([
        "MISCONFIGURED",
        expect.stringMatching(/kv undelete .*kv metadata delete .*tally/),
      ])
    })

    const demand = (path: string, capabilities: string): string =>
      `path "MOUNT/${path}" { capabilities = [${capabilities}] }`
    const JOURNALS = demand("data/latchkey/rotation/tally/*", '"create", "read", "update"')
    const CANDIDATES = demand("metadata/latchkey/rotation/tally/*", '"list", "delete"')
    for (const [what, policy, lacks] of [
      ["may do nothing", 'path "other/*" { capabilities = ["read"] }', [JOURNALS, CANDIDATES]],
      ["may read the secret only", demand("data/tally", '"read"'), [JOURNALS, CANDIDATES]],
      [
        "may read everything, and ask what it may do",
        `${SELF} path "MOUNT/data/*" { capabilities = ["read"] }`,
        [
          demand("data/tally", '"update"'),
          demand("data/latchkey/rotation/tally/*", '"create", "update"'),
          CANDIDATES,
        ],
      ],
      ["may not remove candidates", `${SELF} ${DATA}`, [CANDIDATES]],
    ] as const)
      test(`who ${what} is told at once what a policy lacks`, async () => {
        const { ledger, put, mount } = await rotationRig(server, { policy })
        await put("tally", { value: "one" })
        const error = await errorOf(ledger.check("tally", calm))
        expect(error.code).toBe("DENIED")
        for (const one of lacks) expect(error.hint).toContain(one.replaceAll("MOUNT", mount))
      })

    test("the lines of a refusal are what was lacking: with them the check passes and a rotation goes through", async () => {
      const { ledger, put, mount, admin } = await rotationRig(server, { policy: SELF })
      await put("tally", { value: "one" })
      const { hint = "" } = await errorOf(ledger.check("tally", calm))
      const lines = hint.match(/path "[^"]+" \{ capabilities = \[[^\]]+\] \}/g) ?? []
      const { token } = await tokenFor(admin, [SELF, ...lines].join("\n"))
      const auth = { method: "token", token } as const
      const store = vault({ kv: 2, address: server.url, mount, auth })
      const own = store.rotation()
      await own.check("tally", calm)
      await own.journals?.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
      await own.park("tally", { ...calm, rotationId: "r1", value: "two" })
      const { previous } = await own.promote("tally", promotion("r1", "two", "1"))
      // It may not see whether the former version stays.
      expect(previous).toBe("latchkey/rotation/tally/r1/version-1")
      expect(await own.kept("tally", { ...calm, rotationId: "r1", reference: previous ?? "" })).toMatchObject(
        { value: "one" },
      )
      await own.discard("tally", { ...calm, rotationId: "r1" })
      await store.close()
    })

    test("who may not ask what it may do is believed as far as it may read", async () => {
      const { ledger, put } = await rotationRig(server, { policy: `${DATA} ${METADATA}` })
      await put("tally", { value: "one" })
      await ledger.check("tally", calm)
    })

    test("a secret that was changed is not copied by who may not see its versions", async () => {
      const { ledger, store, put, everything } = await rotationRig(server, { policy: `${DATA} ${METADATA}` })
      await put("tally", { value: "one" })
      await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
      await put("tally", { value: "by hand" })
      expect((await errorOf(ledger.promote("tally", promotion("r1", "two", "1")))).code).toBe("CONFLICT")
      expect(await reveal(store, "tally")).toBe("by hand")
      expect(await everything()).toEqual(["latchkey/rotation/tally/r1", "tally"])
    })

    test("who may see the versions of a secret, and not how many the mount keeps, has the former value copied", async () => {
      const versions = 'path "MOUNT/metadata/*" { capabilities = ["read"] }'
      const policy = `${DATA} ${METADATA} ${versions}`
      for (const [max_versions, previous] of [
        [0, "latchkey/rotation/tally/r1/version-1"],
        [2, "version=1"],
      ] as const) {
        const { ledger, put, admin, mount } = await rotationRig(server, { policy })
        await put("tally", { value: "one" })
        await admin.ask("POST", `${mount}/metadata/tally`, { max_versions })
        await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
        expect((await ledger.promote("tally", promotion("r1", "two", "1"))).previous).toBe(previous)
      }
    })

    test("a mount that deletes versions within days is refused, by the check and by whoever may not see that before", async () => {
      const config = { delete_version_after: "160h" }
      const { ledger, put } = await rotationRig(server, { config })
      await put("tally", { value: "one" })
      const check = await errorOf(ledger.check("tally", calm))
      expect([check.code, check.hint]).toEqual([
        "MISCONFIGURED",
        expect.stringContaining("delete_version_after"),
      ])

      const blind = await rotationRig(server, { config, policy: `${DATA} ${METADATA}` })
      await blind.put("tally", { value: "one" })
      await blind.ledger.check("tally", calm)
      await blind.journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
      expect((await errorOf(blind.journals.load("tally", calm))).code).toBe("MISCONFIGURED")
    })

    test("where a mount deletes versions by age, who may not keep the journal alive is told before", async () => {
      const config = { delete_version_after: "200h" }
      const more = 'path "MOUNT/config" { capabilities = ["read"] }'
      const { ledger, put, mount } = await rotationRig(server, {
        config,
        policy: `${SELF} ${DATA} ${METADATA} ${more}`,
      })
      await put("tally", { value: "one" })
      const error = await errorOf(ledger.check("tally", calm))
      expect([error.code, error.hint]).toEqual([
        "DENIED",
        expect.stringContaining(
          `path "${mount}/undelete/latchkey/rotation/tally/*" { capabilities = ["update"] }`,
        ),
      ])
    })

    test("permissions are told for the secret and its own places, by the names of the server", async () => {
      const { ledger, mount } = await rotationRig(server)
      expect(ledger.permissions("app/tally").map(({ action, on }) => `${on}: ${action}`)).toEqual([
        `${mount}/data/app/tally: create, read, update`,
        `${mount}/data/latchkey/rotation/app/tally/*: create, read, update`,
        `${mount}/metadata/latchkey/rotation/app/tally/*: create, update, list, delete`,
        `${mount}/metadata/app/tally: read`,
        `${mount}/config: read`,
        `${mount}/undelete/latchkey/rotation/app/tally/*: update`,
      ])
    })
  })
