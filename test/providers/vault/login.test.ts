import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type VaultAuth, vault } from "latchkey/vault"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, errorOf } from "../calls.ts"
import { kv2Answer, loginAnswer, type Played, type PlayedServer, playedServer, refusal } from "./server.ts"

async function letsIn(): Promise<PlayedServer & { dead: boolean }> {
  let logins = 0
  const state = { dead: false }
  const server = await playedServer(({ path, token }) => {
    if (path.startsWith("auth/")) return loginAnswer(`token-${++logins}`)
    if (!state.dead) return kv2Answer({ value: String(token) })
    state.dead = false
    return refusal(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
  })
  return Object.defineProperty(server as PlayedServer & { dead: boolean }, "dead", {
    set: (dead: boolean) => {
      state.dead = dead
    },
  })
}

async function file(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-vault-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  const path = join(folder, "credential")
  await writeFile(path, content)
  return path
}

function storeOn(server: PlayedServer, auth: VaultAuth) {
  return vault({ kv: 2, address: server.url, auth, namespace: "team", loginNamespace: "logins" })
}

describe("a login by", () => {
  test.for<[VaultAuth, string, unknown]>([
    [
      { method: "approle", roleId: "r", secretId: "s" },
      "auth/approle/login",
      { role_id: "r", secret_id: "s" },
    ],
    [{ method: "approle", roleId: () => "r", mount: "ci/roles" }, "auth/ci/roles/login", { role_id: "r" }],
    [
      { method: "kubernetes", role: "web", jwt: "signed", mount: "k8s" },
      "auth/k8s/login",
      { role: "web", jwt: "signed" },
    ],
    [{ method: "jwt", role: "ci", jwt: "signed" }, "auth/jwt/login", { role: "ci", jwt: "signed" }],
    [{ method: "jwt", jwt: async () => "signed" }, "auth/jwt/login", { jwt: "signed" }],
    [
      { method: "userpass", username: "anna b", password: " pass word " },
      "auth/userpass/login/anna%20b",
      { password: " pass word " },
    ],
  ])("$0.method asks as the engine wants it, in the namespace of the login", async ([auth, path, body]) => {
    const server = await letsIn()
    const store = storeOn(server, auth)
    expect((await store.read("tally", calm)).value).toBe("token-1")
    const [login, read] = server.seen
    expect([login?.path, login?.body]).toEqual([path, body])
    expect([login?.token, login?.namespace]).toEqual([undefined, "logins"])
    expect([read?.token, read?.namespace]).toEqual(["token-1", "team"])
    expect(server.seen.every(({ headers }) => headers["x-vault-request"] === "true")).toBe(true)
    await store.close()
  })
})

describe("a credential in a file", () => {
  test("is read again at each login", async () => {
    const server = await letsIn()
    const path = await file("first\n")
    const store = storeOn(server, { method: "jwt", jwt: { file: path } })
    await store.read("tally", calm)
    await writeFile(path, "second\n")
    server.dead = true
    expect((await store.read("tally", calm)).value).toBe("token-2")
    expect(server.seen.flatMap(({ body }) => (body === undefined ? [] : [body]))).toEqual([
      { jwt: "first" },
      { jwt: "second" },
    ])
    await store.close()
  })

  test("that is a token is read again when the token is dead", async () => {
    const server = await letsIn()
    const path = await file("first\n")
    const store = storeOn(server, { method: "token-file", file: path })
    expect((await store.read("tally", calm)).value).toBe("first")
    server.dead = true
    const error = await errorOf(store.read("tally", calm))
    expect([error.code, error.hint]).toEqual(["UNAUTHENTICATED", expect.stringContaining("vault login")])
    await writeFile(path, "second")
    server.dead = true
    expect((await store.read("tally", calm)).value).toBe("second")
    await store.close()
  })

  test("that is missing, empty or no credential is UNAUTHENTICATED, and nothing is asked", async () => {
    const canary = newCanary()
    const server = await letsIn()
    const path = await file("")
    const odd = await file(`${canary.text}\n${canary.text}\n`)
    for (const [one, says] of [
      [join(path, "missing"), "ENOTDIR"],
      [`/nowhere/${canary.text}`, "is not there"],
      [path, "is empty"],
      [odd, "characters"],
    ] as const) {
      const store = canary.watch(storeOn(server, { method: "token-file", file: one }))
      const error = canary.watch(await errorOf(store.read("tally", calm)))
      expect([error.code, error.message]).toEqual(["UNAUTHENTICATED", expect.stringContaining(says)])
      const write = canary.watch(await errorOf(store.write("tally", "v", calm)))
      expect([write.code, write.outcome]).toEqual(["UNAUTHENTICATED", undefined])
      await store.close()
    }
    expect(server.seen).toEqual([])
  })

  test("that is a password keeps all but the newline at its end", async () => {
    const server = await letsIn()
    const path = await file(" pass \n\n")
    const store = storeOn(server, { method: "userpass", username: "anna", password: { file: path } })
    await store.read("tally", calm)
    expect(server.seen[0]?.body).toEqual({ password: " pass \n" })
    await store.close()
  })
})

test.for([
  { method: "jwt", jwt: () => undefined as unknown as string },
  { method: "token", token: async () => 42 as unknown as string },
  { method: "userpass", username: "anna", password: () => null as unknown as string },
] as const)("a function that gives no credential for a login by $method is UNAUTHENTICATED", async auth => {
  const server = await letsIn()
  const store = storeOn(server, auth)
  const error = await errorOf(store.read("tally", calm))
  expect([error.code, error.hint]).toEqual(["UNAUTHENTICATED", expect.stringContaining("it returns the")])
  expect(server.seen).toEqual([])
  await store.close()
})

test("a function that gives a credential and fails tells nothing of why", async () => {
  const canary = newCanary()
  const server = await letsIn()
  const jwt = (): string => {
    throw new Error(canary.text)
  }
  const store = canary.watch(storeOn(server, { method: "jwt", jwt }))
  expect(canary.watch(await errorOf(store.read("tally", calm))).code).toBe("UNAUTHENTICATED")
  await store.close()
})

describe("a wrapped secret id", () => {
  const auth = (wrapped: string): VaultAuth => ({ method: "approle", roleId: "r", secretId: { wrapped } })

  /** @param answer what is answered in place of what was in it */
  async function wrapping(
    creationPath: string,
    answer: () => Promise<void> | Played | undefined = () => undefined,
  ) {
    const opened = new Set<unknown>()
    return await playedServer(async ({ path, token, body }) => {
      if (path === "sys/wrapping/lookup") {
        const asked = (body as { token: string }).token
        return opened.has(asked)
          ? refusal(400, "wrapping token is not valid or does not exist")
          : { json: { data: { creation_path: creationPath } } }
      }
      if (path === "sys/wrapping/unwrap") {
        opened.add(token)
        return (await answer()) ?? { json: { data: { secret_id: "s" } } }
      }
      if (path.startsWith("auth/")) return loginAnswer("token")
      return kv2Answer({ value: "v" })
    })
  }

  test("that was answered when nobody waited any more is there for the next call", async () => {
    const answer = gate()
    const server = await wrapping("auth/approle/role/web/secret-id", () => answer.promise)
    const store = storeOn(server, auth("wrap"))
    const impatient = new AbortController()
    const left = errorOf(store.read("tally", { signal: impatient.signal }))
    await eventually(() => expect(server.asked).toContain("POST sys/wrapping/unwrap"))
    impatient.abort()
    expect((await left).code).toBe("ABORTED")
    answer.open()
    expect((await store.read("tally", calm)).value).toBe("v")
    expect(server.asked.filter(one => one.includes("wrapping"))).toHaveLength(2)
    await store.close()
  })

  test.for([
    { status: 502, text: "<html>Bad gateway</html>" },
    { status: 403, text: "<html>no</html>" },
    { status: 200, text: "<html>log in</html>" },
  ] as const)("that this process opened, and of which only a page ($status) came back, is nobody's theft", async page => {
    let harmed = true
    const server = await wrapping("auth/approle/role/web/secret-id", () => (harmed ? page : undefined))
    const store = storeOn(server, auth("wrap"))
    expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
    harmed = false
    const error = await errorOf(store.read("tally", calm))
    expect([error.code, error.message]).toEqual([
      "UNAUTHENTICATED",
      expect.stringMatching(/opened by this process, and the answer was lost.*wrap a new/),
    ])
    expect(error.message).not.toMatch(/somebody else/)
    await store.close()
  })

  test.for([
    "auth/approle/role/web/secret-id",
    "logins/auth/approle/role/web/custom-secret-id",
  ])("that was made by %j is opened", async path => {
    const server = await wrapping(path)
    const store = storeOn(server, auth("wrap"))
    expect((await store.read("tally", calm)).value).toBe("v")
    await store.close()
  })

  test("cannot be opened where a proxy forbids it with a page of its own, and that is no incident", async () => {
    const server = await playedServer(() => ({ status: 403, text: "<html>no</html>" }))
    const store = storeOn(server, auth("wrap"))
    expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
    await store.close()
  })

  test("is looked at, opened once, and kept for the next login", async () => {
    const server = await wrapping("auth/approle/role/web/secret-id")
    const store = storeOn(server, auth("wrap"))
    await store.read("tally", calm)
    expect(server.asked).toEqual([
      "POST sys/wrapping/lookup",
      "POST sys/wrapping/unwrap",
      "POST auth/approle/login",
      "GET secret/data/tally",
    ])
    expect(server.seen[2]?.body).toEqual({ role_id: "r", secret_id: "s" })
    let dead = true
    server.play(({ path }) => {
      if (path.startsWith("auth/")) return loginAnswer("token-2")
      if (!dead) return kv2Answer({ value: "v" })
      dead = false
      return refusal(403, "invalid token")
    })
    server.seen.length = 0
    await store.read("tally", calm)
    expect(server.asked).toEqual([
      "GET secret/data/tally",
      "POST auth/approle/login",
      "GET secret/data/tally",
    ])
    await store.close()
  })

  test("that somebody opened before is an incident, and says so", async () => {
    const canary = newCanary()
    const server = await wrapping("auth/approle/role/web/secret-id")
    await fetch(`${server.url}/v1/sys/wrapping/unwrap`, {
      method: "POST",
      headers: { "x-vault-token": canary.text },
    })
    const store = canary.watch(storeOn(server, auth(canary.text)))
    const error = canary.watch(await errorOf(store.read("tally", calm)))
    expect(error.code).toBe("UNAUTHENTICATED")
    expect(error.message).toMatch(/used before.*somebody else may have the secret id/)
    await store.close()
  })

  test.for([
    "auth/approle/role/web/role-id",
    "secret/data/mine",
    "auth/other/role/web/secret-id",
    "cubbyhole/auth/approle/role/web/secret-id",
    "other/auth/approle/role/web/secret-id",
    "auth/approle/role/web/x/secret-id",
    "auth/approle/role/web/secret-id/x",
    "logins/cubbyhole/auth/approle/role/web/secret-id",
    "",
  ])("that was made by %j is an incident, and is not opened", async path => {
    const server = await wrapping(path)
    const store = storeOn(server, auth("wrap"))
    const error = await errorOf(store.read("tally", calm))
    expect([error.code, error.hint]).toEqual(["UNAUTHENTICATED", expect.stringContaining("destroy it")])
    expect(server.asked).toEqual(["POST sys/wrapping/lookup"])
    await store.close()
  })

  test("cannot be opened while the server is sealed, and that is no incident", async () => {
    const server = await playedServer(() => refusal(503, "Vault is sealed"))
    const store = storeOn(server, auth("wrap"))
    expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
    await store.close()
  })
})

describe("a login that is answered with", () => {
  test.for([
    [400, "invalid role or secret ID", "UNAUTHENTICATED"],
    [400, 'role "web" could not be found', "UNAUTHENTICATED"],
    [403, "permission denied", "UNAUTHENTICATED"],
    [403, "1 error occurred:\n\t* permission denied\n\n", "UNAUTHENTICATED"],
    [404, "no handler for route", "MISCONFIGURED"],
    [404, "", "MISCONFIGURED"],
    [405, "unsupported operation", "MISCONFIGURED"],
    [429, "quota", "THROTTLED"],
    [500, "internal error", "UNAVAILABLE"],
    [503, "Vault is sealed", "UNAVAILABLE"],
  ] as const)("%i %s is %s, and the write that it was for was not sent", async ([status, words, code]) => {
    const canary = newCanary()
    const server = await playedServer(() => refusal(status, `${words} ${canary.text}`))
    const store = canary.watch(storeOn(server, { method: "approle", roleId: "r", secretId: canary.text }))
    const error = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
    expect([error.code, error.outcome]).toEqual([code, undefined])
    expect(server.asked).toEqual(["POST auth/approle/login"])
    await store.close()
  })

  test("no token in it is UNAVAILABLE", async () => {
    const server = await playedServer(() => ({ json: { auth: null, data: {} } }))
    const store = storeOn(server, { method: "jwt", jwt: "signed" })
    expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
    await store.close()
  })
})
