import { describe, expect, it } from "vitest"
import { started } from "./session.ts"

describe("how the stand-in for Azure Key Vault deletes", () => {
  it("refuses everything about a name until the deletion is through", async () => {
    const { server, codes } = await started()
    server.put("name", "value")
    expect(await codes("DELETE", "/secrets/name")).toEqual([200])
    const between = [409, "Conflict", "ObjectIsBeingDeleted"]
    expect(await codes("PUT", "/secrets/name", { value: "" })).toEqual(between)
    expect(await codes("DELETE", "/deletedsecrets/name")).toEqual(between)
    expect(await codes("POST", "/deletedsecrets/name/recover")).toEqual(between)
    expect(await codes("DELETE", "/secrets/name")).toEqual([404, "SecretNotFound"])
    const polls = [await codes("GET", "/deletedsecrets/name"), await codes("GET", "/deletedsecrets/name")]
    expect(polls).toEqual([
      [404, "SecretNotFound"],
      [404, "SecretNotFound"],
    ])
    expect(await codes("GET", "/deletedsecrets/name")).toEqual([200])
    expect(await codes("PUT", "/secrets/name", { value: "" })).toEqual([
      409,
      "Conflict",
      "ObjectIsDeletedButRecoverable",
    ])
  })

  it("can take its time instead, for the way out and for the way back", async () => {
    const { server, codes } = await started({
      deleteSettles: { milliseconds: 5000 },
      recoverSettles: { milliseconds: 3000 },
    })
    server.put("name", "value")
    server.clock.stopAt(Date.now())
    await codes("DELETE", "/secrets/name")
    server.clock.advance(4999)
    expect(await codes("GET", "/deletedsecrets/name")).toEqual([404, "SecretNotFound"])
    server.clock.advance(1)
    expect(await codes("GET", "/deletedsecrets/name")).toEqual([200])
    await codes("POST", "/deletedsecrets/name/recover")
    expect(await codes("GET", "/secrets/name")).toEqual([404, "SecretNotFound"])
    expect(await codes("PUT", "/secrets/name", { value: "" })).toEqual([
      409,
      "Conflict",
      "ObjectIsBeingRecovered",
    ])
    server.clock.advance(3000)
    expect(await codes("GET", "/secrets/name")).toEqual([200])
  })

  it("forgets a deleted secret when its days are over", async () => {
    const { server, codes } = await started()
    server.put("name", "value")
    server.softDelete("name")
    server.clock.advance(7 * 86_400_000 - 2000)
    expect(server.isDeleted("name")).toBe(true)
    server.clock.advance(2000)
    expect(server.isDeleted("name")).toBe(false)
    expect(await codes("PUT", "/secrets/name", { value: "new" })).toEqual([200])
  })

  it("restores a backup with all versions, and not over a name that is taken", async () => {
    const { server, call, codes } = await started()
    const ids = [server.put("name", "first"), server.put("name", "second")]
    const backup = (await call("POST", "/secrets/name/backup")).body
    expect(await codes("POST", "/secrets/restore", backup)).toEqual([409, "Conflict"])
    server.softDelete("name")
    server.purge("name")
    expect(await codes("POST", "/secrets/restore", backup)).toEqual([200])
    expect(server.versions("name").map(({ version }) => version)).toEqual(ids)
    expect(await codes("POST", "/secrets/restore", { value: "else" })).toEqual([400, "BadParameter"])
  })
})
