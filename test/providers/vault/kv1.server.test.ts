import { type VaultKv2Store, vault } from "latchkey/vault"
import { expect, onTestFinished, test } from "vitest"
import { describeOn } from "../../servers/cases.ts"
import { calm, errorOf, names } from "../calls.ts"
import { adminOf, mountKv } from "./admin.ts"

for (const name of ["vault", "openbao"] as const)
  describeOn(name, server => {
    const admin = adminOf(server)

    async function start(prefix?: string) {
      const mount = await mountKv(admin, 1)
      const auth = { method: "token", token: server.rootToken } as const
      const store = vault({ kv: 1, address: server.url, mount, auth, prefix })
      onTestFinished(async () => {
        await store.close()
        await admin.ask("DELETE", `sys/mounts/${mount}`)
      })
      return { store, mount }
    }

    test("a map is its JSON text, and the field value alone is the value", async () => {
      const { store, mount } = await start()
      for (const [data, value] of [
        [{ value: "alone" }, "alone"],
        [{ user: "app", password: "p" }, '{"password":"p","user":"app"}'],
        // To the command line this says how long the value may be kept; here it is a field like any other.
        [{ value: "v", ttl: "30m" }, '{"ttl":"30m","value":"v"}'],
      ] as const) {
        await admin.ask("POST", `${mount}/db`, data)
        expect((await store.read("db", calm)).value).toBe(value)
      }
    })

    test("a store that takes it for version 2 says so to every call, and leaves nothing there", async () => {
      const { mount } = await start()
      await admin.ask("POST", `${mount}/tally`, { value: "v" })
      const auth = { method: "token", token: server.rootToken } as const
      for (const call of [
        (store: VaultKv2Store) => store.read("tally", calm),
        (store: VaultKv2Store) => store.write("tally", "new", calm),
        (store: VaultKv2Store) => store.delete("tally", calm),
        (store: VaultKv2Store) => names(store.list(calm)),
        (store: VaultKv2Store) => store.versions("tally", calm)[Symbol.asyncIterator]().next(),
        (store: VaultKv2Store) => store.ping(calm),
      ]) {
        const store = vault({ kv: 2, address: server.url, mount, auth })
        const error = await errorOf(call(store))
        expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("kv: 1")])
        await store.close()
      }
      expect((await admin.ask("LIST", mount)).data?.keys).toEqual(["tally"])
    })

    test("a secret that was deleted and made again has another version, though its value is the same", async () => {
      const { store } = await start()
      const first = await store.write("tally", "v", calm)
      expect((await store.read("tally", calm)).version).toBe(first.version)
      await store.delete("tally", calm)
      expect((await errorOf(store.read("tally", calm))).code).toBe("NOT_FOUND")
      expect((await store.write("tally", "v", calm)).version).not.toBe(first.version)
    })

    test("a prefix is all that a list looks at", async () => {
      const { store, mount } = await start("prod")
      for (const one of ["prod/a", "prod/deep/b", "prod", "product/c", "other/d"])
        await admin.ask("POST", `${mount}/${one}`, { value: "v" })
      expect(await names(store.list(calm))).toEqual(["a", "deep/b"])
    })
  })
