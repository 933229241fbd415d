import { describe, expect, it, onTestFinished } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { ask, type Question, type Reply } from "./ask.ts"
import { type AzureOptions, type AzureServer, LARGEST, startAzure } from "./index.ts"

interface Session {
  readonly server: AzureServer
  /** Asks with a token of the owner; paths get their `api-version`. */
  readonly call: (method: string, path: string, body?: unknown, as?: string) => Promise<Reply>
  /** The status, and the codes of the error if there is one. */
  readonly codes: (method: string, path: string, body?: unknown, as?: string) => Promise<unknown[]>
}

async function started(options: AzureOptions = {}): Promise<Session> {
  const server = await startAzure(options)
  onTestFinished(async () => await server.close())
  const call: Session["call"] = async (method, path, body, as) => {
    const question: Question = {
      method,
      path: `${path}${path.includes("?") ? "&" : "?"}api-version=7.6`,
      token: server.token(as),
    }
    return await ask(server, body === undefined ? question : { ...question, body })
  }
  const codes: Session["codes"] = async (...asked) => codesOf(await call(...asked))
  return { server, call, codes }
}

function codesOf({ status, body }: Reply): unknown[] {
  const { error } = (body ?? {}) as { error?: { code: string; innererror?: { code: string } } }
  return [status, error?.code, error?.innererror?.code].filter(one => one !== undefined)
}

interface Page {
  readonly value: readonly { readonly id: string; readonly managed?: boolean }[]
  readonly nextLink: string | null
}

const namesOn = (page: Page): string[] => page.value.map(({ id }) => id.split("/").at(4) ?? "")

/** All pages of a list, found by following the links as they are. */
async function pagesOf({ server, call }: Session, path: string): Promise<Page[]> {
  const pages = [(await call("GET", path)).body as Page]
  for (let next = pages[0]?.nextLink; next; next = pages.at(-1)?.nextLink) {
    const { pathname, search } = new URL(next)
    pages.push((await ask(server, { path: pathname + search, token: server.token() })).body as Page)
  }
  return pages
}

describe("who may ask the stand-in for Azure Key Vault", () => {
  it("challenges a request without a token, with one that it does not know, and with one that has expired", async () => {
    const { server } = await started()
    const path = "/secrets/name?api-version=7.6"
    const challenge =
      /^Bearer authorization="https:\/\/login\.windows\.net\/[0-9a-f-]+", resource="https:\/\/vault\.azure\.net"$/
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
    expect(await codes("GET", "/secrets/name")).toEqual([403, "Forbidden", "ForbiddenByRbac"])
    expect(await codes("GET", "/secrets/other")).toEqual([200])
    server.allow("name")
    expect(await codes("GET", "/secrets/name")).toEqual([200])
  })
})

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

describe("what the stand-in for Azure Key Vault holds", () => {
  it("reads a version that is switched off from nobody, and its neighbours from all", async () => {
    const { server, codes, call } = await started()
    const first = server.put("name", "first")
    const second = server.put("name", "second")
    server.disable("name", first)
    expect(await codes("GET", `/secrets/name/${first}`)).toEqual([403, "Forbidden", "SecretDisabled"])
    expect(await codes("GET", "/secrets/name")).toEqual([200])
    server.disable("name")
    expect(await codes("GET", "/secrets/name")).toEqual([403, "Forbidden", "SecretDisabled"])
    server.enable("name", first)
    expect((await call("GET", `/secrets/name/${first}`)).body).toMatchObject({ value: "first" })
    await call("PATCH", `/secrets/name/${second}`, { attributes: { enabled: true } })
    expect((await call("GET", "/secrets/name")).body).toMatchObject({ value: "second" })
  })

  it("reads a secret before and after its time", async () => {
    const { server, codes } = await started()
    server.put("early", "value", { nbf: server.clock.seconds() + 1000 })
    server.put("late", "value", { exp: server.clock.seconds() - 1000 })
    expect([await codes("GET", "/secrets/early"), await codes("GET", "/secrets/late")]).toEqual([
      [200],
      [200],
    ])
  })

  it("writes several versions in one second, and says of each only which second that was", async () => {
    const { server, call } = await started()
    server.clock.stopAt(1_800_000_000_999)
    for (const value of ["first", "second", "third"]) await call("PUT", "/secrets/name", { value })
    const { value: versions } = (await call("GET", "/secrets/name/versions")).body as {
      value: { attributes: { created: number } }[]
    }
    expect(versions.map(({ attributes }) => attributes.created)).toEqual(new Array(3).fill(1_800_000_000))
    expect((await call("GET", "/secrets/name")).body).toMatchObject({ value: "third" })
  })

  it("lists in pages of 25 with links that name the port, each secret once, whatever is written meanwhile", async () => {
    const session = await started()
    const { server, call } = session
    const names = Array.from({ length: 51 }, (_, index) => `name-${String(index).padStart(2, "0")}`)
    for (const name of names) server.put(name, "value")
    const pages = await pagesOf(session, "/secrets")
    expect(pages.map(({ value }) => value.length)).toEqual([25, 25, 1])
    expect(pages.flatMap(namesOn)).toEqual(names)
    const first = (await call("GET", "/secrets?maxresults=2")).body as Page
    expect(first.nextLink).toMatch(`https://127.0.0.1:${server.port}/secrets?api-version=7.6&$skiptoken=`)
    expect(first.nextLink).toMatch(/&maxresults=2$/)
    server.remove("name-01")
    server.put("name-00-a", "value")
    const { pathname, search } = new URL(first.nextLink ?? "")
    const second = (await ask(server, { path: pathname + search, token: server.token() })).body as Page
    expect(namesOn(second)).toEqual(["name-02", "name-03"])
  })

  it("refuses pages of another size and marks that it did not give", async () => {
    const { codes } = await started()
    for (const query of ["maxresults=0", "maxresults=26", "maxresults=x", "$skiptoken=x", "$skiptoken=e30"])
      expect(await codes("GET", `/secrets?${query}`)).toEqual([400, "BadParameter"])
  })

  it("lists the secrets of certificates as managed, and changes them for nobody", async () => {
    const { server, call, codes } = await started()
    server.putCertificate("certificate")
    server.put("name", "value")
    const { value } = (await call("GET", "/secrets")).body as Page
    expect(value.map(({ managed }) => managed)).toEqual([true, undefined])
    expect(await codes("PUT", "/secrets/certificate", { value: "" })).toEqual([403, "Forbidden"])
    expect(await codes("DELETE", "/secrets/certificate")).toEqual([403, "Forbidden"])
  })

  it("refuses a write while another one to the same name is going on", async () => {
    const { server, codes } = await started()
    const release = server.holdWrites()
    const first = codes("PUT", "/secrets/name", { value: "first" })
    await expect.poll(() => server.log.count()).toBe(1)
    expect(await codes("PUT", "/secrets/NAME", { value: "second" })).toEqual([409, "Conflict"])
    const other = codes("PUT", "/secrets/other", { value: "third" })
    await expect.poll(() => server.log.count()).toBe(3)
    expect(server.log.mostInFlight()).toBe(2)
    release()
    expect([await first, await other]).toEqual([[200], [200]])
    expect(await codes("PUT", "/secrets/name", { value: "fourth" })).toEqual([200])
    expect(server.versions("name").map(({ value }) => value)).toEqual(["first", "fourth"])
  })
})

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
