import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { defineStore, Secret, SecretError, Secrets } from "latchkey"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { TallyError } from "../../examples/tally-mcp-server/src/errors.ts"
import { TallyClient } from "../../examples/tally-mcp-server/src/tally-client.ts"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { type Canary, expectNoLeak, newCanary } from "../support/canary.ts"
import { eventually } from "../support/eventually.ts"

const never = new AbortController().signal

let standIn: TallyStandIn
let canary: Canary
let token: string

beforeEach(async () => {
  standIn = await TallyStandIn.start()
  canary = newCanary()
  token = `tly-${canary.text}`
  standIn.tokens.add(token)
})

afterEach(async () => {
  await standIn.close()
})

function client(
  options: { baseUrl?: string; timeoutMs?: number; secret?: Secret<string> } = {},
): TallyClient {
  return canary.watch(
    new TallyClient({
      token: options.secret ?? Secret.fixed("tally/api-token", token),
      baseUrl: options.baseUrl ?? standIn.url(),
      timeoutMs: options.timeoutMs ?? 10_000,
    }),
  )
}

/** The error of a call that must fail: a TallyError that gives nothing away. */
async function failureOf(call: Promise<unknown>): Promise<TallyError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(TallyError)
  expectNoLeak(canary, thrown)
  expect(thrown).not.toHaveProperty("cause")
  return thrown as TallyError
}

