import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { makeCertificate } from "../../support/certificates.ts"
import { ask } from "./ask.ts"
import { startAzure } from "./index.ts"

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url))

it("runs as a program that says where it is, serves, and ends when it is told to", async () => {
  const child = spawn(process.execPath, ["--conditions=latchkey-source", MAIN, "--port", "0"], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const ended = once(child, "exit")
  const [line] = (await once(createInterface(child.stdout), "line")) as [string]
  const { url, ca, token, client } = JSON.parse(line) as Record<string, string> & {
    client: Record<string, string>
  }
  const { port, hostname } = new URL(url ?? "")
  expect(hostname).toBe("127.0.0.1")
  const at = { port: Number(port), ca: ca ?? "" }
  const path = "/secrets/name?api-version=7.6"
  const put = await ask(at, { method: "PUT", path, token: token ?? "", body: { value: "value" } })
  expect([put.status, (await ask(at, { path, token: token ?? "" })).body]).toMatchObject([
    200,
    { value: "value" },
  ])
  const login = await ask(at, {
    method: "POST",
    path: `/${client.tenantId}/oauth2/v2.0/token`,
    body: `grant_type=client_credentials&client_id=${client.clientId}&client_secret=${client.clientSecret}`,
  })
  expect(login.status).toBe(200)
  child.kill("SIGTERM")
  expect(await ended).toEqual([0, null])
})

it("shares one certificate within a process, which holds for no other authority", async () => {
  const [one, other] = [await startAzure(), await startAzure()]
  onTestFinished(async () => void (await Promise.all([one.close(), other.close()])))
  expect(one.ca).toBe(other.ca)
  const { cert: ca } = await makeCertificate()
  const reply = ask({ port: one.port, ca }, { path: "/" })
  expect(await reply.catch((thrown: NodeJS.ErrnoException) => thrown.code)).toMatch(/CERT|SIGNATURE/)
  expect(one.log.count()).toBe(0)
})

it("holds for the vaults of every cloud", async () => {
  const server = await startAzure()
  onTestFinished(async () => await server.close())
  for (const host of ["a.vault.azure.net", "a.vault.azure.cn", "a.vault.usgovcloudapi.net", "localhost"])
    expect((await ask(server, { path: "/secrets?api-version=7.6", host })).status).toBe(401)
  const stranger = ask(server, { path: "/", host: "a.example.org" })
  expect(await stranger.catch((thrown: NodeJS.ErrnoException) => thrown.code)).toBe(
    "ERR_TLS_CERT_ALTNAME_INVALID",
  )
})

it("refuses a port that is taken", async () => {
  const server = await startAzure()
  onTestFinished(async () => await server.close())
  await expect(startAzure({ port: server.port })).rejects.toMatchObject({ code: "EADDRINUSE" })
})
