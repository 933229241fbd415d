import { describe, expect, it, onTestFinished } from "vitest"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { ask, type Question, type Reply } from "./ask.ts"
import { type AzureServer, type Mishap, startAzure } from "./index.ts"

const PATH = "/secrets/name?api-version=7.6"

interface Session {
  readonly server: AzureServer
  readonly get: () => Promise<Reply>
  readonly put: (value: string) => Promise<Reply>
}

async function started(): Promise<Session> {
  const server = await startAzure()
  onTestFinished(async () => await server.close())
  server.put("name", "before")
  const token = server.token()
  const question: Question = { path: PATH, token }
  return {
    server,
    get: async () => await ask(server, question),
    put: async value => await ask(server, { ...question, method: "PUT", body: { value } }),
  }
}

/** How a request without an answer ended. */
const endOf = async (reply: Promise<Reply>): Promise<unknown> =>
  await reply.then(
    () => "an answer",
    (thrown: NodeJS.ErrnoException) => thrown.code,
  )

describe("the faults of the stand-in for Azure Key Vault", () => {
  it.each([
    [429, "Throttled"],
    [500, "InternalServerError"],
    [503, "ServiceUnavailable"],
  ])("answers with %i as often as it is told to, with Retry-After only if that is said", async (status, code) => {
    const { server, get, put } = await started()
    server.faults.next({ status, retryAfter: 3, times: 2 })
    server.faults.next({ status })
    expect(server.faults.waiting).toBe(3)
    const replies = [await get(), await put("after"), await get(), await get()]
    expect(replies.map(reply => [reply.status, reply.headers["retry-after"]])).toEqual([
      [status, "3"],
      [status, "3"],
      [status, undefined],
      [200, undefined],
    ])
    expect(replies[0]?.body).toMatchObject({ error: { code } })
    expect(replies[3]?.body).toMatchObject({ value: "before" })
  })

  it("meets only the requests that fit, and all of them until it is healed", async () => {
    const { server, get, put } = await started()
    server.faults.always({
      status: 503,
      match: ({ method, identity }) => method === "PUT" && identity === "owner",
    })
    expect([(await put("a")).status, (await put("b")).status, (await get()).status]).toEqual([503, 503, 200])
    expect((await ask(server, { path: PATH, method: "PUT" })).status).toBe(401)
    server.faults.heal()
    expect((await put("c")).status).toBe(200)
  })

  it("can carry a write out and fail all the same", async () => {
    const { server, put } = await started()
    server.faults.next({ status: 504, carriedOut: true })
    expect((await put("after")).status).toBe(504)
    expect(server.value("name")).toBe("after")
  })

  it("can lose the answer to a write that is carried out, or the write with it", async () => {
    const { server, put } = await started()
    server.faults.next({ reset: true })
    expect(await endOf(put("never"))).toBe("ECONNRESET")
    expect(server.value("name")).toBe("before")
    server.faults.next({ lost: true })
    expect(await endOf(put("after"))).toBe("ECONNRESET")
    expect(server.value("name")).toBe("after")
    expect(server.log.requests.map(({ status }) => status)).toEqual([undefined, undefined])
  })

  it("answers late, and not before it is let", async () => {
    const { server, get } = await started()
    const door = gate()
    server.faults.next({ slow: door.promise })
    const reply = get()
    expect((await get()).status).toBe(200)
    expect(server.log.requests.map(({ status }) => status)).toEqual([undefined, 200])
    door.open()
    expect((await reply).body).toMatchObject({ value: "before" })
    server.faults.next({ slow: 1 })
    expect((await get()).status).toBe(200)
  })

  it("makes every answer late by the latency that is set when the request comes", async () => {
    const { server, get } = await started()
    server.latency = 3_600_000
    const first = endOf(get())
    await eventually(() => expect(server.log.count()).toBe(1))
    server.latency = 0
    expect((await get()).status).toBe(200)
    expect(server.log.requests.map(({ status }) => status)).toEqual([undefined, 200])
    await server.close()
    expect(await first).toBe("ECONNRESET")
  })

  it("hangs until it is healed or closed", async () => {
    const { server, get } = await started()
    server.faults.next({ hang: true, times: 2 })
    const first = endOf(get())
    await eventually(() => expect(server.log.count()).toBe(1))
    expect(server.log.requests[0]?.ended).toBeUndefined()
    server.faults.heal()
    expect(await first).toBe("ECONNRESET")
    server.faults.next({ hang: true })
    const second = endOf(get())
    await eventually(() => expect(server.log.count()).toBe(2))
    await server.close()
    expect(await second).toBe("ECONNRESET")
  })

  it("ends the connection in the middle of a body", async () => {
    const { server, get } = await started()
    server.faults.next({ cut: true })
    expect(await endOf(get())).toBe("ECONNRESET")
    expect((await get()).status).toBe(200)
  })

  it.each([
    [{ malformed: true }, 200, "application/json", /^\{"value":"before"[^}]*$/],
    [{ malformed: "{]" }, 200, "application/json", /^\{\]$/],
    [{ html: true }, 200, "text/html", /^<!DOCTYPE html>/],
    [{ html: "<p>no</p>" }, 200, "text/html", /^<p>no<\/p>$/],
  ] as [
    Mishap,
    number,
    string,
    RegExp,
  ][])("answers with what is no answer: %j", async (mishap, status, type, text) => {
    const { server, get } = await started()
    server.faults.next(mishap)
    const reply = await get()
    expect(reply).toMatchObject({ status, body: undefined, text: expect.stringMatching(text) })
    expect(reply.headers["content-type"]).toBe(`${type}; charset=utf-8`)
  })

  it("sends a client to another host", async () => {
    const { server, get } = await started()
    server.faults.next({ redirect: "https://elsewhere.example" })
    const { status, headers } = await get()
    expect([status, headers.location]).toEqual([307, `https://elsewhere.example${PATH}`])
  })
})
