import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import type { AzureServer } from "../../servers/azure/index.ts"
import { expectNoLeak, newCanary } from "../../support/canary.ts"
import { runChild, startChild } from "../../support/child.ts"
import { foreignTo, WATCHED } from "../../support/watched.ts"
import { started } from "./scene.ts"

/** Begins a program with a vault. */
const PROGRAM = `${WATCHED}
  const { azure, fromUrl } = await import("latchkey/azure")
  const signal = new AbortController().signal
  const reaching = { vaultUrl: process.env.URL, ca: process.env.CA, disableChallengeResourceVerification: true }
  const credential = { getToken: async () => ({ token: process.env.TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }) }
`

const reached = (server: AzureServer) => ({ URL: server.url, CA: server.ca, TOKEN: server.token() })

describe("a program with a vault", () => {
  it("loads nothing of anybody else until the first call, and then the SDK of this backend only", async () => {
    const server = await started()
    const ended = await runChild(
      `${PROGRAM}
      const store = azure({ ...reaching, credential })
      console.log(JSON.stringify(packages()))
      await store.ping({ signal })
      console.log(JSON.stringify(packages()))
      await store.close()`,
      { env: reached(server) },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    const [before, after] = ended.stdout
      .trim()
      .split("\n")
      .map(line => JSON.parse(line) as string[])
    expect(before).toEqual([])
    expect(after).toContain("@azure/keyvault-secrets")
    expect(after).not.toContain("@azure/identity")
    expect(foreignTo("azure", after ?? [])).toEqual([])
  })

  it("ends by itself within a second of close(), also when connections are kept and one call hangs", async () => {
    const canary = newCanary()
    const server = await started()
    server.put("name", canary.text)
    server.faults.next({ hang: true, match: ({ path }) => path === "/secrets/hangs/" })
    const ended = await runChild(
      `${PROGRAM}
      const store = azure({ ...reaching, credential })
      const secret = await store.read("name", { signal })
      const hanging = store.read("hangs", { signal }).catch(error => error.code)
      await store.ping({ signal })
      await store.close()
      console.log(secret.value.length, await hanging)
      console.log("closed")`,
      { env: reached(server) },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "32 CLOSED\nclosed\n" })
    expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
    expectNoLeak(canary, ended.stdout, ended.stderr)
  })

  it.for([
    ["@azure/keyvault-secrets", "npm install @azure/keyvault-secrets"],
    ["@azure/identity", "npm install @azure/identity"],
  ] as const)("says what to install where %s is missing", async ([missing, line]) => {
    const server = await started()
    const ended = await runChild(
      `${PROGRAM}
      const store = azure(reaching)
      const error = await store.ping({ signal }).catch(error => error)
      console.log(JSON.stringify([error.code, error.hint, error.transient]))`,
      { env: { ...reached(server), MISSING: missing } },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    expect(JSON.parse(ended.stdout)).toEqual(["MISCONFIGURED", line, false])
  })

  it("needs no @azure/identity where a credential is given", async () => {
    const server = await started()
    const ended = await runChild(
      `${PROGRAM}
      const store = azure({ ...reaching, credential })
      await store.ping({ signal })
      await store.close()
      console.log("reached")`,
      { env: { ...reached(server), MISSING: "@azure/identity" } },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "reached\n" })
  })
})

it("a program behind a proxy reaches its vault through that, and ends all the same", async () => {
  const server = await started()
  server.put("name", "value")
  const connected: string[] = []
  const proxy = createServer().on("connect", (request, client) => {
    connected.push(request.url ?? "")
    const vault = connect(server.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n")
      client.pipe(vault).pipe(client)
    })
    // Whoever ends first ends the other.
    for (const [one, other] of [
      [client, vault],
      [vault, client],
    ] as const)
      one.on("error", () => other.destroy()).on("close", () => other.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void proxy.close())
  const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  const ca = join(folder, "ca.pem")
  await writeFile(ca, server.ca)
  const ended = await runChild(
    `${PROGRAM}
    const store = azure({ ...reaching, vaultUrl: "https://my-vault.vault.azure.net", ca: undefined, disableChallengeResourceVerification: false, credential })
    console.log((await store.read("name", { signal })).value)
    await store.close()
    console.log("closed")`,
    {
      env: {
        ...reached(server),
        HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        NODE_EXTRA_CA_CERTS: ca,
      },
    },
  )
  expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "value\nclosed\n" })
  expect(ended.wentOnAfter("closed")).toBeLessThan(1_000)
  expect(new Set(connected)).toEqual(new Set(["my-vault.vault.azure.net:443"]))
})

