import { describe, expect, it } from "vitest"
import { rig } from "./rig.ts"

describe("what is done behind the back of clients", () => {
  it("puts text and bytes, as versions that count up", async () => {
    const { server, call, name } = await rig()
    expect([server.put("a", "é"), server.put("a", Uint8Array.of(0, 255))]).toEqual(["1", "2"])
    const { body } = await call("AccessSecretVersion", { name: name("a", "latest") })
    expect(body.payload).toMatchObject({ data: Buffer.from([0, 255]) })
    expect(server.held("a").map(({ value }) => value)).toEqual([Buffer.from([0, 255]), Buffer.from("é")])
  })

  it("does not share its bytes with who put them", async () => {
    const { server } = await rig()
    const bytes = Uint8Array.of(1, 2)
    server.put("a", bytes)
    bytes.fill(9)
    expect(server.held("a")[0]?.value).toEqual(Buffer.from([1, 2]))
  })

  it("switches the newest version off and on, or the one that is named", async () => {
    const { server } = await rig()
    for (const value of ["one", "two", "three"]) server.put("a", value)
    server.disable("a")
    server.disable("a", "1")
    server.destroy("a", "2")
    server.enable("a", "1")
    expect(server.held("a").map(({ state }) => state)).toEqual(["DISABLED", "DESTROYED", "ENABLED"])
  })

  it("removes versions, and the numbers go on", async () => {
    const { server, call, name } = await rig()
    server.put("a", "one")
    server.removeVersions("a")
    expect((await call("AccessSecretVersion", { name: name("a", "latest") })).text).toMatch(/no versions/)
    expect((await call("GetSecret", { name: name("a") })).code).toBe("OK")
    expect(server.put("a", "two")).toBe("2")
  })

  it("sets aliases, and the etag of the secret changes with them", async () => {
    const { server, call, name } = await rig()
    server.put("a", "one")
    const before = (await call("GetSecret", { name: name("a") })).body
    server.aliases("a", { current: "1" })
    const after = (await call("GetSecret", { name: name("a") })).body
    expect(after.versionAliases).toEqual({ current: "1" })
    expect(after.etag).not.toBe(before.etag)
  })

  it("removes a secret", async () => {
    const { server, call, name } = await rig()
    server.put("a", "one")
    server.remove("a")
    expect((await call("GetSecret", { name: name("a") })).code).toBe("NOT_FOUND")
    expect(server.held("a")).toEqual([])
  })

  it("fails loudly where there is nothing to change", async () => {
    const { server } = await rig()
    server.removeVersions("a")
    expect(() => server.remove("b")).toThrow(/not found/)
    expect(() => server.disable("b")).toThrow(/not found/)
    expect(() => server.disable("a")).toThrow("a has no version at all")
    expect(() => server.destroy("a", "7")).toThrow("a has no version 7")
    expect(() => server.put("not/a/name", "x")).toThrow(/valid format/)
  })
})
