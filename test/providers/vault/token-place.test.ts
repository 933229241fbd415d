import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { fromUrl, type VaultAuth, vault } from "latchkey/vault"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { calm, errorOf } from "../calls.ts"
import { playedServer, refusal } from "./server.ts"

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-vault-"))
  onTestFinished(async () => await rm(path, { recursive: true }))
  return path
}

/** What a read fails with, on a server that knows no token. */
async function refusedRead(auth: VaultAuth) {
  const server = await playedServer(() => refusal(403, "2 errors occurred:\n\t* invalid token\n\n"))
  const store = vault({ kv: 2, address: server.url, auth })
  const error = await errorOf(store.read("tally", calm))
  await store.close()
  return error
}

describe("without a token", () => {
  test("the error names the variable and the file, and what can be done", async () => {
    const { auth } = fromUrl(new URL("vault://127.0.0.1:1/secret"), { HOME: await folder() })
    const error = await refusedRead(auth)
    expect([error.code, error.plainMessage]).toEqual([
      "UNAUTHENTICATED",
      "there is no token: VAULT_TOKEN is not set and ~/.vault-token is not there",
    ])
    expect(error.hint).toMatch(/vault login.*export VAULT_TOKEN=.*auth=approle/)
  })

  test("the file that was asked for is the one that is missing, and its name is not shown", async () => {
    const canary = newCanary()
    const file = join(await folder(), canary.text)
    const error = canary.watch(await refusedRead({ method: "token-file", file }))
    expect(error.plainMessage).toBe("there is no token: the token file is not there")
    expect(error.hint).not.toContain("VAULT_TOKEN")
  })

  test("the file is the one of vault login if none is named", async () => {
    const home = await folder()
    const before = process.env.HOME
    process.env.HOME = home
    onTestFinished(() => {
      if (before === undefined) delete process.env.HOME
      else process.env.HOME = before
    })
    expect(homedir()).toBe(home)
    const missing = await refusedRead({ method: "token-file" })
    expect(missing.plainMessage).toBe("there is no token: ~/.vault-token is not there")
    await writeFile(join(home, ".vault-token"), "a-token\n")
    const refused = await refusedRead({ method: "token-file" })
    expect(refused.plainMessage).toBe("the server does not accept the token in ~/.vault-token")
  })
})

describe("a token that is refused is said to come from", () => {
  test.for<[where: string, auth: (canary: string) => VaultAuth | Promise<VaultAuth>]>([
    [
      "in VAULT_TOKEN",
      token => fromUrl(new URL("vault://127.0.0.1:1/secret"), { VAULT_TOKEN: token, BAO_TOKEN: "" }).auth,
    ],
    [
      "in BAO_TOKEN",
      token => fromUrl(new URL("vault://127.0.0.1:1/secret"), { BAO_TOKEN: token, VAULT_TOKEN: "t" }).auth,
    ],
    ["in auth.token", token => ({ method: "token", token })],
    ["that the function in auth.token gives", token => ({ method: "token", token: () => token })],
    [
      "in the token file",
      async token => {
        const file = join(await folder(), "token")
        await writeFile(file, token)
        return { method: "token-file", file }
      },
    ],
  ])("%s, and nothing of it is shown", async ([where, auth]) => {
    const canary = newCanary()
    const error = canary.watch(await refusedRead(await auth(canary.text)))
    expect([error.code, error.plainMessage]).toEqual([
      "UNAUTHENTICATED",
      `the server does not accept the token ${where}`,
    ])
  })
})
