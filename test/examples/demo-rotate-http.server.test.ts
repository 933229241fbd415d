import { randomBytes } from "node:crypto"
import { SignJWT } from "jose"
import { dotenv } from "latchkey/dotenv"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { makePlace, type Place } from "../../examples/tally-mcp-server/demo/place.ts"
import {
  type Database,
  makeDatabase,
  newPassword,
} from "../../examples/tally-mcp-server/demo/rotate/database.ts"
import {
  type HttpReplica,
  startHttpReplica,
} from "../../examples/tally-mcp-server/demo/rotate/http-replica.ts"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { running, ServerUnavailable } from "../servers/index.ts"
import { type Canary, newCanary } from "../support/canary.ts"
import { eventually } from "../support/eventually.ts"

const ISSUER = "tally-mcp-server"

/** The server over HTTP with all that it works with. Every secret of it is a canary, or holds one. */
interface Rig {
  readonly replica: HttpReplica
  readonly place: Place
  readonly standIn: TallyStandIn
  readonly database: Database
  readonly clientSecret: string
  readonly key: string
  readonly password: string
  readonly canaries: readonly Canary[]
  end(): Promise<void>
}

let rig: Rig | undefined

async function start(): Promise<Rig> {
  const canaries = [newCanary(), newCanary()] as const
  const token = `tly-${canaries[0].text}`
  const clientSecret = canaries[1].text.padEnd(40, "x")
  const key = randomBytes(32).toString("base64url")
  const password = newPassword()
  const database = await makeDatabase(password, () => undefined)
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  standIn.tokens.add(token)
  const place = await makePlace(
    `TALLY__API_TOKEN=${token}\nAUTH__CLIENT_SECRET=${clientSecret}\nAUTH__JWT_KEY=${key}\nDB__URL=${database.address(database.users[0], password)}\n`,
  )
  const replica = await startHttpReplica(place.folder, {
    TALLY_BASE_URL: standIn.url(),
    TOKEN_LIFETIME_S: "60",
    CLOCK_SKEW_S: "0",
  })
  return {
    replica,
    place,
    standIn,
    database,
    clientSecret,
    key,
    password,
    canaries,
    async end() {
      const { code } = await replica.stop()
      await standIn.close()
      await database.remove()
      await place.remove()
      expect(code, replica.written()).toBe(0)
      for (const canary of canaries) expect(replica.written()).not.toContain(canary.text)
      for (const secret of [key, password]) expect(replica.written()).not.toContain(secret)
    },
  }
}

beforeEach(async context => {
  const found = await running("postgres").catch((thrown: unknown) => thrown)
  if (found instanceof ServerUnavailable && process.env.CI !== "true") context.skip(found.message)
  rig = await start()
}, 120_000)

afterEach(async () => {
  await rig?.end()
  rig = undefined
}, 60_000)

function the(): Rig {
  if (rig === undefined) throw new Error("nothing was started")
  return rig
}

async function tokenAnswer(
  secret: string,
  grant = "client_credentials",
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${the().replica.origin}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`reports:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: grant }),
  })
  return { status: response.status, body: await response.json() }
}

async function newToken(): Promise<string> {
  const { body } = await tokenAnswer(the().clientSecret)
  return (body as { access_token: string }).access_token
}

async function call(token: string, body?: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${the().replica.origin}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
    },
    body:
      body ??
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "who_am_i", arguments: {} },
      }),
  })
  return { status: response.status, text: await response.text() }
}

/** A token as the server makes them, with what is different in it. */
async function forged(options: {
  key?: string
  kid?: string
  audience?: string
  seconds?: number
}): Promise<string> {
  const { key = the().key, kid = "initial", audience = ISSUER, seconds = 60 } = options
  return await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid })
    .setSubject("reports")
    .setIssuer(ISSUER)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(Buffer.from(key, "base64url"))
}

describe("the server over HTTP", { timeout: 60_000 }, () => {
  it("answers who has a token, and writes the call down", async () => {
    const answer = await call(await newToken())
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining("Ada Example") })
    expect(await the().database.count()).toMatchObject({ calls: 1 })
  })

  it("issues no token to who does not know the secret, and for no other grant", async () => {
    expect(await tokenAnswer("x".repeat(40))).toEqual({ status: 401, body: { error: "invalid_client" } })
    expect(await tokenAnswer(the().clientSecret, "password")).toEqual({
      status: 400,
      body: { error: "unsupported_grant_type" },
    })
  })

  it("accepts the tokens that it would issue, and no other ones", async () => {
    expect((await call(await forged({}))).status).toBe(200)
    const strange = randomBytes(32).toString("base64url")
    for (const token of [
      "no-token",
      await forged({ key: strange }),
      await forged({ kid: "unknown" }),
      await forged({ audience: "somebody-else" }),
    ]) {
      expect(await call(token)).toMatchObject({ status: 401, text: expect.stringContaining('"invalid"') })
    }
    expect(await call(await forged({ seconds: -1 }))).toMatchObject({
      status: 401,
      text: expect.stringContaining('"expired"'),
    })
    // Only who knows the key learns that it is the date.
    expect((await call(await forged({ key: strange, seconds: -1 }))).text).toContain('"invalid"')
    expect(the().standIn.requests).toHaveLength(1)
  })

  it("refuses what is no message, one that is too large, and other ways and methods", async () => {
    const token = await newToken()
    expect((await call(token, "{")).status).toBe(400)
    expect((await call(token, `"${"x".repeat(1_100_000)}"`)).status).toBe(413)
    const { origin } = the().replica
    expect((await fetch(`${origin}/mcp`)).status).toBe(405)
    expect((await fetch(`${origin}/elsewhere`, { method: "POST" })).status).toBe(404)
    expect((await call(token)).status).toBe(200)
  })

  it("keeps an answer back that cannot be written down, and goes on when the address is right again", async () => {
    const { place, database, password } = the()
    const store = dotenv(place.envFile)
    const signal = new AbortController().signal
    await store.write("db/url", database.address(database.users[0], "wrong"), { signal })
    const token = await newToken()
    await eventually(
      async () => {
        const { text } = await call(token)
        expect(text).toContain("could not be written down (28P01)")
        expect(text).not.toContain("Ada Example")
      },
      { every: 100 },
    )
    await store.write("db/url", database.address(database.users[0], password), { signal })
    await eventually(async () => expect((await call(token)).text).toContain("Ada Example"), { every: 100 })
    await store.close()
  })
})
