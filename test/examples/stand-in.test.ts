import { afterEach, describe, expect, it } from "vitest"
import { type StandInOptions, TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { RateLimit } from "../../examples/tally-mcp-server/stand-in/rate-limit.ts"
import { type Canary, expectNoLeak, newCanary } from "../support/canary.ts"

/** The parts of the answers that are looked at here. */
interface Body {
  readonly items: readonly { readonly id: string }[]
  readonly submissions: readonly { readonly id: string }[]
  readonly totalNumberOfSubmissionsPerFilter: unknown
}

const running: TallyStandIn[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map(standIn => standIn.close()))
})

async function started(
  options?: StandInOptions,
): Promise<{ standIn: TallyStandIn; token: string; canary: Canary }> {
  const standIn = await TallyStandIn.start(options)
  running.push(standIn)
  const canary = newCanary()
  const token = `tly-${canary.text}`
  standIn.tokens.add(token)
  return { standIn, token, canary }
}

async function ask(
  standIn: TallyStandIn,
  path: string,
  token?: string,
  headers: Record<string, string> = {},
) {
  const response = await fetch(standIn.url() + path, {
    headers: {
      "user-agent": "test",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body }
}

describe("the stand-in for the Tally API", () => {
  it("answers with the user for a valid token", async () => {
    const { standIn, token } = await started()
    expect(await ask(standIn, "/users/me", token)).toMatchObject({ status: 200, body: { id: "usr_1" } })
  })

  it("refuses a missing, an unknown and a revoked token with 401, and counts them", async () => {
    const { standIn, token } = await started()
    expect((await ask(standIn, "/users/me")).status).toBe(401)
    expect((await ask(standIn, "/users/me", `${token}x`)).status).toBe(401)
    expect((await ask(standIn, "/users/me", token)).status).toBe(200)
    standIn.tokens.revoke(token)
    expect((await ask(standIn, "/users/me", token)).status).toBe(401)
    expect(standIn.tokens.refusals).toBe(3)
    expect(standIn.tokens.record(token)).toMatchObject({ valid: false, accepted: 1, refused: 1 })
  })

  it("accepts two tokens during an overlap, and says when each was first used and by whom", async () => {
    const { standIn, token } = await started()
    const next = `tly-${newCanary().text}`
    standIn.tokens.add(next)
    await fetch(`${standIn.url("left")}/users/me`, { headers: { authorization: `Bearer ${token}` } })
    expect(standIn.tokens.firstUse(next, "right")).toBeUndefined()
    const answer = await fetch(`${standIn.url("right")}/users/me`, {
      headers: { authorization: `Bearer ${next}` },
    })
    expect(answer.status).toBe(200)
    expect(standIn.tokens.firstUse(next, "right")).toBeGreaterThan(0)
    expect(standIn.tokens.firstUse(next, "right")).toBe(standIn.tokens.record(next).firstUsedAt)
    expect(standIn.tokens.firstUse(next, "left")).toBeUndefined()
    standIn.tokens.revoke(next)
    await fetch(`${standIn.url("right")}/users/me`, { headers: { authorization: `Bearer ${next}` } })
    expect(standIn.tokens.answered("right")).toEqual({ accepted: 1, refused: 1 })
    expect(standIn.tokens.answered("left")).toEqual({ accepted: 1, refused: 0 })
    expect(standIn.tokens.answered("nobody")).toEqual({ accepted: 0, refused: 0 })
  })

  it("lets whoever has the admin key make tokens with a label, list and find them, and end them", async () => {
    const { standIn, token, canary } = await started()
    const admin = async (method: string, path = "", body?: object, key = standIn.adminKey) => {
      const response = await fetch(`${standIn.url()}/admin/tokens${path}`, {
        method,
        headers: { authorization: `Bearer ${key}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
    }
    const made = await admin("POST", "", { label: "for a test" })
    expect(made).toMatchObject({ status: 201, body: { label: "for a test" } })
    expect((await ask(standIn, "/users/me", made.body.token)).status).toBe(200)

    const found = await admin("POST", "/lookup", { token })
    expect(found.status).toBe(200)
    const both = [{ id: found.body.id }, { id: made.body.id, label: "for a test" }]
    expect(canary.watch(await admin("GET"))).toEqual({ status: 200, body: { items: both } })

    expect((await admin("DELETE", `/${found.body.id}`)).status).toBe(204)
    expect((await admin("DELETE", `/${found.body.id}`)).status).toBe(404)
    expect((await ask(standIn, "/users/me", token)).status).toBe(401)
    expect((await ask(standIn, "/users/me", made.body.token)).status).toBe(200)
    expect((await admin("POST", "/lookup", { token })).status).toBe(404)
    expect((await admin("GET")).body).toEqual({ items: [both[1]] })

    expect((await admin("GET", "", undefined, made.body.token)).status).toBe(401)
    expect((await admin("PUT")).status).toBe(404)
  })

  it("blocks a request without a User-Agent", async () => {
    const { standIn, token } = await started()
    expect((await ask(standIn, "/users/me", token, { "user-agent": "" })).status).toBe(403)
  })

  it("answers 429 with Retry-After above the limit of a key, and not for another key", async () => {
    const { standIn, token } = await started({ requestsPerMinute: 2 })
    const other = `tly-${newCanary().text}`
    standIn.tokens.add(other)
    expect((await ask(standIn, "/users/me", token)).status).toBe(200)
    expect((await ask(standIn, "/users/me", token)).status).toBe(200)
    const third = await ask(standIn, "/users/me", token)
    expect(third.status).toBe(429)
    const wait = Number(third.headers.get("retry-after"))
    expect(wait).toBeGreaterThanOrEqual(1)
    expect(wait).toBeLessThanOrEqual(60)
    expect((await ask(standIn, "/users/me", other)).status).toBe(200)
  })

  it("lets a key in again when the minute has passed, and lifts the limit on demand", () => {
    let now = 0
    const limit = new RateLimit(2, () => now)
    expect([limit.secondsToWait("a"), limit.secondsToWait("a")]).toEqual([0, 0])
    now = 20_000
    expect(limit.secondsToWait("a")).toBe(40)
    now = 60_000
    expect(limit.secondsToWait("a")).toBe(0)
    const lifted = new RateLimit(Number.POSITIVE_INFINITY)
    expect(Array.from({ length: 500 }, () => lifted.secondsToWait("a"))).toEqual(new Array(500).fill(0))
  })

  it("cuts forms into pages", async () => {
    const { standIn, token } = await started()
    const first = await ask(standIn, "/forms?page=1&limit=50", token)
    expect(first.body).toMatchObject({ page: 1, limit: 50, total: 57, hasMore: true })
    const second = await ask(standIn, "/forms?page=2&limit=50", token)
    expect(second.body).toMatchObject({ page: 2, hasMore: false })
    const ids = [...first.body.items, ...second.body.items].map(({ id }) => id)
    expect(new Set(ids).size).toBe(57)
    expect((await ask(standIn, "/forms?page=3&limit=50", token)).body).toMatchObject({
      items: [],
      hasMore: false,
    })
    expect((await ask(standIn, "/forms?page=0", token)).status).toBe(400)
    expect((await ask(standIn, "/forms?limit=501", token)).status).toBe(400)
  })

  it("narrows submissions by date and by what came after one of them", async () => {
    const { standIn, token } = await started()
    const narrowed = await ask(
      standIn,
      "/forms/form1/submissions?startDate=2026-01-02&endDate=2026-01-12",
      token,
    )
    expect(narrowed.body.totalNumberOfSubmissionsPerFilter).toEqual({ all: 10, completed: 8, partial: 2 })
    expect(narrowed.body.submissions[0]?.id).toBe("sub11")
    const after = await ask(standIn, "/forms/form1/submissions?afterId=sub127", token)
    expect(after.body.submissions.map(({ id }) => id)).toEqual(["sub130", "sub129", "sub128"])
    expect((await ask(standIn, "/forms/form1/submissions?startDate=soon", token)).status).toBe(400)
    expect((await ask(standIn, "/forms/form1/submissions?afterId=nobody", token)).status).toBe(400)
    expect((await ask(standIn, "/forms/form2/submissions", token)).body.submissions).toEqual([])
    expect((await ask(standIn, "/forms/nowhere/submissions", token)).status).toBe(404)
    expect((await ask(standIn, "/forms/nowhere", token)).status).toBe(404)
  })

  it("goes wrong as often as it is told to, and only where", async () => {
    const { standIn, token } = await started()
    standIn.fail({ path: "/forms", status: 500, times: 2 })
    expect((await ask(standIn, "/users/me", token)).status).toBe(200)
    expect((await ask(standIn, "/forms", token)).status).toBe(500)
    expect((await ask(standIn, "/forms", token)).status).toBe(500)
    expect((await ask(standIn, "/forms", token)).status).toBe(200)
    standIn.fail({ status: 403 })
    standIn.heal()
    expect((await ask(standIn, "/forms", token)).status).toBe(200)
  })

  it("shows no token in what it knows of requests and tokens", async () => {
    const { standIn, token, canary } = await started()
    await ask(standIn, "/forms", token)
    await ask(standIn, "/forms", `${token}-wrong`)
    expect(standIn.requests.map(({ status }) => status)).toEqual([200, 401])
    expectNoLeak(
      canary,
      standIn,
      standIn.requests,
      standIn.tokens,
      standIn.tokens.records,
      standIn.tokens.record(token),
    )
  })
})
