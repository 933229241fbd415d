import { describe, expect, it } from "vitest"
import type { SecretMessage } from "./messages.ts"
import { type Rig, rig } from "./rig.ts"

const AUTOMATIC = { automatic: {} }

/** Makes a secret and gives what was answered. */
async function created({ call, project }: Rig, secretId: string, secret: SecretMessage = {}) {
  return await call("CreateSecret", {
    parent: project,
    secretId,
    secret: { replication: AUTOMATIC, ...secret },
  })
}

describe("CreateSecret", () => {
  it.for(["a", "Tally__API-token", "9", "_", "x".repeat(255)])("takes the id %s", async secretId => {
    expect((await created(await rig(), secretId)).code).toBe("OK")
  })

  it.for([
    "",
    "tally/api-token",
    "tally.api",
    "tally token",
    "é",
    "x".repeat(256),
  ])("refuses the id %j", async secretId => {
    expect((await created(await rig(), secretId)).code).toBe("INVALID_ARGUMENT")
  })

  it("refuses a second of the same id, also after the first one has versions", async () => {
    const made = await rig()
    await created(made, "a")
    made.server.put("a", "value")
    expect((await created(made, "a")).code).toBe("ALREADY_EXISTS")
    expect(made.server.held("a")).toHaveLength(1)
  })

  it("wants a replication for a global secret, and none for a regional one", async () => {
    const { call, project } = await rig()
    const parent = `${project}/locations/europe-west1`
    const secret = { replication: AUTOMATIC }
    const codes = [
      (await call("CreateSecret", { parent: project, secretId: "a", secret: {} })).code,
      (await call("CreateSecret", { parent, secretId: "a", secret })).code,
      (await call("CreateSecret", { parent, secretId: "a", secret: {} })).code,
    ]
    expect(codes).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT", "OK"])
  })

  it("keeps a replication of the user's own, and gives its places with each version", async () => {
    const made = await rig()
    const replication = { userManaged: { replicas: [{ location: "europe-west1" }] } }
    expect((await created(made, "a", { replication })).body).toMatchObject({ replication })
    made.server.put("a", "value")
    const version = await made.call("GetSecretVersion", { name: made.name("a", 1) })
    expect(version.body.replicationStatus).toEqual(replication)
  })
})

describe("UpdateSecret", () => {
  const update = async ({ call, name }: Rig, secret: SecretMessage, ...paths: string[]) =>
    await call("UpdateSecret", { secret: { name: name("a"), ...secret }, updateMask: { paths } })

  it("changes what the mask names and nothing else, and the etag with it", async () => {
    const made = await rig()
    const before = await created(made, "a", { labels: { k: "v" }, annotations: { one: "1" } })
    const after = await update(made, { labels: { other: "x" }, annotations: { two: "2" } }, "annotations")
    expect(after.body).toMatchObject({ labels: { k: "v" }, annotations: { two: "2" } })
    expect(after.body.annotations).not.toHaveProperty("one")
    expect(after.body.etag).not.toBe(before.body.etag)
    expect((await made.call("GetSecret", { name: made.name("a") })).body).toEqual(after.body)
  })

  it("empties a field that the mask names and the secret does not have", async () => {
    const made = await rig()
    await created(made, "a", { annotations: { one: "1" } })
    expect((await update(made, {}, "annotations")).body).not.toHaveProperty("annotations")
  })

  it.for([
    "name",
    "replication",
    "create_time",
    "versionAliases",
    "annotations.one",
  ])("refuses the mask %s", async path => {
    const made = await rig()
    await created(made, "a")
    expect((await update(made, {}, path)).code).toBe("INVALID_ARGUMENT")
  })

  it("refuses an empty mask", async () => {
    const made = await rig()
    await created(made, "a")
    expect((await update(made, {})).code).toBe("INVALID_ARGUMENT")
  })

  it("lets one of two win who send the same etag", async () => {
    const made = await rig()
    const etag = String((await created(made, "a")).body.etag)
    const codes = await Promise.all(
      ["1", "2"].map(
        async owner => (await update(made, { etag, annotations: { owner } }, "annotations")).code,
      ),
    )
    expect(codes.toSorted()).toEqual(["FAILED_PRECONDITION", "OK"])
  })

  it("answers a wrong etag as it was told to", async () => {
    const made = await rig({ etagMismatch: "ABORTED" })
    await created(made, "a")
    expect((await update(made, { etag: '"123"' }, "labels")).code).toBe("ABORTED")
  })

  it.for<[string, Readonly<Record<string, string>>]>([
    ["a key that begins with a dash", { "-a": "" }],
    ["a key of 64 characters", { ["x".repeat(64)]: "" }],
    ["16 KiB in all", { a: "x".repeat(16 * 1024 - 1) }],
  ])("refuses annotations with %s", async ([, annotations]) => {
    const made = await rig()
    await created(made, "a")
    expect((await update(made, { annotations }, "annotations")).code).toBe("INVALID_ARGUMENT")
  })

  it("holds one byte less than 16 KiB of annotations", async () => {
    const made = await rig()
    await created(made, "a")
    const annotations = { a: "x".repeat(16 * 1024 - 2) }
    expect((await update(made, { annotations }, "annotations")).code).toBe("OK")
  })

  it.for<[string, Readonly<Record<string, string>>]>([
    ["the alias latest", { latest: "1" }],
    ["the alias NEW", { NEW: "1" }],
    ["an alias that begins with a digit", { "1st": "1" }],
    ["a version that does not exist", { current: "2" }],
    ["51 of them", Object.fromEntries(Array.from({ length: 51 }, (_each, index) => [`a${index}`, "1"]))],
  ])("refuses aliases with %s", async ([, versionAliases]) => {
    const made = await rig()
    made.server.put("a", "value")
    expect((await update(made, { versionAliases }, "version_aliases")).code).toBe("INVALID_ARGUMENT")
  })
})

