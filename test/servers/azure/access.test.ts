import { describe, expect, it } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { ask } from "./ask.ts"
import { codesOf, started } from "./session.ts"

describe("who may ask the stand-in for Azure Key Vault", () => {
  it("challenges a request without a token, with one that it does not know, and with one that has expired", async () => {
    const { server } = await started()
    const path = "/secrets/name?api-version=7.6"
    const challenge =
      /^Bearer authorization="https:\/\/login\.windows\.net\/[0-9a-f-]+", resource="https:\/\/vault\.azure\.net"$/
    server.clock.stopAt(Date.now())
    const expired = server.token("owner", { lifetime: 1000 })
    expect((await ask(server, { path, token: expired })).status).toBe(404)
    server.clock.advance(1000)
    for (const question of [{ path }, { path, token: "elsewhere" }, { path, token: expired }]) {
      const reply = await ask(server, question)
      expect(codesOf(reply)).toEqual([401, "Unauthorized"])
      expect(reply.headers["www-authenticate"]).toMatch(challenge)
    }
    expect(server.log.requests.map(({ authorised }) => authorised)).toEqual([true, false, false, false])
  })

  it("ends the tokens of one identity or of all, and takes those that come after", async () => {
    const { server } = await started()
    const [owner, reader] = [server.token(), server.token("reader")]
    const statusWith = async (token: string): Promise<number> =>
      (await ask(server, { path: "/secrets?api-version=7.6", token })).status
    server.expireTokens("reader")
    expect([await statusWith(owner), await statusWith(reader)]).toEqual([200, 401])
    server.expireTokens()
    expect([await statusWith(owner), await statusWith(server.token("reader"))]).toEqual([401, 200])
  })

  it("asks for new claims where a token was withdrawn", async () => {
    const { server } = await started()
    const token = server.token()
    server.withdrawTokens()
    const reply = await ask(server, { path: "/secrets?api-version=7.6", token })
    expect(reply.status).toBe(401)
    expect(reply.headers["www-authenticate"]).toMatch(/error="insufficient_claims", claims="[\w=+/]+"$/)
  })

  it.each([
    ["get", "GET", "/secrets/name"],
    ["get", "GET", "/deletedsecrets/gone"],
    ["list", "GET", "/secrets"],
    ["list", "GET", "/secrets/name/versions"],
    ["list", "GET", "/deletedsecrets"],
    ["set", "PUT", "/secrets/name"],
    ["set", "PATCH", "/secrets/name"],
    ["delete", "DELETE", "/secrets/name"],
    ["recover", "POST", "/deletedsecrets/gone/recover"],
    ["purge", "DELETE", "/deletedsecrets/gone"],
    ["backup", "POST", "/secrets/name/backup"],
  ] as const)("wants the permission %s for %s %s, and no other", async (permission, method, path) => {
    const { server, codes, call } = await started()
    server.put("name", "value")
    server.put("gone", "value")
    server.softDelete("gone")
    const body = method === "PUT" || method === "PATCH" ? { value: "new" } : undefined
    server.grant("app", "get", "list", "set", "delete", "recover", "purge", "backup", "restore")
    server.revoke("app", permission)
    expect(await codes(method, path, body, "app")).toEqual([403, "Forbidden", "ForbiddenByRbac"])
    server.grant("app", permission)
    expect((await call(method, path, body, "app")).status).toBeLessThan(300)
  })

  it("closes one name to everybody, and opens it again", async () => {
    const { server, codes } = await started()
    server.put("name", "value")
    server.put("other", "value")
    server.deny("NAME")
    expect(await codes("GET", "/secrets/Name")).toEqual([403, "Forbidden", "ForbiddenByRbac"])
    expect(await codes("GET", "/secrets/other")).toEqual([200])
    server.allow("name")
    expect(await codes("GET", "/secrets/name")).toEqual([200])
  })
})

it("shows no value and no token in what it logs", async () => {
  const canary = newCanary()
  const { server } = await started()
  await ask(server, {
    method: "PUT",
    path: "/secrets/name?api-version=7.6",
    token: canary.text,
    body: { value: canary.text },
  })
  const token = server.token()
  canary.watch(server.log.requests)
  await ask(server, { path: "/secrets?api-version=7.6", token })
  expect(JSON.stringify(server.log.requests).includes(token)).toBe(false)
  expect(server.log.count()).toBe(2)
})
