import { vault } from "latchkey/vault"
import { expect, test } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf, names, reveal } from "../calls.ts"
import { unique } from "./admin.ts"
import { journalOf, promotion, rotationRig } from "./rotation-rig.ts"

const JOURNAL = "latchkey/rotation/tally/journal"

for (const name of ["vault", "openbao"] as const)
  describeOn(name, server => {
    for (const [what, remove] of [
      ["deleted softly", mount => ["DELETE", `${mount}/data/${JOURNAL}`]],
      ["destroyed", mount => ["POST", `${mount}/destroy/${JOURNAL}`, { versions: [2] }]],
      ["removed with its metadata", mount => ["DELETE", `${mount}/metadata/${JOURNAL}`]],
    ] as const satisfies readonly [string, (mount: string) => readonly [string, string, object?]][])
      test(`a journal that a person has ${what} is none: the next rotation begins anew, and a late one ends`, async () => {
        const { journals, mount, admin } = await rotationRig(server)
        await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
        await journals.save("tally", journalOf(2), { ...calm, expectSeq: 1 })
        const [method, path, body] = remove(mount)
        await admin.ask(method, path, body)
        expect((await journals.load("tally", calm)).journal).toBeUndefined()
        const late = await errorOf(journals.save("tally", journalOf(3), { ...calm, expectSeq: 2 }))
        expect([late.code, late.outcome]).toEqual(["CONFLICT", undefined])
        const first = journalOf(1)
        await journals.save("tally", first, { ...calm, expectSeq: 0 })
        expect((await journals.load("tally", calm)).journal).toEqual(first)
      })

    test("a journal is one secret of which a few versions are kept, and holds no value", async () => {
      const canary = newCanary()
      const { journals, ledger, store, mount, admin, put } = await rotationRig(server)
      await put("tally", { value: canary.text })
      const { reference } = await ledger.park("tally", { ...calm, rotationId: "r1", value: canary.text })
      for (let seq = 1; seq <= 8; seq++)
        await journals.save("tally", journalOf(seq, { candidate: reference }), {
          ...calm,
          expectSeq: seq - 1,
        })
      const { data } = await admin.ask("GET", `${mount}/metadata/${JOURNAL}`)
      expect(Object.keys(data?.versions ?? {})).toEqual(["4", "5", "6", "7", "8"])
      expect(data?.max_versions).toBe(5)
      canary.watch(await admin.ask("GET", `${mount}/data/${JOURNAL}`), await journals.load("tally", calm))
      expect(await names(store.list(calm))).toEqual(["tally"])
    })

    test("the time that comes with a journal is the server's, also where there is no journal", async () => {
      const { journals } = await rotationRig(server)
      const before = Date.now()
      const { at: without = 0 } = await journals.load("tally", calm)
      await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
      const { at: withOne = 0 } = await journals.load("tally", calm)
      // The header has whole seconds.
      for (const at of [without, withOne]) {
        expect(at).toBeGreaterThanOrEqual(before - 1_000)
        expect(at).toBeLessThanOrEqual(Date.now())
      }
    })

    test("stores with different prefixes that mean the same secret have one journal", async () => {
      const { journals, store, mount, everything } = await rotationRig(server)
      await journals.save("app/tally", journalOf(1), { ...calm, expectSeq: 0 })
      const auth = { method: "token", token: server.rootToken } as const
      const other = vault({ kv: 2, address: server.url, mount, auth, prefix: "app" })
      const error = await errorOf(
        other.rotation().journals?.save("tally", journalOf(1), { ...calm, expectSeq: 0 }) ??
          Promise.resolve(),
      )
      expect(error.code).toBe("CONFLICT")
      expect(await everything()).toEqual(["latchkey/rotation/app/tally/journal"])
      expect(await names(other.list(calm))).toEqual([])
      expect(await names(store.list(calm))).toEqual([])
      await other.close()
    })

    test("a secret has one place, whichever address and prefix lead to it, and another one on every mount", async () => {
      const { ledger, mount } = await rotationRig(server)
      const place = await ledger.placeOf?.("app/tally", calm)
      const address = server.url.replace("127.0.0.1", "localhost")
      const auth = { method: "token", token: server.rootToken } as const
      const other = vault({ kv: 2, address, mount, auth, prefix: "app" })
      expect(await other.rotation().placeOf?.("tally", calm)).toBe(place)
      expect(other.rotation().journals?.location).not.toContain("app")
      await other.close()
      const elsewhere = await rotationRig(server)
      expect(await elsewhere.ledger.placeOf?.("app/tally", calm)).not.toBe(place)
      expect(place).toMatch(/^vault mount [0-9a-f-]{36} app\/tally$/)
    })

    test("after a rotation only the journal is left beside the secret, and no former candidate can be read", async () => {
      const { ledger, journals, put, everything, admin, mount } = await rotationRig(server)
      await put("tally", { value: "one" })
      await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
      await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
      const { previous } = await ledger.promote("tally", promotion("r1", "two", "1"))
      expect(previous).toBe("version=1")
      await ledger.discard("tally", { ...calm, rotationId: "r1" })
      await ledger.discard("tally", { ...calm, rotationId: "r1" })
      expect(await everything()).toEqual([JOURNAL, "tally"])
      for (const path of [
        `${mount}/data/latchkey/rotation/tally/r1`,
        `${mount}/metadata/latchkey/rotation/tally/r1`,
      ])
        expect((await admin.ask("GET", path, undefined, { fine: [404] })).data).toBeUndefined()
      expect(await ledger.kept("tally", { ...calm, rotationId: "r1" })).toBeUndefined()
    })

    test("a candidate that a person has deleted is gone, and is not made a second time", async () => {
      const { ledger, admin, mount } = await rotationRig(server)
      const { reference } = await ledger.park("tally", { ...calm, rotationId: "r1", value: "one" })
      await admin.ask("DELETE", `${mount}/data/${reference}`)
      expect(await ledger.kept("tally", { ...calm, rotationId: "r1", reference })).toBeUndefined()
      const canary = newCanary()
      const again = canary.watch(
        await errorOf(ledger.park("tally", { ...calm, rotationId: "r1", value: canary.text })),
      )
      expect([again.code, again.hint]).toEqual(["CONFLICT", expect.stringContaining("undelete")])
      await ledger.discard("tally", { ...calm, rotationId: "r1" })
      expect((await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })).mine).toBe(true)
    })

    test("a reference leads to what is kept for this secret, and nowhere else", async () => {
      const { ledger, put, journals } = await rotationRig(server)
      await put("tally", { value: "one" })
      await put("other", { value: "another" })
      await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
      await ledger.park("other", { ...calm, rotationId: "r1", value: "another" })
      for (const reference of [
        "other",
        "latchkey/rotation/other/r1",
        JOURNAL,
        "latchkey/rotation/tally/../other/r1",
        "latchkey/rotation/tally/r1/r1",
        "version=0",
        "version=9",
        "1",
        "",
      ])
        expect(await ledger.kept("tally", { ...calm, rotationId: "r9", reference })).toBeUndefined()
      await ledger.discard("tally", { ...calm, rotationId: "r9", reference: "latchkey/rotation/other/r1" })
      expect(await ledger.kept("other", { ...calm, rotationId: "r1" })).toMatchObject({ value: "another" })
      for (const rotationId of ["journal", "a/b", "..", ""])
        expect((await errorOf(ledger.park("tally", { ...calm, rotationId, value: "v" }))).code).toBe(
          "INVALID_NAME",
        )
    })

    test("a secret with several fields rotates to its JSON text, and its former fields stay as they were", async () => {
      const { ledger, store, put, admin, mount } = await rotationRig(server, { config: { max_versions: 1 } })
      const former = { user: "app", id: 123456789012345, list: [1, { a: null }], value: "v" }
      await put("db", former)
      const base = await store.read("db", calm)
      const value = '{"user":"app2","password":"p"}'
      await ledger.park("db", { ...calm, rotationId: "r1", value })
      const { previous = "" } = await ledger.promote("db", promotion("r1", value, base.version))
      expect(await reveal(store, "db")).toBe(value)
      expect((await admin.ask("GET", `${mount}/data/db`)).data?.data).toEqual({ value })
      const kept = await ledger.kept("db", { ...calm, rotationId: "r1", reference: previous })
      expect(kept).toEqual({ reference: previous, value: base.value })
      expect((await admin.ask("GET", `${mount}/data/${previous}`)).data?.data).toEqual(former)
    })

    for (const [what, config, metadata, copied] of [
      ["the mount keeps one version", { max_versions: 1 }, undefined, true],
      ["the secret keeps one version", undefined, { max_versions: 1 }, true],
      ["the mount keeps one and the secret three", { max_versions: 1 }, { max_versions: 3 }, false],
      ["the mount keeps three and the secret one", { max_versions: 3 }, { max_versions: 1 }, false],
      ["the secret deletes versions by age", undefined, { delete_version_after: "1h" }, true],
      ["the mount deletes versions by age", { delete_version_after: "200h" }, undefined, true],
      ["nothing is set", undefined, undefined, false],
    ] as const)
      test(`where ${what}, the former value is ${copied ? "copied first" : "a version"}, and can be read until it is discarded`, async () => {
        const { ledger, store, put, admin, mount, everything } = await rotationRig(
          server,
          config === undefined ? {} : { config },
        )
        if (metadata !== undefined) await admin.ask("POST", `${mount}/metadata/tally`, metadata)
        await put("tally", { value: "one" })
        await ledger.check("tally", calm)
        await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
        const { version, previous = "" } = await ledger.promote("tally", promotion("r1", "two", "1"))
        expect(previous).toBe(copied ? "latchkey/rotation/tally/r1/version-1" : "version=1")
        const kept = { ...calm, rotationId: "r1", reference: previous }
        expect(await ledger.kept("tally", kept)).toEqual({ reference: previous, value: "one" })

        // Back again, which keeps what was before that too.
        const back = await ledger.promote("tally", promotion("r1", "one", version))
        expect(await reveal(store, "tally")).toBe("one")
        expect(await ledger.kept("tally", { ...kept, reference: back.previous ?? "" })).toMatchObject({
          value: "two",
        })
        await ledger.discard("tally", { ...calm, rotationId: "r1" })
        expect(await everything()).toEqual(["tally"])
        if (copied) expect(await ledger.kept("tally", kept)).toBeUndefined()
      })

    test("a secret that was removed and made again under the same number is never written over", async () => {
      const { ledger, store, put, admin, mount } = await rotationRig(server)
      await put("tally", { value: "one" })
      await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
      const { data: candidate } = await admin.ask("GET", `${mount}/data/latchkey/rotation/tally/r1`)
      // OpenBao's clock ticks once a second.
      await eventually(async () => {
        await admin.ask("DELETE", `${mount}/metadata/tally`)
        await put("tally", { value: "by hand" })
        const { data } = await admin.ask("GET", `${mount}/metadata/tally`)
        expect(Date.parse(String(data?.created_time))).toBeGreaterThan(
          Date.parse(String(candidate?.metadata?.created_time)),
        )
      })
      expect((await store.read("tally", calm)).version).toBe("1")
      const error = await errorOf(ledger.promote("tally", promotion("r1", "two", "1")))
      expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
      expect(await reveal(store, "tally")).toBe("by hand")
    })

    test("a secret that a person has deleted or destroyed is not written over", async () => {
      const { ledger, put, admin, mount, everything } = await rotationRig(server)
      for (const [secret, expectBase] of [
        ["deleted", "1"],
        ["deleted", undefined],
        ["destroyed", "1"],
        ["destroyed", undefined],
      ] as const) {
        await put(secret, { value: "one" })
        await ledger.park(secret, { ...calm, rotationId: "r1", value: "two" })
        if (secret === "destroyed") await admin.ask("POST", `${mount}/destroy/${secret}`, { versions: [1] })
        else await admin.ask("DELETE", `${mount}/data/${secret}`)
        const error = await errorOf(ledger.promote(secret, promotion("r1", "two", expectBase)))
        expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
        await admin.ask("DELETE", `${mount}/metadata/${secret}`)
        await ledger.discard(secret, { ...calm, rotationId: "r1" })
      }
      expect(await everything()).toEqual([])
    })

    test("a mount that wants check-and-set for everything is no hindrance", async () => {
      const { ledger, journals, store, put, admin, mount } = await rotationRig(server)
      await put("tally", { value: "one" })
      await admin.ask("POST", `${mount}/config`, { cas_required: true, max_versions: 1 })
      await ledger.check("tally", calm)
      await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
      await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
      await ledger.promote("tally", promotion("r1", "two", "1"))
      await journals.save("tally", journalOf(2), { ...calm, expectSeq: 1 })
      expect(await reveal(store, "tally")).toBe("two")
    })

    test("bytes are refused, and nothing of them is stored", async () => {
      const { ledger, put, everything } = await rotationRig(server)
      await put("tally", { value: "one" })
      const canary = newCanary()
      const value = canary.bytes
      const park = canary.watch(await errorOf(ledger.park("tally", { ...calm, rotationId: "r1", value })))
      const promote = canary.watch(
        await errorOf(ledger.promote("tally", { ...promotion("r1", "", "1"), value })),
      )
      expect([park.code, promote.code]).toEqual(["UNSUPPORTED", "UNSUPPORTED"])
      expect(await everything()).toEqual(["tally"])
    })

    // Vault has namespaces in its paid edition only.
    if (name === "openbao")
      test("in a namespace everything stays in the namespace", async () => {
        const namespace = unique("team")
        const { admin } = await rotationRig(server)
        await admin.ask("POST", `sys/namespaces/${namespace}`)
        const { ledger, journals, store, put, everything } = await rotationRig(server, { namespace })
        await put("tally", { value: "one" })
        await ledger.check("tally", calm)
        await journals.save("tally", journalOf(1), { ...calm, expectSeq: 0 })
        await ledger.park("tally", { ...calm, rotationId: "r1", value: "two" })
        await ledger.promote("tally", promotion("r1", "two", "1"))
        expect(await reveal(store, "tally")).toBe("two")
        expect(await everything()).toEqual([JOURNAL, "latchkey/rotation/tally/r1", "tally"])
      })
  })
