import { Secrets } from "latchkey"
import { type VaultAuth, vaultLeases } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { checkedFakeClock } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, errorOf } from "../calls.ts"
import { loginAnswer, type Played, playedServer, refusal, type Seen } from "./server.ts"

/** A server whose every reading makes credentials that say with which token they were made. */
async function making(
  overrides: (request: Seen) => Played | Promise<Played | undefined> | undefined = () => undefined,
  auth: VaultAuth = { method: "jwt", jwt: "signed" },
) {
  let made = 0
  let logins = 0
  const server = await playedServer(async request => {
    const own = await overrides(request)
    if (own !== undefined) return own
    if (request.path === "auth/jwt/login") return loginAnswer(`token-${++logins}`)
    if (["sys/leases/lookup", "auth/token/lookup-self"].includes(request.path))
      return { json: { data: { ttl: 60 } } }
    if (request.path === "sys/leases/renew")
      return { json: { lease_id: "l", lease_duration: 3_600, renewable: true } }
    made += 1
    return {
      json: {
        lease_id: `database/creds/app/lease-${made}`,
        lease_duration: 3_600,
        renewable: true,
        data: { username: `user-${made}`, token: request.token },
      },
    }
  })
  const clock = checkedFakeClock()
  const store = vaultLeases({
    address: server.url,
    mount: "database",
    clock,
    auth,
  })
  const user = async (name = "creds/app") => JSON.parse(String((await store.read(name, calm)).value)).username
  const count = (path: string) => server.seen.filter(one => one.path === path).length
  return { server, clock, store, user, count }
}

describe("a lease", () => {
  test("has its end as the time of expiry, and the last part of its id as the version", async () => {
    const { store } = await making()
    const { version, expiresAt } = await store.read("creds/app", calm)
    expect([version, expiresAt?.toISOString()]).toEqual(["lease-1", "2026-01-01T01:00:00.000Z"])
    await store.close()
  })

  test("is made once for all who read at the same time, and one for each name", async () => {
    const { store, user, count } = await making()
    const users = await Promise.all([user(), user(), user("creds/other"), user()])
    expect(new Set(users).size).toBe(2)
    expect([count("database/creds/app"), count("database/creds/other")]).toEqual([1, 1])
    await store.close()
  })

  test("is prolonged at two thirds, and again at two thirds of what that brought", async () => {
    const { store, clock, user, count, server } = await making()
    await user()
    for (const renewals of [1, 2, 3]) {
      await clock.advance("41m")
      expect(await user()).toBe("user-1")
      expect(count("sys/leases/renew")).toBe(renewals)
    }
    expect(server.seen.at(-1)?.body).toEqual({ lease_id: "database/creds/app/lease-1" })
    await store.close()
  })

  test.for([
    ["that is not prolonged any more", refusal(400, "lease is not renewable")],
    ["that may not be prolonged", refusal(403, "1 error occurred:\n\t* permission denied\n\n")],
    ["that is prolonged by too little", { json: { lease_duration: 60, renewable: true } }],
  ] as const)("%s is read again", async ([, played]) => {
    const { store, clock, user } = await making(({ path }) =>
      path === "sys/leases/renew" ? played : undefined,
    )
    await user()
    await clock.advance("41m")
    expect(await user()).toBe("user-2")
    await store.close()
  })

  test("is not read again, which would make another one, while the server cannot prolong it", async () => {
    const { store, clock, user, count } = await making(({ path }) =>
      path === "sys/leases/renew" ? refusal(503, "Vault is sealed") : undefined,
    )
    await user()
    await clock.advance("41m")
    expect((await errorOf(store.read("creds/app", calm))).code).toBe("UNAVAILABLE")
    expect(count("database/creds/app")).toBe(1)
    await store.close()
  })

  test("is asked after each time, and not read again while the server cannot say", async () => {
    let sealed = false
    const { store, user, count } = await making(() => (sealed ? refusal(503, "Vault is sealed") : undefined))
    for (let round = 0; round < 3; round++) expect(await user()).toBe("user-1")
    expect(count("sys/leases/lookup")).toBe(2)
    sealed = true
    expect((await errorOf(store.read("creds/app", calm))).code).toBe("UNAVAILABLE")
    sealed = false
    expect(await user()).toBe("user-1")
    await store.close()
  })

  test("that may not be asked after lives as long as the token does", async () => {
    let dead = false
    const { store, user } = await making(({ path, token }) => {
      if (dead && token === "token-1" && !path.startsWith("auth/jwt")) return refusal(403, "invalid token")
      return path === "sys/leases/lookup"
        ? refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        : undefined
    })
    expect([await user(), await user()]).toEqual(["user-1", "user-1"])
    dead = true
    expect([await user(), await user()]).toEqual(["user-2", "user-2"])
    await store.close()
  })

  test("of a token that died is read again after the new login", async () => {
    let dead = false
    const { store, user } = await making(({ path, token }) =>
      dead && token === "token-1" && path !== "auth/jwt/login" ? refusal(403, "invalid token") : undefined,
    )
    expect(await user()).toBe("user-1")
    expect(await user("creds/other")).toBe("user-2")
    dead = true
    expect(await user("creds/third")).toBe("user-3")
    // Nothing is asked for these but the number of the login, which has moved.
    expect([await user(), await user("creds/other")]).toEqual(["user-4", "user-5"])
    await store.close()
  })
})

