import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSecrets, openStore, type SecretError } from "latchkey"
import { describe, expect, it, onTestFinished } from "vitest"
import { startAzure, startManagedIdentity } from "./servers/azure/index.ts"
import { startGcp } from "./servers/gcp/index.ts"
import { newCanary } from "./support/canary.ts"
import { startChild } from "./support/child.ts"
import { checkedFakeClock } from "./support/clock.ts"
import { eventually } from "./support/eventually.ts"
import { opened } from "./support/opening.ts"

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serving(handler: Handler): Promise<string> {
  const server: Server = createServer(handler)
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function errorOf(call: Promise<unknown>): Promise<SecretError> {
  try {
    await call
  } catch (thrown) {
    return thrown as SecretError
  }
  throw new Error("nothing was thrown")
}

/** A Vault with one mount and nothing in it, which is not ready at first. */
async function vaultServer({
  notReady = 0,
  kv = "2",
} = {}): Promise<{ host: string; asked: string[]; sockets: Set<Socket> }> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const host = await serving((request, response) => {
    const path = (request.url ?? "").replace("/v1/", "")
    asked.push(path)
    sockets.add(request.socket)
    const answer = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    if (asked.length <= notReady) answer(503, { errors: ["Vault is sealed"] })
    else if (path.startsWith("sys/internal/ui/mounts/"))
      answer(200, { data: { type: "kv", path: "team/kv/", options: { version: kv } } })
    else if (path === "auth/token/lookup-self") answer(200, { data: { ttl: 0, renewable: false } })
    else answer(404, { errors: [] })
  })
  return { host, asked, sockets }
}