describe("the usual credential", () => {
  /** What a managed identity asks for its token, as App Service has it. */
  async function identityEndpoint(tokenFor: (clientId: string | null) => string) {
    const asked: (string | null)[] = []
    const server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? "/", "http://identity")
      const clientId = searchParams.get("client_id")
      asked.push(clientId)
      const body = {
        access_token: tokenFor(clientId),
        expires_on: String(Math.floor(Date.now() / 1_000) + 86_400),
        resource: searchParams.get("resource"),
        token_type: "Bearer",
        client_id: clientId,
      }
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
    })
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    return { url: `http://127.0.0.1:${port}/msi/token`, asked }
  }

  it("is that of the environment, a managed identity for example, of which a URL says which", async () => {
    const server = await started()
    server.put("name", "value")
    const identity = await identityEndpoint(() => server.token())
    const program = `${PROGRAM}
      const url = new URL("azure://" + new URL(process.env.URL).host)
      url.search = process.env.SEARCH
      const store = azure({ ...fromUrl(url, process.env), ca: process.env.CA })
      console.log((await store.read("name", { signal })).value)
      await store.close()`
    for (const client of [undefined, "11111111-2222-4333-8444-555555555555"]) {
      const search = `?disable-challenge-resource-verification=true${client === undefined ? "" : `&client-id=${client}`}`
      const ended = await runChild(program, {
        env: {
          ...reached(server),
          SEARCH: search,
          IDENTITY_ENDPOINT: identity.url,
          IDENTITY_HEADER: "header",
          AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
        },
      })
      expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "value\n" })
    }
    expect(identity.asked).toEqual([null, "11111111-2222-4333-8444-555555555555"])
  })

  /** Reads twice; between the two the vault stops taking the tokens that it has seen. */
  async function readAgain(server: AzureServer, env: Readonly<Record<string, string>>) {
    server.put("name", "value")
    const child = startChild(
      `${PROGRAM}
      import { once } from "node:events"
      const store = azure(reaching)
      console.log((await store.read("name", { signal })).value)
      await once(process.stdin, "data")
      console.log(await store.read("name", { signal }).then(() => "again", error => error.code))
      await store.close()
      process.stdin.destroy()`,
      { env: { ...reached(server), ...env } },
    )
    await child.printed("value")
    server.expireTokens()
    child.say("on")
    return await child.ended
  }

  it("is asked for another token when the vault refuses the one that it gave", async () => {
    const server = await started()
    const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
    onTestFinished(async () => await rm(folder, { recursive: true }))
    let calls = 0
    const identity = await identityEndpoint(() => {
      calls += 1
      return server.token()
    })
    // What a developer has: the login of the Azure command line, here a program that fetches tokens elsewhere.
    const program = `#!${process.execPath}
      fetch("${identity.url}").then(answer => answer.json()).then(({ access_token, expires_on }) =>
        console.log(JSON.stringify({ accessToken: access_token, expires_on })))`
    await writeFile(join(folder, "az"), program, { mode: 0o755 })
    const PATH = `${folder}:${process.env.PATH}`
    const ended = await readAgain(server, { PATH, AZURE_TOKEN_CREDENTIALS: "AzureCliCredential" })
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "value\nagain\n" })
    expect(calls).toBe(2)
  })

  it("is asked for another token also where it is a managed identity, whose tokens Microsoft's library keeps", async () => {
    const server = await started()
    const identity = await identityEndpoint(() => server.token())
    for (const chain of ["ManagedIdentityCredential", "prod"]) {
      const before = identity.asked.length
      const ended = await readAgain(server, {
        IDENTITY_ENDPOINT: identity.url,
        IDENTITY_HEADER: "header",
        AZURE_TOKEN_CREDENTIALS: chain,
      })
      // Within the read that was refused, as with other credentials.
      expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "value\nagain\n" })
      expect(identity.asked.length - before).toBe(2)
    }
  })

  it("whose managed identity goes on giving the token that is refused is UNAUTHENTICATED", async () => {
    const server = await started()
    const token = server.token()
    const identity = await identityEndpoint(() => token)
    const ended = await readAgain(server, {
      IDENTITY_ENDPOINT: identity.url,
      IDENTITY_HEADER: "header",
      AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
    })
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "value\nUNAUTHENTICATED\n" })
    expect(identity.asked).toHaveLength(2)
  })

  it("asks for a token once, and leaves it to others to ask again", async () => {
    const server = await started()
    let asked = 0
    const login = createServer((_, response) => {
      asked += 1
      response.writeHead(503).end()
    })
    await new Promise<void>(resolve => login.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void login.close())
    const ended = await runChild(
      `${PROGRAM}
      const store = azure(reaching)
      console.log(await store.read("name", { signal }).catch(error => error.code))
      await store.close()`,
      {
        env: {
          ...reached(server),
          IDENTITY_ENDPOINT: `http://127.0.0.1:${(login.address() as AddressInfo).port}/msi/token`,
          IDENTITY_HEADER: "header",
          AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
        },
      },
    )
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "UNAVAILABLE\n" })
    expect(asked).toBe(1)
  })
})
