import { vaultLeases } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { checkedFakeClock } from "../../support/clock.ts"
import { calm, errorOf } from "../calls.ts"
import { loginAnswer, type Played, playedServer, refusal, type Seen } from "./server.ts"

/** A server whose every reading makes credentials that say with which token they were made. */
async function making(overrides: (request: Seen) => Played | undefined = () => undefined) {
  let made = 0
  let logins = 0
  const server = await playedServer(request => {
    const own = overrides(request)
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
    auth: { method: "jwt", jwt: "signed" },
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