describe("a secret that expires", () => {
  it("is gone when its time has come, and free to be made again", async () => {
    const made = await rig()
    const secret = await created(made, "a", { ttl: { seconds: "60" } })
    expect(secret.body).toHaveProperty("expireTime")
    made.server.put("a", "value")
    made.server.advance(59_000)
    expect((await made.call("AccessSecretVersion", { name: made.name("a", 1) })).code).toBe("OK")
    made.server.advance(2_000)
    expect((await made.call("AccessSecretVersion", { name: made.name("a", 1) })).code).toBe("NOT_FOUND")
    expect((await created(made, "a")).code).toBe("OK")
  })

  it("cannot have expired before it was made", async () => {
    expect((await created(await rig(), "a", { expireTime: { seconds: "1", nanos: 0 } })).code).toBe(
      "INVALID_ARGUMENT",
    )
  })
})

describe("DeleteSecret", () => {
  it("wants the etag that is stored, if one is sent", async () => {
    const made = await rig()
    const { etag } = (await created(made, "a")).body
    const name = made.name("a")
    expect((await made.call("DeleteSecret", { name, etag: '"123"' })).code).toBe("FAILED_PRECONDITION")
    expect((await made.call("DeleteSecret", { name, etag: String(etag) })).code).toBe("OK")
    expect((await made.call("DeleteSecret", { name })).code).toBe("NOT_FOUND")
  })

  it("takes the versions along: a secret of the same id begins at 1", async () => {
    const made = await rig()
    made.server.put("a", "old")
    await made.call("DeleteSecret", { name: made.name("a") })
    expect(made.server.put("a", "new")).toBe("1")
  })
})

describe("names", () => {
  it("are understood with the project's number, too", async () => {
    const { server, call } = await rig()
    server.put("a", "value")
    const name = `projects/${server.projectNumber}/secrets/a`
    expect((await call("GetSecret", { name })).body.name).toBe(name)
  })

  it("of a region are others than those without", async () => {
    const { server, call, project } = await rig()
    const regional = `${project}/locations/europe-west1/secrets/a`
    server.put("a", "global")
    server.put(regional, "regional")
    const accessed = await call("AccessSecretVersion", { name: `${regional}/versions/latest` })
    expect(accessed.body).toMatchObject({
      name: `projects/${server.projectNumber}/locations/europe-west1/secrets/a/versions/1`,
      payload: { data: Buffer.from("regional") },
    })
    expect((await call("GetSecret", { name: regional })).body).not.toHaveProperty("replication")
    const version = await call("GetSecretVersion", { name: `${regional}/versions/1` })
    expect(version.body).not.toHaveProperty("replicationStatus")
  })

  it.for([
    "",
    "a",
    "projects/latchkey-test",
    "projects/latchkey-test/secrets/a/versions/1",
    "secrets/a",
  ])("are refused as those of a secret: %j", async name => {
    expect((await (await rig()).call("GetSecret", { name })).code).toBe("INVALID_ARGUMENT")
  })
})