describe("the Tally client", () => {
  it("reads the user, forms, a form and submissions, with a User-Agent", async () => {
    const tally = client()
    expect(await tally.whoAmI(never)).toEqual({
      id: "usr_1",
      fullName: "Ada Example",
      email: "ada@example.com",
      organizationId: "org_1",
    })
    expect(await tally.listForms({ page: 2, limit: 50 }, never)).toMatchObject({
      page: 2,
      total: 57,
      hasMore: false,
    })
    expect(await tally.getForm("form1", never)).toMatchObject({ id: "form1", settings: { language: "en" } })
    const range = { page: 1, limit: 5, startDate: "2026-01-02", endDate: "2026-01-12" }
    const found = await tally.listSubmissions("form1", range, never)
    expect(found.submissions).toHaveLength(5)
    expect(found).toMatchObject({ hasMore: true, totalNumberOfSubmissionsPerFilter: { all: 10 } })
    for (const { userAgent } of standIn.requests) expect(userAgent).toMatch(/^tally-mcp-server\//)
    expect(standIn.requests.at(-1)?.query).toBe("?page=1&limit=5&startDate=2026-01-02&endDate=2026-01-12")
  })

  it("keeps the path of a base URL and takes its trailing slash for nothing", async () => {
    const tally = client({ baseUrl: `${standIn.url("proxy")}/` })
    expect((await tally.whoAmI(never)).id).toBe("usr_1")
    expect(standIn.requests[0]).toMatchObject({ via: "proxy", path: "/users/me" })
  })

  it("does not let an id climb out of its place in the path", async () => {
    const error = await failureOf(client().getForm("../users/me?x=1#", never))
    expect(error.problem).toBe("not-found")
    expect(standIn.requests[0]?.path).toBe("/forms/..%2Fusers%2Fme%3Fx%3D1%23")
  })

  it.each([
    [400, "bad-request", "Check the arguments"],
    [401, "unauthorized", "tally/api-token"],
    [403, "forbidden", "access"],
    [404, "not-found", "list_forms"],
    [408, "timeout", "Try again"],
    [418, "bad-request", "Check the arguments"],
    [500, "broken", "Try again"],
    [503, "broken", "Try again"],
    [204, "malformed", "TALLY_BASE_URL"],
  ])("turns the status %i into a problem with a next step", async (status, problem, next) => {
    standIn.fail({ status, body: status === 204 ? "" : `{"echo":"${token}"}` })
    const error = await failureOf(client().whoAmI(never))
    expect(error.problem).toBe(problem)
    expect(error.message).toContain(`HTTP ${status}`)
    expect(error.message).toContain(next)
  })

  it("hands on how long a 429 asks to wait, given in seconds or as a date", async () => {
    standIn.fail({ status: 429, headers: { "retry-after": "17" } })
    expect((await failureOf(client().whoAmI(never))).message).toContain("wait 17 s")
    standIn.fail({ status: 429, headers: { "retry-after": new Date(Date.now() + 30_000).toUTCString() } })
    const seconds = (await failureOf(client().whoAmI(never))).details.retryAfterSeconds
    expect(seconds).toBeGreaterThan(20)
    expect(seconds).toBeLessThanOrEqual(30)
    standIn.fail({ status: 429, headers: { "retry-after": "in a while" } })
    expect((await failureOf(client().whoAmI(never))).details.retryAfterSeconds).toBeUndefined()
  })

  it("meets the real limit of the stand-in as a 429", async () => {
    const slow = await TallyStandIn.start({ requestsPerMinute: 1 })
    slow.tokens.add(token)
    try {
      const tally = client({ baseUrl: slow.url() })
      await tally.whoAmI(never)
      const error = await failureOf(tally.whoAmI(never))
      expect(error.problem).toBe("rate-limited")
      expect(error.details.retryAfterSeconds).toBeGreaterThan(0)
    } finally {
      await slow.close()
    }
  })

  it.each([
    ["no JSON", "<html>"],
    ["nothing", ""],
    ["JSON of another form", '{"id":7}'],
    ["null", "null"],
  ])("calls an answer malformed that is %s", async (_, body) => {
    standIn.fail({ status: 200, body })
    expect((await failureOf(client().whoAmI(never))).problem).toBe("malformed")
  })

  it("calls an answer that breaks off unreachable, with the code of the network", async () => {
    standIn.fail({ cutOff: true })
    const error = await failureOf(client().listForms({ page: 1, limit: 50 }, never))
    expect(error.problem).toBe("unreachable")
    expect(error.details.code).toMatch(/^[A-Z_]+$/)
  })

  it("says that nobody listens, with the code of the network", async () => {
    const { url } = { url: standIn.url() }
    await standIn.close()
    const error = await failureOf(client({ baseUrl: url }).whoAmI(never))
    expect(error).toMatchObject({ problem: "unreachable", details: { code: "ECONNREFUSED" } })
  })

  it("reads no more of an answer than it can use", async () => {
    standIn.fail({ status: 200, body: " ".repeat(64 * 1024 * 1024) })
    expect((await failureOf(client().whoAmI(never))).problem).toBe("too-large")
    // The rest is not left hanging on an open connection.
    await eventually(() => expect(standIn.requests[0]?.leftEarly).toBe(true))
  })

  it("gives up in time when there is no answer, and closes the connection", async () => {
    standIn.fail({ hang: true })
    expect((await failureOf(client({ timeoutMs: 100 }).whoAmI(never))).problem).toBe("timeout")
    await eventually(() => expect(standIn.requests[0]).toMatchObject({ status: undefined, leftEarly: true }))
  })

  it("passes a cancellation on to the far side", async () => {
    standIn.fail({ hang: true })
    const cancelling = new AbortController()
    const failing = failureOf(client().whoAmI(cancelling.signal))
    await eventually(() => expect(standIn.requests).toHaveLength(1))
    cancelling.abort()
    expect((await failing).problem).toBe("cancelled")
    await eventually(() => expect(standIn.requests[0]?.leftEarly).toBe(true))
  })

  it("does not even ask when the call was cancelled before", async () => {
    expect((await failureOf(client().whoAmI(AbortSignal.abort()))).problem).toBe("cancelled")
    expect(standIn.requests).toHaveLength(0)
  })

  describe("redirected", () => {
    let other: Server
    let arrived: number

    beforeEach(async () => {
      arrived = 0
      other = createServer((_, response) => {
        arrived += 1
        response.end("{}")
      })
      await new Promise<void>(resolve => other.listen(0, "127.0.0.1", () => resolve()))
    })

    afterEach(async () => {
      other.closeAllConnections()
      await new Promise(resolve => other.close(resolve))
    })

    it.each([301, 302, 307, 308])("by %i to another host, does not go there", async status => {
      const { port } = other.address() as AddressInfo
      standIn.fail({ status, headers: { location: `http://127.0.0.1:${port}/users/me` } })
      const error = await failureOf(client().whoAmI(never))
      expect(error).toMatchObject({ problem: "redirected", details: { status } })
      expect(arrived).toBe(0)
    })
  })

  it("says which code the store gave when the token cannot be read", async () => {
    const withdrawn: Secret<string> = Object.assign(Object.create(Secret.fixed("tally/api-token", token)), {
      use: () => Promise.reject(new SecretError("STALE", { secret: "tally/api-token", lastCode: "DENIED" })),
    })
    const error = await failureOf(client({ secret: withdrawn }).whoAmI(never))
    expect(error).toMatchObject({ problem: "no-token", details: { code: "STALE" } })
  })

  it("gives nothing away when the token fits into no header", async () => {
    const error = await failureOf(
      client({ secret: Secret.fixed("tally/api-token", `${token}\nx`) }).whoAmI(never),
    )
    expect(error.problem).toBe("unreachable")
    expect(standIn.requests).toHaveLength(0)
  })

  describe("with a token that changes in a store that tells nobody", () => {
    let stored: string
    let reads: number
    let secrets: Secrets

    beforeEach(() => {
      stored = token
      reads = 0
      const store = defineStore({
        kind: "quiet",
        location: "quiet:",
        names: { rule: "any name", toNative: name => name, toPortable: name => name, holds: () => true },
        capabilities: {
          preconditions: { absent: false, version: false },
          versionedReads: false,
          batchSize: 1,
          binary: false,
          expiry: false,
          softDelete: false,
          local: true,
        },
        async read() {
          reads += 1
          return { value: stored, version: stored === token ? "1" : "2" }
        },
        ping: async () => {},
        close: async () => {},
      })
      secrets = new Secrets(store)
    })

    afterEach(async () => {
      await secrets.close()
    })

    function rotate(): void {
      const next = newCanary()
      stored = `tly-${next.text}`
      standIn.tokens.add(stored)
      standIn.tokens.revoke(token)
    }

    it("reads it again once for all calls that were refused, and asks again for each", async () => {
      const tally = client({ secret: await secrets.get("tally/api-token") })
      await tally.whoAmI(never)
      rotate()
      const before = { reads, requests: standIn.requests.length }
      const found = await Promise.all(Array.from({ length: 20 }, () => tally.whoAmI(never)))
      expect(found.map(({ id }) => id)).toEqual(new Array(20).fill("usr_1"))
      expect(reads - before.reads).toBe(1)
      const statuses = standIn.requests.slice(before.requests).map(({ status }) => status)
      expect(statuses.filter(status => status === 200)).toHaveLength(20)
      expect(standIn.tokens.refusals).toBeGreaterThanOrEqual(1)
    })

    it("does not read again because of anything but a 401", async () => {
      const tally = client({ secret: await secrets.get("tally/api-token") })
      for (const status of [403, 429, 500]) {
        standIn.fail({ status })
        await failureOf(tally.whoAmI(never))
      }
      expect(reads).toBe(1)
      expect(standIn.requests).toHaveLength(3)
    })

    it("keeps to its time limit over both attempts", async () => {
      const tally = client({ secret: await secrets.get("tally/api-token"), timeoutMs: 3_000 })
      await tally.whoAmI(never)
      rotate()
      standIn.fail({ status: 401, delayMs: 2_000 })
      standIn.fail({ delayMs: 2_000 })
      expect((await failureOf(tally.whoAmI(never))).problem).toBe("timeout")
    })
  })
})
