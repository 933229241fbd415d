import { mkdtemp, rm, writeFile } from "node:fs/promises"
import type { ServerOptions } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TLSSocket } from "node:tls"
import { type TlsOptions, vault } from "latchkey/vault"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { newAuthority } from "../../support/certificates.ts"
import { eventually } from "../../support/eventually.ts"
import { calm, errorOf } from "../calls.ts"
import { kv2Answer, loginAnswer, type PlayedServer, playedServer, refusal } from "./server.ts"

const authority = await newAuthority()
const certificate = await authority.server()
const { key: otherKey } = await authority.server()

async function tlsServer(): Promise<PlayedServer> {
  return await playedServer(() => kv2Answer({ value: "v" }), certificate)
}

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-vault-"))
  onTestFinished(async () => await rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

function storeAt(address: string, tls: TlsOptions, token = "token") {
  return vault({ kv: 2, address, tls, auth: { method: "token", token } })
}

describe("the authority of the server", () => {
  test("is a text, a file or a folder", async () => {
    const server = await tlsServer()
    const folder = await folderWith({ "ca.pem": authority.ca, "README.txt": "no certificate" })
    for (const ca of [authority.ca, { file: join(folder, "ca.pem") }, { folder }]) {
      const store = storeAt(server.url, { ca })
      expect((await store.read("tally", calm)).value).toBe("v")
      await store.close()
    }
  })

  test("that nobody knows is refused, and will not pass by itself", async () => {
    const canary = newCanary()
    const server = await tlsServer()
    const other = await newAuthority()
    for (const tls of [{}, { ca: other.ca }]) {
      const store = canary.watch(storeAt(server.url, tls, canary.text))
      const error = canary.watch(await errorOf(store.write("tally", canary.text, calm)))
      expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", false, undefined])
      expect(error.hint).toMatch(/VAULT_CACERT/)
      await store.close()
    }
    expect(server.seen).toEqual([])
  })

  test("is not asked for where that is wished", async () => {
    const server = await tlsServer()
    const store = storeAt(server.url, { skipVerify: true })
    expect((await store.read("tally", calm)).value).toBe("v")
    await store.close()
  })
})

test("a server of another name is refused, unless that name is expected", async () => {
  const server = await tlsServer()
  const store = storeAt(server.url, { ca: authority.ca, serverName: "somebody.else" })
  expect((await errorOf(store.read("tally", calm))).transient).toBe(false)
  await store.close()
  const named = storeAt(server.url, { ca: authority.ca, serverName: "localhost" })
  expect((await named.read("tally", calm)).value).toBe("v")
  await named.close()
})

test("a server that speaks no TLS where it should is UNAVAILABLE, and says what to write", async () => {
  const plain = await playedServer(() => refusal(400))
  const store = storeAt(plain.url.replace("http:", "https:"), {})
  const error = await errorOf(store.read("tally", calm))
  expect([error.code, error.transient]).toEqual(["UNAVAILABLE", false])
  expect(error.hint).toMatch(/TLS|tls=false/)
  await store.close()
})

test("a server that speaks TLS where it should not is UNAVAILABLE", async () => {
  const server = await tlsServer()
  const store = storeAt(server.url.replace("https:", "http:"), {})
  expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
  await store.close()
})

describe("certificates that cannot be used", () => {
  test.for([
    ["a file that is missing", { ca: { file: "/nowhere/ca.pem" } }, "ENOENT"],
    ["a folder that is missing", { ca: { folder: "/nowhere" } }, "ENOENT"],
    ["an authority that is no certificate", { ca: "CANARY" }, "-----BEGIN CERTIFICATE-----"],
    ["a text that is no certificate", { ca: authority.ca, cert: "CANARY", key: "CANARY" }, "PEM"],
    ["an authority that is no certificate", { ca: "CANARY" }, "-----BEGIN CERTIFICATE-----"],
    ["an authority that is empty", { ca: "" }, "-----BEGIN CERTIFICATE-----"],
    ["a certificate and a key that are empty", { ca: authority.ca, cert: "", key: "" }, "PEM"],
    ["an empty key", { ca: authority.ca, cert: certificate.cert, key: "" }, "PEM"],
    ["a key of another certificate", { cert: certificate.cert, key: otherKey }, "PEM"],
  ] as const)("are MISCONFIGURED: %s", async ([, tls, says]) => {
    const canary = newCanary()
    const planted = JSON.parse(JSON.stringify(tls).replaceAll("CANARY", canary.text)) as TlsOptions
    const store = canary.watch(storeAt("https://127.0.0.1:1", planted))
    const error = canary.watch(await errorOf(store.read("tally", calm)))
    expect([error.code, error.message]).toEqual(["MISCONFIGURED", expect.stringContaining(says)])
    await store.close()
  })

  test("are MISCONFIGURED in a folder that holds none, or something else under their names", async () => {
    for (const files of [{}, { "README.txt": authority.ca }, { "a.pem": authority.ca, "b.pem": "" }]) {
      const store = storeAt("https://127.0.0.1:1", { ca: { folder: await folderWith(files) } })
      expect((await errorOf(store.read("tally", calm))).code).toBe("MISCONFIGURED")
      await store.close()
    }
  })

  test("are read again when they may be there", async () => {
    const server = await tlsServer()
    const folder = await folderWith({})
    const store = storeAt(server.url, { ca: { file: join(folder, "ca.pem") } })
    expect((await errorOf(store.read("tally", calm))).code).toBe("MISCONFIGURED")
    await writeFile(join(folder, "ca.pem"), authority.ca)
    expect((await store.read("tally", calm)).value).toBe("v")
    await store.close()
  })
})

test("a login by certificate shows it, and shows the one that replaced it at the next login", async () => {
  const [first, second] = [await authority.client("first"), await authority.client("second")]
  const folder = await folderWith({ cert: first.cert, key: first.key })
  const shown: string[] = []
  let dead = false
  const server = await playedServer(
    ({ path, socket }) => {
      if (path === "auth/certs/login") {
        shown.push(String((socket as TLSSocket).getPeerCertificate().subject.CN))
        return loginAnswer(`token-${shown.length}`)
      }
      if (!dead) return kv2Answer({ value: "v" })
      dead = false
      return refusal(403, "invalid token")
    },
    { ...certificate, ca: authority.ca, requestCert: true },
  )
  const store = vault({
    kv: 2,
    address: server.url,
    tls: { ca: authority.ca, cert: { file: join(folder, "cert") }, key: { file: join(folder, "key") } },
    auth: { method: "cert", role: "web", mount: "certs" },
  })
  await store.read("tally", calm)
  expect(server.seen[0]?.body).toEqual({ name: "web" })
  await writeFile(join(folder, "cert"), second.cert)
  await writeFile(join(folder, "key"), second.key)
  dead = true
  await store.read("tally", calm)
  expect(shown).toEqual(["first", "second"])
  await store.close()
  await eventually(async () => expect(await server.connections()).toBe(0))
})

describe("files that are replaced while the store lives", () => {
  /** A server at one port that can be started again with another certificate. */
  async function restarted(server: PlayedServer, tls: ServerOptions): Promise<PlayedServer> {
    await server.close()
    return await playedServer(() => kv2Answer({ value: "v" }), tls, server.port)
  }

  test("are read when the server's certificate is not trusted any more, and the call is made once more", async () => {
    const server = await tlsServer()
    const folder = await folderWith({ ca: authority.ca })
    const store = storeAt(server.url, { ca: { file: join(folder, "ca") } })
    await store.read("tally", calm)
    const other = await newAuthority()
    const moved = await restarted(server, await other.server())
    // Not at once: that the connection of before has ended is still on its way here.
    await eventually(async () => expect((await errorOf(store.read("tally", calm))).transient).toBe(false))
    await writeFile(join(folder, "ca"), other.ca)
    const answers = await Promise.all(["one", "two", "three"].map(name => store.read(name, calm)))
    expect(answers.map(({ value }) => value)).toEqual(["v", "v", "v"])
    await store.read("tally", calm)
    // The first of them met the connection of before.
    expect(new Set(moved.seen.map(({ connection }) => connection)).size).toBeLessThanOrEqual(3)
    await store.close()
    await eventually(async () => expect(await moved.connections()).toBe(0))
  })

  test("are taken as they were while they cannot be used", async () => {
    const server = await tlsServer()
    const folder = await folderWith({ ca: authority.ca })
    const store = storeAt(server.url, { ca: { file: join(folder, "ca") } })
    await store.read("tally", calm)
    await writeFile(join(folder, "ca"), "-----BEGIN CERTIFICATE-----\nhalf")
    await restarted(server, await (await newAuthority()).server())
    await eventually(async () =>
      expect((await errorOf(store.read("tally", calm))).hint).toContain("VAULT_CACERT"),
    )
    await store.close()
  })

  test("are shown to a server that takes the old certificate no more, though the token lives", async () => {
    const [first, second] = [await authority.client("first"), await newAuthority()]
    const replaced = await second.client("second")
    const folder = await folderWith({ cert: first.cert, key: first.key })
    const asks = { ...certificate, requestCert: true, rejectUnauthorized: true }
    const server = await playedServer(() => kv2Answer({ value: "v" }), { ...asks, ca: authority.ca })
    const files = { cert: { file: join(folder, "cert") }, key: { file: join(folder, "key") } }
    const store = storeAt(server.url, { ca: authority.ca, ...files })
    await store.read("tally", calm)
    await writeFile(join(folder, "cert"), replaced.cert)
    await writeFile(join(folder, "key"), replaced.key)
    await restarted(server, { ...asks, ca: second.ca })
    // A server that only breaks off may have heard the request: that one is not made again, but the next one is.
    await store.read("tally", calm).catch(() => undefined)
    expect((await store.read("tally", calm)).value).toBe("v")
    await store.close()
  })

  test("are read again at every login, also where that needs no certificate", async () => {
    const folder = await folderWith({ ca: authority.ca })
    let dead = false
    const server = await playedServer(({ path }) => {
      if (path === "auth/approle/login") return loginAnswer("token")
      if (!dead) return kv2Answer({ value: "v" })
      dead = false
      return refusal(403, "invalid token")
    }, certificate)
    const store = vault({
      kv: 2,
      address: server.url,
      tls: { ca: { file: join(folder, "ca") } },
      auth: { method: "approle", roleId: "r", secretId: "s" },
    })
    await store.read("tally", calm)
    const [before] = server.seen
    dead = true
    await store.read("tally", calm)
    expect(new Set(server.seen.map(({ connection }) => connection))).toEqual(new Set([before?.connection]))
    // Another authority beside the one that is needed is another text.
    await writeFile(join(folder, "ca"), `${authority.ca}\n${(await newAuthority()).ca}`)
    dead = true
    await store.read("tally", calm)
    expect(server.seen.at(-1)?.connection).not.toBe(before?.connection)
    await store.close()
  })
})

test("connections of certificates that were replaced end with their requests, and all with the store", async () => {
  const [first, second] = [await authority.client("first"), await authority.client("second")]
  const folder = await folderWith({ cert: first.cert, key: first.key })
  const answers = new Map<string, () => void>()
  let dead = false
  const server = await playedServer(
    async ({ path }) => {
      if (path === "auth/cert/login") return loginAnswer("token")
      if (path.includes("slow")) await new Promise<void>(resolve => answers.set(path, resolve))
      if (!dead || path.includes("slow")) return kv2Answer({ value: "v" })
      dead = false
      return refusal(403, "invalid token")
    },
    { ...certificate, ca: authority.ca, requestCert: true },
  )
  const store = vault({
    kv: 2,
    address: server.url,
    tls: { ca: authority.ca, cert: { file: join(folder, "cert") }, key: { file: join(folder, "key") } },
    auth: { method: "cert" },
  })
  await store.read("tally", calm)
  const slow = store.read("slow-one", calm)
  const endless = errorOf(store.read("slow-two", calm))
  await eventually(() => expect(answers.size).toBe(2))
  await writeFile(join(folder, "cert"), second.cert)
  await writeFile(join(folder, "key"), second.key)
  dead = true
  await store.read("tally", calm)
  await eventually(async () => expect(await server.connections()).toBe(3))
  answers.get("secret/data/slow-one")?.()
  expect((await slow).value).toBe("v")
  await eventually(async () => expect(await server.connections()).toBe(2))
  await store.close()
  expect((await endless).code).toBe("CLOSED")
  await eventually(async () => expect(await server.connections()).toBe(0))
})
