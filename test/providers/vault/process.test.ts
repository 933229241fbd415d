import { describe, expect, test } from "vitest"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild } from "../../support/child.ts"
import { foreignTo, WATCHED } from "../../support/watched.ts"
import { kv2Answer, loginAnswer, playedServer, refusal } from "./server.ts"

/** Begins a program with a vault. */
const PROGRAM = `${WATCHED}
  const { vault, openVault } = await import("latchkey/vault")
  const signal = new AbortController().signal
  const reaching = { kv: 2, address: process.env.ADDRESS }
`

describe("a program with a vault", () => {
  test("loads nothing of anybody else until the first call, and then the SDK of this backend only", async () => {
    const server = await playedServer(() => kv2Answer({ value: "v" }))
    const ended = await runChild(
      `${PROGRAM}
      const store = vault({ ...reaching, auth: { method: "token", token: "mine" } })
      console.log(JSON.stringify([packages(), loaded.filter(url => /^node:(?:https?|crypto|tls)$/.test(url))]))
      await store.read("tally", { signal })
      console.log(JSON.stringify([packages(), []]))
      await store.close()`,
      { env: { ADDRESS: server.url } },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    const [before, after] = ended.stdout
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as [string[], string[]])
    expect(before).toEqual([[], []])
    expect(after?.[0]).toContain("node-vault")
    expect(foreignTo("vault", after?.[0] ?? [])).toEqual([])
  })

  test("ends by itself within a second of close(), also when a connection is kept and a call hangs", async () => {
    const canary = newCanary()
    const server = await playedServer(({ path }) =>
      path === "auth/jwt/login"
        ? loginAnswer(canary.text, 3_600, true)
        : path.endsWith("hangs")
          ? "never"
          : kv2Answer({ value: canary.text }),
    )
    const ended = await runChild(
      `${PROGRAM}
      const store = vault({ ...reaching, auth: { method: "jwt", jwt: "signed" } })
      const secret = await store.read("tally", { signal })
      const hanging = store.read("hangs", { signal }).catch(error => error.code)
      await store.ping({ signal })
      await store.close()
      console.log(secret.value.length, await hanging)
      console.log("closed")`,
      { env: { ADDRESS: server.url } },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "32 CLOSED\nclosed\n" })
    expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
    expectNoLeak(canary, ended.stdout, ended.stderr)
  })

  test("ends by itself also if it does not close the store", async () => {
    const server = await playedServer(() => kv2Answer({ value: "v" }))
    const ended = await runChild(
      `${PROGRAM}
      const store = vault({ ...reaching, auth: { method: "token", token: "mine" } })
      await store.read("tally", { signal })
      console.log("read")`,
      { env: { ADDRESS: server.url } },
    )
    expect(ended.code).toBe(0)
    expect(ended.wentOnAfter("read")).toBeLessThan(1_000)
  })

  test("says what to install where node-vault is missing, and goes on when it was installed", async () => {
    const server = await playedServer(() => kv2Answer({ value: "v" }))
    const ended = await runChild(
      `${PROGRAM}
      const store = vault({ ...reaching, auth: { method: "token", token: "mine" } })
      const error = await store.write("tally", "v", { signal }).catch(error => error)
      console.log(JSON.stringify([error.code, error.hint, error.transient, error.outcome ?? null]))
      missing = []
      console.log((await store.read("tally", { signal })).value)
      await store.close()`,
      { env: { ADDRESS: server.url, MISSING: "node-vault" } },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    const [failed, read] = ended.stdout.trim().split("\n")
    expect(JSON.parse(failed ?? "")).toEqual(["MISCONFIGURED", "npm install node-vault", false, null])
    expect(read).toBe("v")
  })
})

test("node-vault prints nothing, whatever DEBUG says, and no error of it comes through", async () => {
  const canary = newCanary()
  const server = await playedServer(({ method, path }) =>
    method === "POST"
      ? refusal(400, canary.text)
      : path.endsWith("cut")
        ? { text: '{"data":' }
        : kv2Answer({ value: canary.text }),
  )
  const ended = await runChild(
    `${PROGRAM}
      const store = vault({ ...reaching, auth: { method: "token", token: process.env.SECRET } })
      await store.read("tally", { signal })
      for (const call of [store.write("tally", process.env.SECRET, { signal }), store.read("cut", { signal })]) {
        const error = await call.catch(error => error)
        console.log(error, JSON.stringify(error), error.stack)
      }
      await store.close()`,
    { env: { ADDRESS: server.url, SECRET: canary.text, DEBUG: "*,node-vault" } },
  )
  expect(ended).toMatchObject({ code: 0, stderr: "" })
  expect(ended.stdout).toContain("UNAVAILABLE")
  expectNoLeak(canary, ended.stdout, ended.stderr)
})

test("node-vault takes nothing from the environment that the options did not say", async () => {
  const server = await playedServer(() => ({ json: { auth: { client_token: "mine" }, data: {} } }))
  const ended = await runChild(
    `${PROGRAM}
      const store = vault({ ...reaching, auth: { method: "jwt", jwt: "signed" } })
      await store.ping({ signal })
      await store.close()`,
    {
      env: {
        ADDRESS: server.url,
        VAULT_ADDR: "http://127.0.0.1:1",
        VAULT_TOKEN: "somebody's",
        VAULT_NAMESPACE: "elsewhere",
        VAULT_PREFIX: "/prefix",
        VAULT_SKIP_VERIFY: "true",
      },
    },
  )
  expect(ended).toMatchObject({ code: 0, stderr: "" })
  expect(server.seen.map(({ path, token, namespace }) => [path, token, namespace])).toEqual([
    ["auth/jwt/login", undefined, undefined],
    ["secret/data/latchkey/ping", "mine", undefined],
  ])
})
