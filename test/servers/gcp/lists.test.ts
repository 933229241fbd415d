import { describe, expect, it } from "vitest"
import type { Request } from "./messages.ts"
import type { Method } from "./permissions.ts"
import { type Rig, rig } from "./rig.ts"

/** All pages of a list, as the last parts of the names, and how many pages there were. */
async function pages({ call }: Rig, method: Method, request: Request): Promise<string[][]> {
  const all: string[][] = []
  let pageToken = ""
  do {
    const { code, body } = await call(method, { ...request, pageToken })
    expect(code).toBe("OK")
    all.push(idsOf(body))
    pageToken = String(body.nextPageToken ?? "")
  } while (pageToken !== "")
  return all
}

function idsOf(body: Readonly<Record<string, unknown>>): string[] {
  const listed = (body.secrets ?? body.versions ?? []) as ReadonlyArray<{ name: string }>
  return listed.map(({ name }) => name.split("/").at(-1) ?? "")
}

describe("a list", () => {
  it("has the newest first, page after page", async () => {
    const made = await rig()
    for (const id of ["a", "b", "c", "d", "e"]) made.server.put(id, "value")
    expect(await pages(made, "ListSecrets", { parent: made.project, pageSize: 2 })).toEqual([
      ["e", "d"],
      ["c", "b"],
      ["a"],
    ])
    for (let version = 2; version <= 4; version += 1) made.server.put("a", "value")
    expect(await pages(made, "ListSecretVersions", { parent: made.name("a"), pageSize: 2 })).toEqual([
      ["4", "3"],
      ["2", "1"],
    ])
  })

  it("has versions of all states, with their state and without payload", async () => {
    const { server, call, name } = await rig()
    for (const value of ["one", "two", "three"]) server.put("a", value)
    server.disable("a", "2")
    server.destroy("a", "1")
    const { versions } = (await call("ListSecretVersions", { parent: name("a") })).body
    expect(versions).toMatchObject([{ state: "ENABLED" }, { state: "DISABLED" }, { state: "DESTROYED" }])
    expect(JSON.stringify(versions)).not.toMatch(/payload|data/)
  })

  it("chooses the size of a page itself if the client does not", async () => {
    const made = await rig({ pageSize: 3 })
    for (let index = 0; index < 7; index += 1) made.server.put(`s${index}`, "value")
    const found = await pages(made, "ListSecrets", { parent: made.project })
    expect(found.map(page => page.length)).toEqual([3, 3, 1])
  })

  it("loses and repeats nothing while others add and delete", async () => {
    const { server, call, project: parent } = await rig()
    for (const id of ["a", "b", "c", "d"]) server.put(id, "value")
    const first = (await call("ListSecrets", { parent, pageSize: 2 })).body
    server.put("e", "value")
    server.remove("c")
    const pageToken = String(first.nextPageToken)
    const second = (await call("ListSecrets", { parent, pageSize: 2, pageToken })).body
    expect([idsOf(first), idsOf(second)]).toEqual([
      ["d", "c"],
      ["b", "a"],
    ])
  })

  it("says how many there are, but 0 where a filter is given", async () => {
    const { server, call, project: parent } = await rig()
    for (const id of ["a", "b"]) server.put(id, "value")
    expect((await call("ListSecrets", { parent, pageSize: 1 })).body.totalSize).toBe(2)
    expect((await call("ListSecrets", { parent, filter: "name:a" })).body.totalSize).toBe(0)
  })

  it("refuses a page token of another list, one that is none, and a negative size", async () => {
    const { server, call, project: parent } = await rig()
    for (const id of ["a", "b"]) server.put(id, "value")
    const pageToken = String((await call("ListSecrets", { parent, pageSize: 1 })).body.nextPageToken)
    const codes = [
      (await call("ListSecrets", { parent, pageToken, filter: "name:a" })).code,
      (await call("ListSecrets", { parent, pageToken: "nonsense" })).code,
      (await call("ListSecrets", { parent, pageSize: -1 })).code,
      (await call("ListSecrets", { parent, pageToken })).code,
    ]
    expect(codes).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "OK"])
  })

  it("of a region does not have what is global, and none of versions is there without its secret", async () => {
    const { server, call, project, name } = await rig()
    server.put("a", "value")
    server.put(`${project}/locations/europe-west1/secrets/b`, "value")
    expect(idsOf((await call("ListSecrets", { parent: project })).body)).toEqual(["a"])
    const parent = `${project}/locations/europe-west1`
    expect(idsOf((await call("ListSecrets", { parent })).body)).toEqual(["b"])
    expect((await call("ListSecretVersions", { parent: name("b") })).code).toBe("NOT_FOUND")
  })
})

describe("a filter", () => {
  async function filtered(filter: string): Promise<string[] | string> {
    const { server, call, project } = await rig()
    const labelled = async (secretId: string, labels: Record<string, string>) =>
      await call("CreateSecret", {
        parent: project,
        secretId,
        secret: { replication: { automatic: {} }, labels },
      })
    await labelled("tally--api-token", { env: "prod", team: "forms" })
    await labelled("tally--session-key", { env: "test" })
    server.put("stripe--Key", "value")
    const { code, body } = await call("ListSecrets", { parent: project, filter })
    return code === "OK" ? idsOf(body).toSorted() : code
  }

  it.for<[string, string[]]>([
    ["name:tally--", ["tally--api-token", "tally--session-key"]],
    ["name:KEY", ["stripe--Key", "tally--session-key"]],
    ["name:api-token OR name:stripe", ["stripe--Key", "tally--api-token"]],
    ["name:tally AND name:key", ["tally--session-key"]],
    ["name:tally name:key", ["tally--session-key"]],
    ["NOT name:tally", ["stripe--Key"]],
    ["-name:tally", ["stripe--Key"]],
    ["labels.env=prod", ["tally--api-token"]],
    ["labels:env", ["tally--api-token", "tally--session-key"]],
    ["labels.env:*", ["tally--api-token", "tally--session-key"]],
    ['labels.env="test" OR (name:stripe AND NOT labels:env)', ["stripe--Key", "tally--session-key"]],
    ["create_time>2020-01-01T00:00:00Z name:api", ["tally--api-token"]],
    ["create_time<2020-01-01", []],
  ])("%s", async ([filter, ids]) => {
    expect(await filtered(filter)).toEqual(ids)
  })

  it.for([
    "name",
    "name:",
    ":tally",
    "name:a OR",
    "(name:a",
    "name:a)",
    "NOT",
    "name ~ a",
  ])("refuses %j", async filter => {
    expect(await filtered(filter)).toBe("INVALID_ARGUMENT")
  })

  it("finds versions by their state", async () => {
    const { server, call, name } = await rig()
    for (const value of ["one", "two", "three"]) server.put("a", value)
    server.disable("a", "2")
    const { body } = await call("ListSecretVersions", { parent: name("a"), filter: "state:ENABLED" })
    expect(idsOf(body)).toEqual(["3", "1"])
  })
})
