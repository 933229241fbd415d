import { type VaultKv1Store, vault } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { calm, errorOf, names } from "../calls.ts"
import { kv2Answer, playedServer, refusal, withMount } from "./server.ts"

const auth = { method: "token", token: "a-token" } as const

const CALLS: readonly ((store: VaultKv1Store, name: string) => Promise<unknown>)[] = [
  (store, name) => store.read(name, calm),
  (store, name) => store.write(name, "v", calm),
  (store, name) => store.delete(name, calm),
]

describe("version 1 said of an engine of version 2", () => {
  test("with a mount that ends in /data is noticed before anything is done there, and told what the mount is", async () => {
    const server = await playedServer(
      withMount(() => kv2Answer({ value: "v" }), { type: "kv", options: { version: "2" }, path: "secret/" }),
    )
    for (const mount of ["secret/data", "secret/metadata", "secret/data/team"]) {
      const store = vault({ kv: 1, address: server.url, mount, auth })
      for (const call of [
        ...CALLS,
        () => store.ping(calm),
        async (): Promise<unknown> => await names(store.list(calm)),
      ]) {
        const error = await errorOf(call(store, "tally"))
        expect([error.code, error.outcome]).toEqual(["MISCONFIGURED", undefined])
        expect(error.message).toMatch(/the mount ends before \/(?:meta)?data.*the mount is secret/)
      }
      await store.close()
    }
    expect(server.asked.filter(path => !path.includes("sys/"))).toEqual([])
  })

  test("with names that begin with data/ is noticed before anything is done there", async () => {
    const server = await playedServer(withMount(() => kv2Answer({ value: "v" })))
    const store = vault({ kv: 1, address: server.url, auth })
    for (const call of CALLS) {
      const error = await errorOf(call(store, "data/tally"))
      expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("kv: 2")])
    }
    expect(new Set(server.asked)).toEqual(new Set(["GET sys/internal/ui/mounts/secret"]))
    await store.close()
  })

  test("of a server that does not tell is noticed by the wrapping of the value, and deletes nothing", async () => {
    const canary = newCanary()
    const aboutSecret = { current_version: 1, max_versions: 0, versions: { 1: {} } }
    for (const refused of [refusal(403, "1 error occurred:\n\t* permission denied\n\n"), refusal(404)]) {
      const server = await playedServer(({ path }) =>
        path.startsWith("sys/")
          ? refused
          : path.includes("metadata")
            ? { json: { data: aboutSecret } }
            : kv2Answer({ value: canary.text }),
      )
      const store = vault({ kv: 1, address: server.url, auth })
      for (const name of ["data/tally", "metadata/tally"]) {
        for (const call of [() => store.read(name, calm), () => store.delete(name, calm)]) {
          const error = canary.watch(await errorOf(call))
          expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("kv: 2")])
        }
      }
      expect(server.asked.filter(asked => asked.startsWith("DELETE"))).toEqual([])
      await store.close()
    }
  })

  test("is noticed when it misses the data of what is written", async () => {
    const server = await playedServer(({ path }) =>
      path.startsWith("sys/") ? refusal(403) : refusal(400, "no data provided"),
    )
    const store = vault({ kv: 1, address: server.url, auth })
    const error = await errorOf(store.write("data/tally", "v", calm))
    expect([error.code, error.outcome]).toEqual(["MISCONFIGURED", undefined])
    await store.close()
  })
})

describe("an engine of version 1", () => {
  const ONE = { type: "kv", options: null, path: "secret/" }

  test("may have secrets below data/, also with what looks like the wrapping of version 2", async () => {
    const wrapped = kv2Answer({ value: "v" })
    const server = await playedServer(
      withMount(({ method }) => (method === "GET" ? wrapped : { status: 204 }), ONE),
    )
    const store = vault({ kv: 1, address: server.url, auth })
    await Promise.all([store.read("data/one", calm), store.read("data/two", calm)])
    expect(JSON.parse(String((await store.read("data/tally", calm)).value))).toMatchObject({
      data: { value: "v" },
    })
    await store.write("data/tally", "v", calm)
    expect(server.asked.filter(path => path.includes("sys/"))).toHaveLength(1)
    await store.close()
  })

  test("is not asked for where nothing looks like version 2", async () => {
    const server = await playedServer(() => kv2Answer({ value: "v" }))
    const store = vault({ kv: 1, address: server.url, auth })
    for (const name of ["tally", "my-data/tally", "tally/data-2"]) await store.read(name, calm)
    expect(server.asked.filter(path => path.includes("sys/"))).toEqual([])
    await store.close()
  })

  test("that cannot be asked for because the server is down is no answer at all", async () => {
    const server = await playedServer(({ path }) =>
      path.startsWith("sys/") ? refusal(500, "internal error") : kv2Answer({ value: "v" }),
    )
    const store = vault({ kv: 1, address: server.url, auth })
    const error = await errorOf(store.write("data/tally", "v", calm))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    await store.close()
  })
})
