import { describe, expect, it } from "vitest"
import { ask } from "./ask.ts"
import { LARGEST } from "./index.ts"
import { started } from "./session.ts"

describe("what the stand-in for Azure Key Vault understands", () => {
  it("wants an api-version that there is", async () => {
    const { server } = await started()
    const token = server.token()
    const statuses = [
      "",
      "?api-version=",
      "?api-version=latest",
      "?api-version=7.3",
      "?api-version=2025-07-01",
    ]
    const replies = await Promise.all(
      statuses.map(async query => (await ask(server, { path: `/secrets${query}`, token })).status),
    )
    expect(replies).toEqual([400, 400, 400, 200, 200])
  })

  it.each([
    "with_underscore",
    "with.dot",
    "%2e%2e",
    "a%2Fb",
    "%00",
    "ü",
    "x".repeat(128),
    "%ff",
  ])("refuses the name %s", async name => {
    const { codes } = await started()
    expect(await codes("PUT", `/secrets/${encodeURI(name).replaceAll("%25", "%")}`, { value: "" })).toEqual([
      400,
      "BadParameter",
    ])
  })

  it("takes a name of 127 characters, in any case, for one secret", async () => {
    const { server, call } = await started()
    const name = `Name-${"x".repeat(122)}`
    await call("PUT", `/secrets/${name}`, { value: "first" })
    await call("PUT", `/secrets/${name.toUpperCase()}`, { value: "second" })
    expect((await call("GET", `/secrets/${name.toLowerCase()}/`)).body).toMatchObject({
      value: "second",
      id: expect.stringContaining(`${server.url}/secrets/${name}/`),
    })
    expect(server.versions(name)).toHaveLength(2)
  })

  it("takes a value of 25,600 characters and none that is longer", async () => {
    const { server, codes } = await started()
    expect(await codes("PUT", "/secrets/name", { value: "x".repeat(LARGEST) })).toEqual([200])
    expect(await codes("PUT", "/secrets/name", { value: "x".repeat(LARGEST + 1) })).toEqual([
      400,
      "BadParameter",
      "SecretTooLarge",
    ])
    expect(server.versions("name")).toHaveLength(1)
  })

  it.each([
    ["no body", undefined],
    ["what is no JSON", "{"],
    ["a list", "[]"],
    ["no value", {}],
    ["a number as value", { value: 1 }],
    ["a text as time", { value: "", attributes: { exp: "tomorrow" } }],
    ["a list as tags", { value: "", tags: [] }],
  ])("refuses a write with %s", async (_, body) => {
    const { server, codes } = await started()
    expect(await codes("PUT", "/secrets/name", body)).toEqual([400, "BadParameter"])
    expect(server.versions("name")).toEqual([])
  })

  it("refuses what is no version, and does not find one that never was", async () => {
    const { server, codes } = await started()
    server.put("name", "value")
    expect(await codes("GET", "/secrets/name/no-such-version")).toEqual([400, "BadParameter"])
    expect(await codes("GET", `/secrets/name/${"0".repeat(32)}`)).toEqual([404, "SecretNotFound"])
  })

  it("refuses methods and paths that there are none of", async () => {
    const { codes } = await started()
    for (const [method, path] of [
      ["POST", "/secrets"],
      ["DELETE", "/deletedsecrets"],
      ["POST", "/secrets/name"],
      ["PUT", "/deletedsecrets/name"],
      ["GET", "/keys/name"],
      ["GET", "/secrets/name/version/more"],
    ] as const)
      expect(await codes(method, path)).toEqual([400, "BadParameter"])
  })
})
