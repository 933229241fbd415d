import { SecretManagerServiceClient } from "@google-cloud/secret-manager"
import { credentials } from "@grpc/grpc-js"
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { type GcpOptions, type GcpServer, startGcp } from "./index.ts"

/** The client that users have, and a server for it. */
async function withSdk(
  options: GcpOptions = {},
): Promise<{ server: GcpServer; sdk: SecretManagerServiceClient }> {
  const server = await startGcp(options)
  const token = options.identities?.[0]?.token
  const secure = (ca: string) =>
    credentials.combineChannelCredentials(
      credentials.createSsl(Buffer.from(ca)),
      credentials.createFromGoogleCredential({
        getRequestHeaders: async () => ({ authorization: `Bearer ${token}` }),
      }),
    )
  const sdk = new SecretManagerServiceClient({
    apiEndpoint: server.ca === undefined ? server.host : "localhost",
    port: server.port,
    sslCreds: server.ca === undefined ? credentials.createInsecure() : secure(server.ca),
  })
  onTestFinished(async () => {
    await sdk.close()
    await server.close()
  })
  return { server, sdk }
}

const parent = "projects/latchkey-test"
const name = `${parent}/secrets/a`

// Without it the client looks for a metadata server, and says on standard error that there is none.
beforeEach(() => {
  vi.stubEnv("METADATA_SERVER_DETECTION", "none")
  onTestFinished(() => void vi.unstubAllEnvs())
})

describe("the service's own client", () => {
  it("creates, adds, reads, changes and deletes", async () => {
    const { server, sdk } = await withSdk()
    const [secret] = await sdk.createSecret({
      parent,
      secretId: "a",
      secret: { replication: { automatic: {} }, annotations: { owner: "me" } },
    })
    expect(secret).toMatchObject({
      name: `projects/${server.projectNumber}/secrets/a`,
      annotations: { owner: "me" },
    })
    const payload = { data: Buffer.from("hello world"), dataCrc32c: "3381945770" }
    const [version] = await sdk.addSecretVersion({ parent: name, payload })
    expect(version).toMatchObject({ state: "ENABLED", clientSpecifiedPayloadChecksum: true })

    const [updated] = await sdk.updateSecret({
      secret: { name, etag: secret.etag ?? "", versionAliases: { current: 1 } },
      updateMask: { paths: ["version_aliases"] },
    })
    expect(updated.versionAliases).toEqual({ current: "1" })
    const [accessed] = await sdk.accessSecretVersion({ name: `${name}/versions/current` })
    expect(accessed).toMatchObject({ name: version.name, payload })

    await sdk.disableSecretVersion({ name: `${name}/versions/1`, etag: version.etag ?? "" })
    const [disabled] = await sdk.getSecretVersion({ name: `${name}/versions/latest` })
    expect(disabled.state).toBe("DISABLED")
    await sdk.deleteSecret({ name })
    await expect(sdk.getSecret({ name })).rejects.toMatchObject({ code: 5 })
  })

  it("lists over pages by itself", async () => {
    const { server, sdk } = await withSdk({ pageSize: 2 })
    for (const id of ["a", "b", "c"]) server.put(id, "value")
    const ids: string[] = []
    for await (const secret of sdk.listSecretsAsync({ parent }, { autoPaginate: false }))
      ids.push(secret.name?.split("/").at(-1) ?? "")
    expect(ids).toEqual(["c", "b", "a"])
    for (let version = 2; version <= 5; version += 1) server.put("a", "value")
    const [versions] = await sdk.listSecretVersions({ parent: name })
    expect(versions.map(version => version.name?.split("/").at(-1))).toEqual(["5", "4", "3", "2", "1"])
  })

  it("understands the details of an error", async () => {
    const { server, sdk } = await withSdk()
    await expect(
      sdk.accessSecretVersion({ name: "projects/elsewhere/secrets/a/versions/1" }),
    ).rejects.toMatchObject({ code: 7, reason: "CONSUMER_INVALID", domain: "googleapis.com" })
    server.faults.next({ code: "RESOURCE_EXHAUSTED", retryDelayMs: 2_000 })
    await expect(sdk.getSecret({ name })).rejects.toMatchObject({
      code: 8,
      statusDetails: [{ retryDelay: { seconds: expect.toSatisfy(seconds => Number(seconds) === 2) } }],
    })
  })

  it("comes in over TLS with its token, and not once that has expired", async () => {
    const { server, sdk } = await withSdk({ tls: true, identities: [{ token: "one" }] })
    server.put("a", "value")
    const request = { name: `${name}/versions/latest` }
    const [{ payload }] = await sdk.accessSecretVersion(request, { retry: null })
    expect(Buffer.from(payload?.data as Uint8Array).toString()).toBe("value")
    server.identities.expire("one")
    await expect(sdk.accessSecretVersion(request, { retry: null })).rejects.toMatchObject({
      code: 16,
      reason: "ACCESS_TOKEN_EXPIRED",
    })
  })
})
