import { describe, expect, it } from "vitest"
import { eventually } from "../../support/eventually.ts"
import { ask } from "./ask.ts"
import { type Session, started } from "./session.ts"

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

  it("changes what is said of a version in place, and says when", async () => {
    const { server, call } = await started()
    server.clock.stopAt(1_800_000_000_000)
    const id = server.put("name", "value", { contentType: "text/plain", tags: { owner: "billing" } })
    server.clock.advance(5000)
    await call("PATCH", "/secrets/name/", { tags: { owner: "sales" } })
    expect((await call("GET", "/secrets/name")).body).toMatchObject({
      value: "value",
      id: `${server.url}/secrets/name/${id}`,
      contentType: "text/plain",
      tags: { owner: "sales" },
      attributes: { created: 1_800_000_000, updated: 1_800_000_005 },
    })
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
    await eventually(() => expect(server.log.count()).toBe(1))
    expect(await codes("PUT", "/secrets/NAME", { value: "second" })).toEqual([409, "Conflict"])
    const other = codes("PUT", "/secrets/other", { value: "third" })
    await eventually(() => expect(server.log.count()).toBe(3))
    expect(server.log.mostInFlight()).toBe(2)
    release()
    expect([await first, await other]).toEqual([[200], [200]])
    expect(await codes("PUT", "/secrets/name", { value: "fourth" })).toEqual([200])
    expect(server.versions("name").map(({ value }) => value)).toEqual(["first", "fourth"])
  })
})