describe("opening a service by URL", () => {
  it("opens AWS Secrets Manager", async () => {
    const host = await serving((_, response) => {
      response
        .writeHead(400, { "content-type": "application/x-amz-json-1.1" })
        .end(JSON.stringify({ __type: "ResourceNotFoundException" }))
    })
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: newCanary().text }
    const env = { ...keys, AWS_ENDPOINT_URL: `http://${host}` }
    const store = await openStore("aws://eu-west-1/prod", { env })
    expect(store).toMatchObject({ kind: "aws", location: expect.stringMatching(/^aws:\/\/eu-west-1\/prod/) })
    await store.close()
  })

  it("opens Azure Key Vault, with the login that the environment names", async () => {
    const server = await startAzure()
    onTestFinished(async () => await server.close())
    const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
    onTestFinished(async () => await rm(folder, { recursive: true }))
    const ca = join(folder, "ca.pem")
    await writeFile(ca, server.ca)
    server.put("tally--api-token", "tly-1")

    const identity = await startManagedIdentity(() => server.token("reader"))
    onTestFinished(async () => await identity.close())
    const url = `azure://127.0.0.1:${server.port}?ca=${encodeURIComponent(ca)}&disable-challenge-resource-verification=true`
    const program = startChild(
      `import { openSecrets } from "latchkey"
       await using secrets = await openSecrets(process.argv[1])
       console.log((await secrets.get("tally/api-token")).reveal())`,
      {
        args: [url],
        // Azure's own identity library reads the environment of the process, and cannot be given another one.
        env: identity.environment,
      },
    )
    expect(await program.ended).toMatchObject({ code: 0, stdout: "tly-1\n", stderr: "" })
    expect(identity.calls).toBe(1)
  })

  it("opens Google Secret Manager", async () => {
    const server = await startGcp()
    onTestFinished(async () => await server.close())
    server.put("tally--api-token", "tly-1")
    const url = `gcp://${server.project}?endpoint=${server.address}&insecure=true`
    await using secrets = await openSecrets(url, { env: {} })
    expect((await secrets.get("tally/api-token")).reveal()).toBe("tly-1")
  })

  it("opens Vault, and asks it which engine there is at the mount", async () => {
    const { host, asked } = await vaultServer()
    const env = { VAULT_TOKEN: newCanary().text }
    const store = await openStore(`vault://${host}/team/kv`, { env })
    expect([store.kind, store.capabilities.versionedReads, "versions" in store]).toEqual([
      "vault",
      true,
      true,
    ])
    await store.close()
    const first = await openStore(`vault://${(await vaultServer({ kv: "1" })).host}/team/kv`, { env })
    expect([first.capabilities.versionedReads, "versions" in first]).toEqual([false, false])
    await first.close()
    expect(asked[0]).toBe("sys/internal/ui/mounts/team/kv")

    const stated = await vaultServer()
    await (await openStore(`vault://${stated.host}/team/kv?kv=2`, { env })).close()
    // It is not asked before, but before it is believed that there is nothing.
    expect(stated.asked).toEqual(["team/kv/data/latchkey/ping", "sys/internal/ui/mounts/team/kv"])
  })

  it("asks again while a program starts, but once for a store alone", async () => {
    const env = { VAULT_TOKEN: newCanary().text }
    const sealed = await vaultServer({ notReady: 1 })
    expect((await errorOf(openStore(`vault://${sealed.host}/team/kv`, { env }))).code).toBe("UNAVAILABLE")

    const { host, asked } = await vaultServer({ notReady: 2 })
    await using secrets = await openSecrets(`vault://${host}/team/kv`, { env, random: () => 0 })
    expect(secrets.supports("versions")).toBe(true)
    expect(asked.filter(path => path.startsWith("sys/internal"))).toHaveLength(3)
  })

  it("opens a wrapped secret id of Vault once, however often the server has to be asked", async () => {
    const asked: string[] = []
    const spent = new Set<string>()
    const host = await serving((request, response) => {
      const path = (request.url ?? "").replace("/v1/", "")
      asked.push(path)
      const answer = (status: number, body: object) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
      const once = (body: object) =>
        spent.has(path) ? answer(400, { errors: ["spent"] }) : answer(200, body)
      if (path === "sys/wrapping/lookup") once({ data: { creation_path: "auth/approle/role/web/secret-id" } })
      else if (path === "sys/wrapping/unwrap") once({ data: { secret_id: "s" } })
      else if (path === "auth/approle/login") once({ auth: { client_token: "t", lease_duration: 0 } })
      else if (spent.has(path)) answer(200, { data: { type: "kv", path: "kv/", options: { version: "2" } } })
      else answer(503, { errors: ["Vault is sealed"] })
      spent.add(path)
    })
    const env = { VAULT_ROLE_ID: "r", VAULT_SECRET_ID: newCanary().text }
    const url = `vault://${host}/kv?auth=approle&wrapped=true`
    await using secrets = await openSecrets(url, { env, random: () => 0 })
    expect(secrets.supports("versions")).toBe(true)
    expect(asked).toEqual([
      "sys/wrapping/lookup",
      "sys/wrapping/unwrap",
      "auth/approle/login",
      "sys/internal/ui/mounts/kv",
      "sys/internal/ui/mounts/kv",
    ])
  })

  it("asks a service for nothing before the first read, unless there is only a store", async () => {
    const env = { VAULT_TOKEN: newCanary().text }
    const { host, asked } = await vaultServer()
    await using secrets = await openSecrets(`vault://${host}/team/kv?kv=2`, { env })
    const layers = `layered:?store=memory:&store=vault://${host}/team/kv%3Fkv=2`
    await using layered = await openSecrets(layers, { env })
    expect(asked).toEqual([])
    for (const each of [secrets, layered]) expect(await each.getOptional("tally/api-token")).toBeUndefined()
    const mount = "sys/internal/ui/mounts/team/kv"
    const name = "team/kv/data/tally/api-token"
    expect(asked).toEqual([name, mount, name, mount])

    asked.length = 0
    await (await openStore(`vault://${host}/team/kv?kv=2`, { env })).close()
    await (await openStore(layers, { env })).close()
    const ping = "team/kv/data/latchkey/ping"
    expect(asked).toEqual([ping, mount, ping, mount])
  })

  it("says where it was, when nothing answers before the deadline, and leaves no connection", async () => {
    const { host, sockets } = await vaultServer({ notReady: Number.POSITIVE_INFINITY })
    const clock = checkedFakeClock()
    const options = { env: { VAULT_TOKEN: newCanary().text }, clock, startupDeadline: "2s" } as const
    const error = await opened(errorOf(openSecrets(`vault://${host}/team/kv`, options)), clock, 2_000)
    expect(error).toMatchObject({
      code: "TIMEOUT",
      lastCode: "UNAVAILABLE",
      store: `vault://${host}/team/kv`,
    })
    await eventually(() => expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([true]))
  })
})
