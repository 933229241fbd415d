import { describe, expect, it } from "vitest"
import { crc32c } from "./index.ts"
import { type Rig, rig } from "./rig.ts"

const add = async ({ call, name }: Rig, data: Buffer, dataCrc32c?: string) =>
  await call("AddSecretVersion", {
    parent: name("a"),
    payload: { data, ...(dataCrc32c !== undefined && { dataCrc32c }) },
  })

const access = async ({ call, name }: Rig, version: string | number) =>
  await call("AccessSecretVersion", { name: name("a", version) })

async function withVersions(count: number): Promise<Rig> {
  const made = await rig()
  made.server.removeVersions("a")
  for (let version = 1; version <= count; version += 1) made.server.put("a", `value ${version}`)
  return made
}

describe("AddSecretVersion", () => {
  it("numbers from 1, and gives the bytes back as they were", async () => {
    const made = await withVersions(0)
    const data = Buffer.from([0, 255, 254, 10])
    await add(made, Buffer.from("first"))
    expect((await add(made, data)).body.name).toMatch(/\/versions\/2$/)
    expect((await access(made, "latest")).body.payload).toEqual({ data, dataCrc32c: String(crc32c(data)) })
  })

  it("says whether a checksum came with the payload", async () => {
    const made = await withVersions(0)
    const data = Buffer.from("hello world")
    expect((await add(made, data, "3381945770")).body.clientSpecifiedPayloadChecksum).toBe(true)
  })

  it("refuses a payload that does not fit its checksum, and keeps nothing of it", async () => {
    const made = await withVersions(0)
    expect((await add(made, Buffer.from("hello worle"), "3381945770")).code).toBe("INVALID_ARGUMENT")
    expect(made.server.held("a")).toEqual([])
  })

  it.for<[number, string]>([
    [0, "INVALID_ARGUMENT"],
    [1, "OK"],
    [65_536, "OK"],
    [65_537, "INVALID_ARGUMENT"],
  ])("answers a payload of %i bytes with %s", async ([size, code]) => {
    expect((await add(await withVersions(0), Buffer.alloc(size, 1))).code).toBe(code)
  })

  it("refuses a call without payload, and one for a secret that is not there", async () => {
    const { call, name } = await rig()
    expect((await call("AddSecretVersion", { parent: name("a") })).code).toBe("INVALID_ARGUMENT")
    const payload = { data: Buffer.from("x") }
    const missing = await call("AddSecretVersion", { parent: name("a"), payload })
    expect([missing.code, missing.text]).toEqual([
      "NOT_FOUND",
      "Secret [projects/104052063718/secrets/a] not found.",
    ])
  })
})

describe("latest", () => {
  it.for<["disable" | "destroy", string]>([
    ["disable", "DISABLED"],
    ["destroy", "DESTROYED"],
  ])("is the newest version even after %s, although an older one is enabled", async ([act, state]) => {
    const made = await withVersions(2)
    made.server[act]("a")
    const latest = await access(made, "latest")
    expect([latest.code, latest.text]).toEqual([
      "FAILED_PRECONDITION",
      `Secret Version [projects/104052063718/secrets/a/versions/2] is in ${state} state.`,
    ])
    expect((await access(made, 1)).code).toBe("OK")
    const { body } = await made.call("GetSecretVersion", { name: made.name("a", "latest") })
    expect(body).toMatchObject({ name: "projects/104052063718/secrets/a/versions/2", state })
  })

  it("and aliases are for reading only", async () => {
    const made = await withVersions(1)
    made.server.aliases("a", { current: 1 })
    for (const version of ["latest", "current"]) {
      const name = made.name("a", version)
      expect((await made.call("DisableSecretVersion", { name })).code).toBe("INVALID_ARGUMENT")
    }
    expect(made.server.held("a").map(({ state }) => state)).toEqual(["ENABLED"])
  })
})

describe("an alias", () => {
  it("names a version, and the answer has the number", async () => {
    const made = await withVersions(3)
    const secret = { name: made.name("a"), versionAliases: { current: "2", previous: "1" } }
    const updated = await made.call("UpdateSecret", { secret, updateMask: { paths: ["version_aliases"] } })
    expect(updated.body.versionAliases).toEqual(secret.versionAliases)
    const accessed = await access(made, "current")
    expect(accessed.body).toMatchObject({
      name: "projects/104052063718/secrets/a/versions/2",
      payload: { data: Buffer.from("value 2") },
    })
  })

  it("that nobody set is no version", async () => {
    expect((await access(await withVersions(1), "current")).code).toBe("NOT_FOUND")
  })
})

describe("a version", () => {
  it.for([0, 2, 99])("that does not exist is not found: %i", async version => {
    const found = await access(await withVersions(1), version)
    expect([found.code, found.text]).toEqual([
      "NOT_FOUND",
      `Secret Version [projects/104052063718/secrets/a/versions/${version}] not found.`,
    ])
  })

  it.for(["01", "1.5", "-1", "x".repeat(64)])("is not called %s", async version => {
    expect((await access(await withVersions(1), version)).code).toBe("INVALID_ARGUMENT")
  })

  it("can be enabled again, with the payload that it had", async () => {
    const made = await withVersions(1)
    await made.call("DisableSecretVersion", { name: made.name("a", 1) })
    expect((await access(made, 1)).code).toBe("FAILED_PRECONDITION")
    await made.call("EnableSecretVersion", { name: made.name("a", 1) })
    expect((await access(made, 1)).body.payload).toMatchObject({ data: Buffer.from("value 1") })
  })

  it("that is destroyed stays so, and its payload is gone", async () => {
    const made = await withVersions(1)
    const name = made.name("a", 1)
    expect((await made.call("DestroySecretVersion", { name })).body.state).toBe("DESTROYED")
    const codes: string[] = []
    for (const method of ["EnableSecretVersion", "DisableSecretVersion", "DestroySecretVersion"] as const) {
      codes.push((await made.call(method, { name })).code)
    }
    expect(codes).toEqual(["FAILED_PRECONDITION", "FAILED_PRECONDITION", "FAILED_PRECONDITION"])
    expect(made.server.held("a")).toEqual([{ version: "1", state: "DESTROYED", value: undefined }])
  })

  it.for([
    "EnableSecretVersion",
    "DisableSecretVersion",
    "DestroySecretVersion",
  ] as const)("wants the etag that is stored, if one is sent: %s", async method => {
    const made = await withVersions(1)
    const name = made.name("a", 1)
    const { etag: old } = (await made.call("GetSecretVersion", { name })).body
    await made.call("EnableSecretVersion", { name })
    expect((await made.call(method, { name, etag: String(old) })).code).toBe("FAILED_PRECONDITION")
    const { etag } = (await made.call("GetSecretVersion", { name })).body
    expect((await made.call(method, { name, etag: String(etag) })).code).toBe("OK")
  })

  it("of a secret that destroys later is disabled first, and can be saved until then", async () => {
    const made = await withVersions(2)
    const secret = { name: made.name("a"), versionDestroyTtl: { seconds: "86400" } }
    await made.call("UpdateSecret", { secret, updateMask: { paths: ["version_destroy_ttl"] } })
    for (const version of [1, 2]) {
      const { body } = await made.call("DestroySecretVersion", { name: made.name("a", version) })
      expect(body).toMatchObject({ state: "DISABLED", scheduledDestroyTime: { nanos: expect.any(Number) } })
    }
    await made.call("EnableSecretVersion", { name: made.name("a", 1) })
    made.server.advance(86_401_000)
    expect(made.server.held("a").map(({ state }) => state)).toEqual(["DESTROYED", "ENABLED"])
  })
})
