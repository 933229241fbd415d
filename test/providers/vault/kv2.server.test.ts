import type { VersionInfo } from "latchkey"
import { openVault, type VaultKv2Store, vault } from "latchkey/vault"
import { expect, onTestFinished, test } from "vitest"
import { fieldOf } from "../../../src/core/index.ts"
import { describeOn } from "../../servers/cases.ts"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf, names } from "../calls.ts"
import { type Admin, adminOf, mountKv, unique } from "./admin.ts"

for (const name of ["vault", "openbao"] as const)
  describeOn(name, server => {
    const admin = adminOf(server)

    /** A store on a mount of the test's own. */
    async function start(more: Partial<Parameters<typeof vault>[0]> = {}): Promise<{
      readonly store: VaultKv2Store
      readonly mount: string
      readonly ask: Admin["ask"]
    }> {
      const mount = more.mount ?? (await mountKv(admin, 2))
      const store = vault({
        address: server.url,
        auth: { method: "token", token: server.rootToken },
        ...more,
        kv: 2,
        mount,
      })
      onTestFinished(async () => {
        await store.close()
        await admin.ask("DELETE", `sys/mounts/${mount}`)
      })
      return { store, mount, ask: admin.ask }
    }

    test("a version that was deleted softly is NOT_FOUND, with the way back, and never the one before", async () => {
      const { store, mount, ask } = await start()
      await store.write("tally/api-token", "one", calm)
      await store.write("tally/api-token", "two", calm)
      await ask("DELETE", `${mount}/data/tally/api-token`)
      const error = await errorOf(store.read("tally/api-token", calm))
      expect([error.code, error.plainMessage]).toEqual(["NOT_FOUND", "the version is deleted"])
      expect(error.hint).toContain(`vault kv undelete -mount=${mount} -versions=2 tally/api-token`)
      expect((await store.read("tally/api-token", { ...calm, version: "1" })).value).toBe("one")
      const versions: VersionInfo[] = []
      for await (const one of store.versions("tally/api-token", calm)) versions.push(one)
      expect(versions).toMatchObject([
        { version: "2", current: true, readable: false },
        { version: "1", current: false, readable: true },
      ])
      await ask("POST", `${mount}/undelete/tally/api-token`, { versions: [2] })
      expect((await store.read("tally/api-token", calm)).value).toBe("two")
    })

    test("after a soft deletion the name is taken for who expects it absent, and free for a plain write", async () => {
      const canary = newCanary()
      const { store, mount, ask } = await start()
      await store.write("tally", "one", calm)
      await ask("DELETE", `${mount}/data/tally`)
      const error = canary.watch(
        await errorOf(store.write("tally", canary.text, { ...calm, expect: "absent" })),
      )
      expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
      expect(error.hint).toMatch(/undelete.*metadata delete/)
      expect((await store.write("tally", "two", { ...calm, expect: "1" })).version).toBe("2")
      await ask("DELETE", `${mount}/data/tally`)
      expect((await store.write("tally", "three", calm)).version).toBe("3")
    })

    test("a version that was destroyed cannot be brought back, and says so", async () => {
      const { store, mount, ask } = await start()
      await store.write("tally", "one", calm)
      await ask("POST", `${mount}/destroy/tally`, { versions: [1] })
      const error = await errorOf(store.read("tally", calm))
      expect([error.code, error.plainMessage]).toEqual(["NOT_FOUND", "the version was destroyed"])
    })

    test("what is not a version of the engine's is none to a read, and none to expect", async () => {
      const { store } = await start()
      await store.write("tally", "one", calm)
      for (const version of ["0", "01", "-1", "1.0", "x", "1&version=1", "99", "9".repeat(40)]) {
        expect((await errorOf(store.read("tally", { ...calm, version }))).code).toBe("NOT_FOUND")
        expect((await errorOf(store.write("tally", "two", { ...calm, expect: version }))).code).toBe(
          "CONFLICT",
        )
      }
      expect((await store.read("tally", calm)).value).toBe("one")
    })

    test("the engine keeps ten versions, and the ones before are not there", async () => {
      const { store } = await start()
      for (let version = 1; version <= 12; version++) await store.write("tally", `v${version}`, calm)
      const kept: string[] = []
      for await (const { version } of store.versions("tally", calm)) kept.push(version)
      expect(kept).toEqual(["12", "11", "10", "9", "8", "7", "6", "5", "4", "3"])
      expect((await errorOf(store.read("tally", { ...calm, version: "2" }))).code).toBe("NOT_FOUND")
    })

    test("a secret of which there is only metadata has no value and no versions", async () => {
      const { store, mount, ask } = await start()
      await ask("POST", `${mount}/metadata/tally`, { custom_metadata: { owner: "team-a" } })
      expect((await errorOf(store.read("tally", calm))).code).toBe("NOT_FOUND")
      expect((await errorOf(store.versions("tally", calm)[Symbol.asyncIterator]().next())).code).toBe(
        "NOT_FOUND",
      )
    })

    test("a mount that wants check-and-set takes no plain write, and says what it wants", async () => {
      const { store, mount, ask } = await start()
      await ask("POST", `${mount}/config`, { cas_required: true })
      const error = await errorOf(store.write("tally", "one", calm))
      expect([error.code, error.hint]).toEqual(["CONFLICT", expect.stringContaining("expect")])
      const { version } = await store.write("tally", "one", { ...calm, expect: "absent" })
      await store.write("tally", "two", { ...calm, expect: version })
      expect((await store.read("tally", calm)).value).toBe("two")
    })

    test("a map is its JSON text, its fields can be picked, and the field value alone is the value", async () => {
      const { store, mount, ask } = await start()
      const put = async (data: unknown) => await ask("POST", `${mount}/data/db`, { data })
      for (const [data, value] of [
        [{ value: "alone" }, "alone"],
        [{ value: { host: "a" } }, '{"host":"a"}'],
        [{ value: 12.5 }, "12.5"],
        [{ value: null }, "null"],
        [{ user: "app", password: "p" }, '{"password":"p","user":"app"}'],
        [{ value: "v", user: "app" }, '{"user":"app","value":"v"}'],
        [{ password: "p" }, '{"password":"p"}'],
        [{}, "{}"],
      ] as const) {
        await put(data)
        expect((await store.read("db", calm)).value).toBe(value)
      }
      await put({ port: 5432, hosts: ["a", "b"] })
      const { value } = await store.read("db", calm)
      expect([fieldOf(value, "port", "db#port"), fieldOf(value, "/hosts/1", "db#/hosts/1")]).toEqual([
        "5432",
        "b",
      ])
    })

    test("says when a version was made, when it will be deleted, and its labels, without another request", async () => {
      const { store, mount, ask } = await start()
      const before = Date.now() - 2_000
      await ask("POST", `${mount}/metadata/tally`, {
        custom_metadata: { owner: "team-a" },
        delete_version_after: "3600s",
      })
      const written = await store.write("tally", "one", calm)
      const { createdAt, expiresAt, labels } = await store.read("tally", calm)
      expect(createdAt?.getTime()).toBeGreaterThan(before)
      expect(expiresAt?.getTime()).toBe((createdAt?.getTime() ?? 0) + 3_600_000)
      expect(labels).toEqual({ owner: "team-a" })
      expect(written.createdAt?.getTime()).toBe(createdAt?.getTime())
      for await (const one of store.versions("tally", calm)) expect(one.readable).toBe(true)
    })

    test("names with every odd character lead to a secret of their own", async () => {
      const { store } = await start()
      const odd = [
        "a b",
        "a?b=c",
        "a#b",
        "a&amp;b",
        "a+b",
        "a*b",
        "ключ/🔑",
        "a:b;c,d",
        "A/B",
        "..a/b..",
        "-/-",
        "&#x2F;",
      ]
      for (const name of odd) await store.write(name, `for ${name}`, calm)
      for (const name of odd) expect((await store.read(name, calm)).value).toBe(`for ${name}`)
      expect(await names(store.list(calm))).toEqual([...odd].sort())
    })

    test("a store that takes it for version 1 says so to every call, and changes nothing there", async () => {
      const { store, mount } = await start()
      const { version } = await store.write("tally", "v", calm)
      const auth = { method: "token", token: server.rootToken } as const
      for (const [at, secret] of [
        [mount, "tally"],
        [mount, "data/tally"],
        [mount, "metadata/tally"],
        [`${mount}/data`, "tally"],
        [`${mount}/metadata`, "tally"],
      ] as const) {
        const one = vault({ kv: 1, address: server.url, mount: at, auth })
        for (const call of [
          () => one.read(secret, calm),
          () => one.write(secret, "new", calm),
          () => one.delete(secret, calm),
          () => one.ping(calm),
          async (): Promise<unknown> => await names(one.list(calm)),
        ]) {
          const error = await errorOf(call)
          expect([error.code, error.hint, error.outcome]).toEqual([
            "MISCONFIGURED",
            expect.stringMatching(/kv: 2|the mount is /),
            undefined,
          ])
        }
        await one.close()
      }
      expect(await store.read("tally", calm)).toMatchObject({ value: "v", version })
    })

    test("a mount may have several segments", async () => {
      const mount = `${unique("team")}/secret store`
      await admin.ask("POST", `sys/mounts/${encodeURI(mount)}`, { type: "kv", options: { version: "2" } })
      const { store } = await start({ mount })
      // A new mount refuses everything for about a second.
      await eventually(async () => await store.write("tally", "v", calm))
      expect((await store.read("tally", calm)).value).toBe("v")
      expect(await names(store.list(calm))).toEqual(["tally"])
    })

    test("a mount that does not exist is MISCONFIGURED to who may know, and not a deletion", async () => {
      const store = vault({
        kv: 2,
        address: server.url,
        mount: "nowhere",
        auth: { method: "token", token: server.rootToken },
      })
      for (const call of [
        () => store.read("tally", calm),
        () => store.write("tally", "v", calm),
        () => store.ping(calm),
        () => names(store.list(calm)),
      ])
        expect((await errorOf(call)).code).toBe("MISCONFIGURED")
      await store.close()
    })

    test("a mount that is too long is MISCONFIGURED, and the hint has both parts of it", async () => {
      const { mount } = await start()
      const options = { address: server.url, auth: { method: "token", token: server.rootToken } } as const
      const error = await errorOf(openVault({ ...options, mount: `${mount}/prod/eu` }, calm))
      expect([error.code, error.hint]).toEqual([
        "MISCONFIGURED",
        `the mount is ${mount}: name that, and write prefix=prod/eu for what is below prod/eu/`,
      ])
      const store = vault({ ...options, kv: 2, mount: `${mount}/prod` })
      const write = await errorOf(store.write("tally", "v", calm))
      expect([write.code, write.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("prefix=prod for")])
      await store.close()
    })

    test("a prefix is all that a list looks at", async () => {
      const { store, mount, ask } = await start({ prefix: "prod" })
      for (const name of ["prod/a", "prod/deep/b", "prod", "product/c", "other/d"])
        await ask("POST", `${mount}/data/${name}`, { data: { value: "v" } })
      expect(await names(store.list(calm))).toEqual(["a", "deep/b"])
      expect(await names(store.list({ ...calm, under: "deep" }))).toEqual(["deep/b"])
    })
  })