describe("credentials without a lease", () => {
  test("are read each time, and are no change while only their time counts down", async () => {
    let [ttl, password] = [100, "one"]
    const { store, count } = await making(({ path }) =>
      path === "database/static-creds/app"
        ? { json: { lease_id: "", lease_duration: 0, data: { username: "app", password, ttl } } }
        : undefined,
    )
    const read = async () => await store.read("static-creds/app", calm)
    const first = await read()
    expect([first.value, first.expiresAt?.toISOString()]).toEqual([
      '{"username":"app","password":"one"}',
      "2026-01-01T00:01:40.000Z",
    ])
    ttl = 60
    expect((await read()).version).toBe(first.version)
    password = "two"
    expect((await read()).version).not.toBe(first.version)
    expect(count("database/static-creds/app")).toBe(3)
    await store.close()
  })
})

test("an engine that has nothing at the reserved name is there all the same", async () => {
  for (const status of [400, 403, 404, 405]) {
    const { store } = await making(({ path }) =>
      path === "database/latchkey/ping"
        ? refusal(status, "1 error occurred:\n\t* permission denied\n\n")
        : path === "auth/token/lookup-self"
          ? { json: { data: {} } }
          : undefined,
    )
    await store.ping(calm)
    await store.close()
  }
})

describe("the end of credentials", () => {
  const end = async (store: ReturnType<typeof vaultLeases>) =>
    (await store.read("creds/app", calm)).expiresAt?.toISOString()

  test("is that of the token, if the token ends first, and moves when the token is prolonged", async () => {
    const { store, clock } = await making(({ path, token }) => {
      if (path === "auth/jwt/login") return loginAnswer("token", 600, true)
      return path === "auth/token/renew-self" ? loginAnswer(String(token), 600, true) : undefined
    })
    expect(await end(store)).toBe("2026-01-01T00:10:00.000Z")
    await clock.advance("8m")
    expect(await end(store)).toBe("2026-01-01T00:18:00.000Z")
    await store.close()
  })

  test("is that of a token that was given, too, as far as it may be asked after", async () => {
    for (const [answer, expected] of [
      [{ json: { data: { ttl: 600 } } }, "2026-01-01T00:10:00.000Z"],
      [{ json: { data: { ttl: 0 } } }, "2026-01-01T01:00:00.000Z"],
      [refusal(403, "1 error occurred:\n\t* permission denied\n\n"), "2026-01-01T01:00:00.000Z"],
    ] as const) {
      const { store } = await making(({ path }) => (path === "auth/token/lookup-self" ? answer : undefined), {
        method: "token",
        token: "mine",
      })
      expect(await end(store)).toBe(expected)
      await store.close()
    }
  })

  test("counts from before they were asked for, because they may have been made at once", async () => {
    const answer = gate()
    const { store, clock, server } = await making(async ({ path }) => {
      if (path.startsWith("database/")) await answer.promise
      return undefined
    })
    const reading = end(store)
    await eventually(() => expect(server.asked).toContain("GET database/creds/app"))
    await clock.advance("9s")
    answer.open()
    expect(await reading).toBe("2026-01-01T01:00:00.000Z")
    await store.close()
  })

  test("is never reached by what a program shows", async () => {
    const end = new Map<string, number>()
    let tokenEnds = 0
    const { store, clock } = await making(({ path }) => {
      if (path !== "auth/jwt/login") return undefined
      // Eight minutes, and no longer.
      tokenEnds = clock.wall() + 480_000
      return loginAnswer(`token until ${tokenEnds}`, 480)
    })
    const secrets = new Secrets(store, { clock, ttl: "5m" })
    const secret = await secrets.get("creds/app")
    const shown = new Set<string>()
    for (let step = 0; step < 120; step++) {
      const { username, token } = JSON.parse(secret.reveal())
      shown.add(username)
      end.set(username, Number(/\d+/.exec(token)?.[0]))
      expect(clock.wall()).toBeLessThan(end.get(username) ?? 0)
      await clock.advance("15s")
    }
    expect(shown.size).toBeGreaterThan(3)
    await secrets.close()
  })
})

