import { SecretClient } from "@azure/keyvault-secrets"
import { describe, expect, it, onTestFinished } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { gate } from "../../support/rig.ts"
import { type AzureOptions, type AzureServer, type FakeCredential, startAzure } from "./index.ts"

async function started(
  options: AzureOptions = {},
): Promise<{ server: AzureServer; client: SecretClient; credential: FakeCredential }> {
  const server = await startAzure(options)
  onTestFinished(async () => await server.close())
  const credential = server.credential()
  return { server, client: clientOf(server, credential), credential }
}

function clientOf(server: AzureServer, credential: FakeCredential): SecretClient {
  return new SecretClient(server.url, credential, {
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
    // The SDK hands this on to its transport, and does not declare it.
    ...{ tlsOptions: { ca: server.ca } },
  })
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const statusOf = async (call: Promise<unknown>): Promise<unknown> =>
  await call.then(
    () => 200,
    (thrown: { statusCode?: number }) => thrown.statusCode,
  )

describe("the stand-in for Azure Key Vault, through the SDK", () => {
  it("gives back what was set, with what was set beside it", async () => {
    const canary = newCanary()
    const { server, client } = await started()
    const expiresOn = new Date("2031-01-01T00:00:00Z")
    const set = await client.setSecret("tally--api-token", canary.text, {
      contentType: "text/plain",
      tags: { owner: "billing" },
      expiresOn,
    })
    const got = await client.getSecret("tally--api-token")
    expect(got.value === canary.text).toBe(true)
    expect(got.properties).toMatchObject({
      version: set.properties.version,
      vaultUrl: server.url,
      enabled: true,
      contentType: "text/plain",
      tags: { owner: "billing" },
      expiresOn,
    })
    const old = got.properties.version ?? ""
    await client.setSecret("tally--api-token", "second")
    expect((await client.getSecret("tally--api-token")).value).toBe("second")
    expect((await client.getSecret("tally--api-token", { version: old })).value === canary.text).toBe(true)
  })

  it("lists secrets and versions over more than one page, without their values", async () => {
    const { server, client } = await started()
    const names = Array.from({ length: 60 }, (_, index) => `name-${index}`)
    for (const name of names) server.put(name, "value")
    const versions = Array.from({ length: 30 }, (_, index) => server.put("often", `value ${index}`))
    const listed = await collected(client.listPropertiesOfSecrets())
    expect(listed.map(({ name }) => name).toSorted()).toEqual([...names, "often"].toSorted())
    expect(listed.every(({ version }) => version === undefined)).toBe(true)
    expect(server.log.count(({ path, authorised }) => authorised && path === "/secrets")).toBe(3)
    const ids = (await collected(client.listPropertiesOfSecretVersions("often"))).map(
      ({ version }) => version,
    )
    expect(ids).not.toEqual(versions)
    expect(ids.toSorted()).toEqual(versions.toSorted())
  })

  it("deletes over a while, keeps the name taken, recovers and purges", async () => {
    const { server, client } = await started()
    await client.setSecret("leaving", "value")
    const poller = await client.beginDeleteSecret("leaving", { intervalInMs: 1 })
    expect(server.log.requests.at(-1)).toMatchObject({ path: "/deletedsecrets/leaving", status: 404 })
    await poller.pollUntilDone()
    expect(server.log.count(({ path, status }) => path.startsWith("/deleted") && status === 404)).toBe(2)
    expect(await statusOf(client.getSecret("leaving"))).toBe(404)
    expect(await statusOf(client.setSecret("leaving", "again"))).toBe(409)
    expect((await collected(client.listDeletedSecrets())).map(({ name }) => name)).toEqual(["leaving"])
    await (await client.beginRecoverDeletedSecret("leaving", { intervalInMs: 1 })).pollUntilDone()
    expect((await client.getSecret("leaving")).value).toBe("value")
    await (await client.beginDeleteSecret("leaving", { intervalInMs: 1 })).pollUntilDone()
    await client.purgeDeletedSecret("leaving")
    expect(await statusOf(client.getDeletedSecret("leaving"))).toBe(404)
    await client.setSecret("leaving", "new")
    expect(server.versions("leaving").map(({ value }) => value)).toEqual(["new"])
  })

  it("shows what can become of two first writes of a fresh client: one is sent with a token and no body", async () => {
    const { server, client, credential } = await started()
    const secondIsThrough = gate()
    server.faults.next({ slow: secondIsThrough.promise, match: ({ path }) => path === "/secrets/first" })
    const first = statusOf(client.setSecret("first", "one"))
    expect(await statusOf(client.setSecret("second", "two"))).toBe(200)
    secondIsThrough.open()
    expect(await first).toBe(400)
    const puts = server.log.requests.filter(({ authorised }) => authorised)
    expect(puts.map(({ path, bodyEmpty }) => [path, bodyEmpty])).toEqual([
      ["/secrets/second", false],
      ["/secrets/first", true],
    ])
    expect(credential.calls).toBe(1)
  })

  it("is asked without a token and a body once, and then as often at once as one likes", async () => {
    const { server, client } = await started({ latency: 1 })
    await client.setSecret("name", "value")
    expect(server.log.requests.map(({ bodyEmpty, status }) => [bodyEmpty, status])).toEqual([
      [true, 401],
      [false, 200],
    ])
    server.log.clear()
    const names = Array.from({ length: 10 }, (_, index) => `later-${index}`)
    await Promise.all(names.map(async name => await client.setSecret(name, "value")))
    expect(server.log.count(({ bodyEmpty, status }) => !bodyEmpty && status === 200)).toBe(10)
    expect(server.log.waves()).toBeLessThan(10)
    server.log.clear()
    for (const name of names) await client.getSecret(name)
    expect([server.log.waves(), server.log.mostInFlight()]).toEqual([10, 1])
  })

  it("lets a client log in once, and again when it is told that its token was withdrawn", async () => {
    const { server, client, credential } = await started()
    server.put("name", "value")
    await client.getSecret("name")
    await client.getSecret("name")
    expect(credential.calls).toBe(1)
    expect(server.log.requests.map(({ status }) => status)).toEqual([401, 200, 200])
    server.withdrawTokens()
    expect((await client.getSecret("name")).value).toBe("value")
    expect(credential.asked.map(({ claims }) => claims !== undefined)).toEqual([false, true])
    // A token that has merely expired on the server's side is one that the client goes on to hold for good.
    server.expireTokens()
    expect(await statusOf(client.getSecret("name"))).toBe(401)
  })

  it("gives the reasons of refusals where the SDK shows them", async () => {
    const { server, client } = await started()
    server.put("off", "value")
    server.disable("off")
    server.put("closed", "value")
    server.deny("closed")
    const innerOf = async (name: string): Promise<unknown> =>
      await client
        .getSecret(name)
        .catch(thrown => [thrown.statusCode, thrown.details?.error?.innerError?.code])
    expect(await innerOf("off")).toEqual([403, "SecretDisabled"])
    expect(await innerOf("closed")).toEqual([403, "ForbiddenByRbac"])
  })
})