describe("credentials that were made when nobody waited for them any more", () => {
  test("are there for the next who reads", async () => {
    const answer = gate()
    const { store, user, count, server } = await making(async ({ path }) => {
      if (path.startsWith("database/")) await answer.promise
      return undefined
    })
    for (let call = 0; call < 3; call++) {
      const impatient = new AbortController()
      const left = errorOf(store.read("creds/app", { signal: impatient.signal }))
      await eventually(() => expect(server.asked).toContain("GET database/creds/app"))
      impatient.abort()
      expect((await left).code).toBe("ABORTED")
    }
    answer.open()
    expect(await user()).toBe("user-1")
    expect(count("database/creds/app")).toBe(1)
    await store.close()
  })

  test("are revoked if the store was closed", async () => {
    const answer = gate()
    const { store, server } = await making(async ({ path }) => {
      if (path.startsWith("database/")) await answer.promise
      return path === "sys/leases/revoke" ? { status: 204 } : undefined
    })
    const during = errorOf(store.read("creds/app", calm))
    await eventually(() => expect(server.asked).toContain("GET database/creds/app"))
    const closing = store.close()
    expect((await during).code).toBe("CLOSED")
    answer.open()
    await closing
    expect([server.seen.at(-1)?.path, server.seen.at(-1)?.body]).toEqual([
      "sys/leases/revoke",
      { lease_id: "database/creds/app/lease-1" },
    ])
  })

  test("are revoked if others were made meanwhile, because these took too long", async () => {
    const answers = [gate(), gate()]
    let readings = 0
    const { store, clock, user, server } = await making(async ({ path }) => {
      if (path.startsWith("database/")) await answers[readings++]?.promise
      return path === "sys/leases/revoke" ? { status: 204 } : undefined
    })
    const slow = user()
    await eventually(() => expect(readings).toBe(1))
    await clock.advance("10s")
    const quick = user()
    await eventually(() => expect(readings).toBe(2))
    answers[1]?.open()
    expect([await quick, await slow]).toEqual(["user-1", "user-1"])
    answers[0]?.open()
    await eventually(() =>
      expect(server.seen.at(-1)?.body).toEqual({ lease_id: "database/creds/app/lease-2" }),
    )
    expect(await user()).toBe("user-1")
    await store.close()
  })
})
