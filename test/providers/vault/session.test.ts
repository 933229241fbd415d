import { type SecretError, Secrets } from "latchkey"
import { openVault, vault } from "latchkey/vault"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, errorOf } from "../calls.ts"
import {
  kv2Answer,
  loginAnswer,
  type Played,
  type PlayedServer,
  playedServer,
  refusal,
  type Seen,
  withMount,
} from "./server.ts"

const approle = { method: "approle", roleId: "role", secretId: "secret" } as const

/** A server that gives out `token-1`, `token-2` and so on, and accepts those that a test lets live. */
async function issuing(
  overrides: (
    request: Seen,
    server: { readonly issued: number; readonly dead: Set<string> },
  ) => Played | undefined = () => undefined,
  lease = 0,
  renewable = true,
): Promise<PlayedServer & { readonly dead: Set<string>; logins(): number; count(path: string): number }> {
  const state = { issued: 0, dead: new Set<string>() }
  const server = await playedServer(async request => {
    const own = overrides(request, state)
    if (own !== undefined) return own
    if (request.path === "auth/approle/login") {
      state.issued += 1
      return loginAnswer(`token-${state.issued}`, lease, renewable)
    }
    if (request.token === undefined || state.dead.has(request.token)) return refusal(403, "permission denied")
    if (request.path === "auth/token/lookup-self") return { json: { data: { ttl: lease } } }
    if (request.path === "auth/token/renew-self") return loginAnswer(request.token, lease, renewable)
    if (request.method === "POST") return { json: { data: { version: 2 } } }
    return await withMount(() => kv2Answer({ value: `for ${request.token}` }))(request)
  })
  return Object.assign(server, {
    dead: state.dead,
    logins: () => state.issued,
    count: (path: string) => server.seen.filter(one => one.path === path).length,
  })
}

function storeOn(server: PlayedServer, more: Partial<Parameters<typeof vault>[0]> = {}) {
  return vault({ kv: 2, address: server.url, auth: approle, ...more })
}

const names = Array.from({ length: 40 }, (_, index) => `tally/n${index}`)

describe("the first calls", () => {
  test("log in once for all, and not again", async () => {
    const server = await issuing()
    const store = storeOn(server)
    await Promise.all(names.map(name => store.read(name, calm)))
    expect([server.logins(), server.seen.length]).toEqual([1, 1 + names.length])
    await store.close()
  })

  test("with a token make just one request each", async () => {
    const server = await issuing()
    const store = storeOn(server, { auth: { method: "token", token: "mine" } })
    expect((await store.read("tally", calm)).value).toBe("for mine")
    expect(server.asked).toEqual(["GET secret/data/tally"])
    await store.close()
  })

  test("share a login that fails, and none of them waits for ever", async () => {
    const canary = newCanary()
    const server = await issuing(({ path }) =>
      path === "auth/approle/login" ? refusal(400, `invalid role or secret ID ${canary.text}`) : undefined,
    )
    const store = canary.watch(storeOn(server, { auth: { ...approle, secretId: canary.text } }))
    const errors: SecretError[] = await Promise.all(names.map(name => errorOf(store.read(name, calm))))
    canary.watch(errors)
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["UNAUTHENTICATED"]))
    expect(errors.map(({ secret }) => secret)).toEqual(names)
    expect(server.seen).toHaveLength(1)
    await store.close()
  })

  test("are not ended by the one that started the login and waits no longer", async () => {
    let answer = (): void => undefined
    const held = new Promise<void>(resolve => {
      answer = resolve
    })
    const server = await playedServer(async ({ path, token }) => {
      if (path !== "auth/approle/login") return kv2Answer({ value: String(token) })
      await held
      return loginAnswer("late")
    })
    const store = storeOn(server)
    const impatient = new AbortController()
    const first = errorOf(store.read("tally", { signal: impatient.signal }))
    const second = store.read("tally", calm)
    await eventually(() => expect(server.seen.length).toBe(1))
    impatient.abort()
    expect((await first).code).toBe("ABORTED")
    answer()
    expect((await second).value).toBe("late")
    expect(server.asked.filter(path => path.includes("login"))).toHaveLength(1)
    await store.close()
  })

  test("leave a slow login to whoever comes next, and do not begin another", async () => {
    const answer = gate<void>()
    const server = await playedServer(async ({ path, token }) => {
      if (path !== "auth/approle/login") return kv2Answer({ value: String(token) })
      await answer.promise
      return loginAnswer("slow")
    })
    const store = storeOn(server)
    for (let call = 0; call < 3; call++) {
      const impatient = new AbortController()
      const left = errorOf(store.read("tally", { signal: impatient.signal }))
      await eventually(() => expect(server.asked).toEqual(["POST auth/approle/login"]))
      impatient.abort()
      expect((await left).code).toBe("ABORTED")
    }
    answer.open()
    expect((await store.read("tally", calm)).value).toBe("slow")
    expect(server.asked).toEqual(["POST auth/approle/login", "GET secret/data/tally"])
    await store.close()
  })

  test("begin another login ten seconds after one that is not answered", async () => {
    let silent = true
    const clock = checkedFakeClock()
    const server = await issuing(({ path }) =>
      path === "auth/approle/login" && silent ? "never" : undefined,
    )
    const store = storeOn(server, { clock })
    const first = store.read("tally", calm)
    await eventually(() => expect(server.seen.length).toBe(1))
    silent = false
    await clock.advance("10s")
    expect((await store.read("tally", calm)).value).toBe("for token-1")
    expect((await first).value).toBe("for token-1")
    const closed = store.close()
    await clock.advance("1s")
    await closed
  })

  test("are told so when no login is answered, and a write was not made", async () => {
    const clock = checkedFakeClock()
    const server = await playedServer(() => "never")
    const store = storeOn(server, { clock })
    const waiting = errorOf(store.write("tally", "v", calm))
    await eventually(() => expect(server.seen.length).toBe(1))
    await clock.advance("30s")
    const error = await waiting
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    await store.close()
  })

  test("keep the login that came first, and give the other one back", async () => {
    const answers = [gate<void>(), gate<void>()]
    let logins = 0
    const clock = checkedFakeClock()
    const server = await playedServer(async ({ path, token }) => {
      if (path === "auth/token/revoke-self") return { status: 204 }
      if (path !== "auth/approle/login") return kv2Answer({ value: String(token) })
      const login = logins++
      await answers[login]?.promise
      return loginAnswer(`token-${login + 1}`)
    })
    const store = storeOn(server, { clock })
    const slow = store.read("tally", calm)
    await eventually(() => expect(logins).toBe(1))
    await clock.advance("10s")
    const quick = store.read("tally", calm)
    await eventually(() => expect(logins).toBe(2))
    answers[1]?.open()
    expect([(await quick).value, (await slow).value]).toEqual(["token-2", "token-2"])
    answers[0]?.open()
    const givenBack = () => server.seen.filter(({ path }) => path === "auth/token/revoke-self")
    await eventually(() => expect(givenBack().map(({ token }) => token)).toEqual(["token-1"]))
    expect((await store.read("tally", calm)).value).toBe("token-2")
    await store.close()
  })
})

describe("a login that is refused", () => {
  /** Accepts the secret id `good`, and counts the logins that fail, as the lock of a role does. */
  async function strict() {
    let failed = 0
    const server = await issuing(({ path, body }) => {
      if (path !== "auth/approle/login" || (body as { secret_id?: string }).secret_id === "good")
        return undefined
      failed += 1
      return refusal(400, "invalid role or secret ID")
    })
    return { server, failed: () => failed }
  }

  test("is tried so seldom that it locks nobody out", async () => {
    const clock = checkedFakeClock()
    const { server, failed } = await strict()
    const store = storeOn(server, { clock, auth: { ...approle, secretId: "bad" } })
    const at: number[] = []
    for (let second = 0; second < 4_000; second++) {
      const before = failed()
      expect((await errorOf(store.read("tally", calm))).code).toBe("UNAUTHENTICATED")
      if (failed() > before) at.push(second)
      await clock.advance("1s")
    }
    expect(at).toEqual([0, 1, 11, 111, 1_111, 2_111, 3_111])
    await store.close()
  })

  test("is tried at once with another credential, and at once again when that was accepted and died", async () => {
    let secretId = "bad"
    const clock = checkedFakeClock()
    const { server, failed } = await strict()
    const store = storeOn(server, { clock, auth: { ...approle, secretId: () => secretId } })
    for (const [next, failures] of [
      ["bad", 1],
      ["worse", 2],
      ["worse", 2],
    ] as const) {
      secretId = next
      expect((await errorOf(store.read("tally", calm))).code).toBe("UNAUTHENTICATED")
      expect(failed()).toBe(failures)
    }
    secretId = "good"
    expect((await store.read("tally", calm)).value).toBe("for token-1")
    server.dead.add("token-1")
    expect((await store.read("tally", calm)).value).toBe("for token-2")
    await store.close()
  })

  test("where nobody counts them is tried again after a pause that doubles, up to five minutes", async () => {
    const clock = checkedFakeClock()
    const server = await playedServer(() => refusal(403, "permission denied"))
    const store = storeOn(server, { clock, auth: { method: "kubernetes", role: "web", jwt: "signed" } })
    const at: number[] = []
    for (let second = 0; second < 1_200; second++) {
      const before = server.seen.length
      expect((await errorOf(store.read("tally", calm))).code).toBe("UNAUTHENTICATED")
      if (server.seen.length > before) at.push(second)
      await clock.advance("1s")
    }
    expect(at).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1_111])
    await store.close()
  })

  test("by a page of a proxy, or by a server that fails, is tried again by the next call", async () => {
    for (const played of [{ status: 403, text: "<html>no</html>" }, refusal(503, "Vault is sealed")]) {
      let harmed = true
      const server = await issuing(({ path }) =>
        path === "auth/approle/login" && harmed ? played : undefined,
      )
      const store = storeOn(server, { clock: checkedFakeClock() })
      expect((await errorOf(store.read("tally", calm))).code).toBe("UNAVAILABLE")
      harmed = false
      expect((await store.read("tally", calm)).value).toBe("for token-1")
      await store.close()
    }
  })
})

describe("a token that dies", () => {
  test("is looked up once and replaced by one login, for all who meet it at the same time", async () => {
    const server = await issuing()
    const store = storeOn(server)
    await store.read("tally", calm)
    server.dead.add("token-1")
    const answers = await Promise.all(names.map(name => store.read(name, calm)))
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(["for token-2"]))
    expect([server.logins(), server.count("auth/token/lookup-self")]).toEqual([2, 1])
    await store.close()
  })

  test("is not even looked up if the server says that it is invalid", async () => {
    const server = await issuing(({ path, token }, { dead }) =>
      path !== "auth/approle/login" && dead.has(String(token))
        ? refusal(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        : undefined,
    )
    const store = storeOn(server)
    await store.read("tally", calm)
    server.dead.add("token-1")
    expect((await store.write("tally", "v", calm)).version).toBe("2")
    expect([server.logins(), server.count("auth/token/lookup-self")]).toEqual([2, 0])
    await store.close()
  })

  test("is replaced each time, however soon it dies", async () => {
    const clock = checkedFakeClock()
    const server = await issuing()
    const store = storeOn(server, { clock })
    for (let death = 1; death <= 5; death++) {
      expect((await store.read("tally", calm)).value).toBe(`for token-${death}`)
      server.dead.add(`token-${death}`)
    }
    const answers = await Promise.all(names.map(name => store.read(name, calm)))
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(["for token-6"]))
    expect(server.logins()).toBe(6)
    await store.close()
  })

  test("before it was accepted for anything is UNAUTHENTICATED, and the next login waits", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(({ path }) =>
      path === "auth/approle/login" ? undefined : refusal(403, "permission denied"),
    )
    const store = storeOn(server, { clock })
    for (const [seconds, logins] of [
      [0, 1],
      [0, 1],
      [1, 2],
      [9, 2],
      [1, 3],
    ] as const) {
      await clock.advance(`${seconds}s`)
      const errors = await Promise.all(names.map(name => errorOf(store.read(name, calm))))
      expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["UNAUTHENTICATED"]))
      expect(server.logins()).toBe(logins)
    }
    await store.close()
  })

  test("is UNAUTHENTICATED where it cannot be replaced, and accepted when the server knows it again", async () => {
    const canary = newCanary()
    const server = await issuing()
    const store = canary.watch(storeOn(server, { auth: { method: "token", token: canary.text } }))
    server.dead.add(canary.text)
    const errors = await Promise.all(names.map(name => errorOf(store.read(name, calm))))
    canary.watch(errors)
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["UNAUTHENTICATED"]))
    server.dead.clear()
    expect((await store.read("tally", calm)).version).toBe("1")
    await store.close()
  })

  test("leaves what is held in use until somebody lets the store in again", async () => {
    const server = await issuing()
    const clock = checkedFakeClock()
    const secrets = new Secrets(storeOn(server, { auth: { method: "token", token: "mine" } }), {
      clock,
      refresh: "on-read",
    })
    const token = await secrets.get("tally/api-token")
    server.dead.add("mine")
    await clock.advance("400s")
    await secrets.fresh("5m").catch(() => undefined)
    expect([token.reveal(), token.status.stale]).toEqual(["for mine", true])
    expect(secrets.health().secrets[0]?.lastError).toBe("UNAUTHENTICATED")
    await secrets.close()
  })
})

describe("a token that lives, and is refused", () => {
  const onlyOwnNames = ({ path }: Seen) =>
    path.startsWith("secret/data/other")
      ? refusal(403, "1 error occurred:\n\t* permission denied\n\n")
      : undefined

  test("means DENIED, and no login at all, however many names are denied", async () => {
    const server = await issuing(onlyOwnNames)
    const store = storeOn(server)
    const denied = names.map(name => name.replace("tally", "other"))
    const errors = await Promise.all(denied.map(name => errorOf(store.read(name, calm))))
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["DENIED"]))
    expect([server.logins(), server.count("auth/token/lookup-self")]).toEqual([1, 0])
    await store.close()
  })

  test("means DENIED, too, if it may not ask about itself, as the server's words show", async () => {
    const server = await issuing(request =>
      request.path === "auth/token/lookup-self"
        ? refusal(403, "1 error occurred:\n\t* permission denied\n\n")
        : onlyOwnNames(request),
    )
    const store = storeOn(server, { auth: { method: "token", token: "mine" } })
    expect((await errorOf(store.read("other", calm))).code).toBe("DENIED")
    await store.close()
  })

  test("in words that say nothing is UNAUTHENTICATED, which ends no use of what is held", async () => {
    const server = await issuing(({ path }) =>
      path.startsWith("secret/data/other") ? refusal(403, "permission denied") : undefined,
    )
    const store = storeOn(server)
    const errors = await Promise.all(names.map(name => errorOf(store.read(`other/${name}`, calm))))
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["UNAUTHENTICATED"]))
    expect(server.logins()).toBe(1)
    await store.close()
  })

  test("is no reason to log in if the server cannot be asked whether it lives", async () => {
    const server = await issuing(request =>
      request.path === "auth/token/lookup-self"
        ? refusal(503, "Vault is sealed")
        : request.path.startsWith("secret/data/other") && request.method === "GET"
          ? refusal(403, "permission denied")
          : undefined,
    )
    const store = storeOn(server)
    const error = await errorOf(store.read("other/one", calm))
    expect([error.code, server.logins()]).toEqual(["UNAVAILABLE", 1])
    await store.close()
  })
})

describe("a token that runs out", () => {
  test("is prolonged when two thirds of its time are over, by one call and for all", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(undefined, 3_600)
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("2376s")
    await store.read("tally", calm)
    expect(server.count("auth/token/renew-self")).toBe(0)
    await clock.advance("288s")
    await Promise.all(names.map(name => store.read(name, calm)))
    expect([server.count("auth/token/renew-self"), server.logins()]).toEqual([1, 1])
    await clock.advance("1800s")
    await store.read("tally", calm)
    expect([server.count("auth/token/renew-self"), server.logins()]).toEqual([1, 1])
    await store.close()
  })

  test("does not end calls when it cannot be prolonged, and is tried again after growing pauses", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(
      ({ path }) => (path === "auth/token/renew-self" ? refusal(500, "internal error") : undefined),
      3_600,
    )
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("2700s")
    for (const [seconds, renewals] of [
      [0, 1],
      [0.5, 1],
      [0.6, 2],
      [1.5, 2],
      [0.6, 3],
    ] as const) {
      await clock.advance(`${seconds * 1_000}ms`)
      expect((await store.read("tally", calm)).value).toBe("for token-1")
      expect(server.count("auth/token/renew-self")).toBe(renewals)
    }
    await clock.advance("1080s")
    expect((await store.read("tally", calm)).value).toBe("for token-2")
    await store.close()
  })

  test("is replaced when the server prolongs it no more", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(
      ({ path }) => (path === "auth/token/renew-self" ? refusal(400, "lease is not renewable") : undefined),
      3_600,
    )
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("2700s")
    expect((await store.read("tally", calm)).value).toBe("for token-2")
    expect(server.asked.slice(-3)).toEqual([
      "POST auth/token/renew-self",
      "POST auth/approle/login",
      "GET secret/data/tally",
    ])
    await store.close()
  })

  test("is prolonged later when a proxy forbids it with a page of its own", async () => {
    const clock = checkedFakeClock()
    let page = true
    const server = await issuing(
      ({ path }) =>
        path === "auth/token/renew-self" && page ? { status: 403, text: "<html>no</html>" } : undefined,
      3_600,
    )
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("2700s")
    await store.read("tally", calm)
    page = false
    await clock.advance("2s")
    expect((await store.read("tally", calm)).value).toBe("for token-1")
    expect([server.count("auth/token/renew-self"), server.logins()]).toEqual([2, 1])
    await store.close()
  })

  test("is replaced before its longest time is over, when prolonging it brings less and less", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(
      ({ path, token }) =>
        path === "auth/token/renew-self" ? loginAnswer(String(token), 600, true) : undefined,
      3_600,
    )
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("2700s")
    expect((await store.read("tally", calm)).value).toBe("for token-1")
    await clock.advance("450s")
    expect((await store.read("tally", calm)).value).toBe("for token-2")
    expect(server.count("auth/token/renew-self")).toBe(1)
    await store.close()
  })

  test("is replaced without being tried, if its time is over", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(undefined, 60, false)
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("61s")
    server.seen.length = 0
    expect((await store.read("tally", calm)).value).toBe("for token-2")
    expect(server.asked).toEqual(["POST auth/approle/login", "GET secret/data/tally"])
    await store.close()
  })

  test("of the longest default time is not prolonged before that", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(undefined, 768 * 3_600)
    const store = storeOn(server, { clock })
    for (let day = 0; day < 20; day++) {
      await store.read("tally", calm)
      await clock.advance("86400s")
    }
    expect(server.count("auth/token/renew-self")).toBe(0)
    await store.close()
  })

  test("and was given is left to whoever made it, or prolonged if that is asked for", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(undefined, 3_600)
    const lookup = ({ path }: Seen): Played | undefined =>
      path === "auth/token/lookup-self" ? { json: { data: { ttl: 3_600, renewable: true } } } : undefined
    const renewing = await issuing(lookup, 3_600)
    for (const [one, renew, expected] of [
      [server, false, 0],
      [renewing, true, 1],
    ] as const) {
      const store = storeOn(one, { clock, auth: { method: "token", token: "mine", renew } })
      await store.read("tally", calm)
      await clock.advance("2700s")
      await store.read("tally", calm)
      expect(one.count("auth/token/renew-self")).toBe(expected)
      expect(one.count("auth/token/lookup-self")).toBe(expected)
      await store.close()
    }
  })

  test("and hangs when it is to be prolonged costs one call its time, and the others nothing", async () => {
    const clock = checkedFakeClock()
    const server = await issuing(
      ({ path }) => (path === "auth/token/renew-self" ? "never" : undefined),
      3_600,
    )
    const store = storeOn(server, { clock })
    await store.read("tally", calm)
    await clock.advance("2700s")
    const patience = new AbortController()
    const unlucky = errorOf(store.read("tally", { signal: patience.signal }))
    await eventually(() => expect(server.count("auth/token/renew-self")).toBe(1))
    expect((await store.read("tally", calm)).value).toBe("for token-1")
    patience.abort()
    expect((await unlucky).code).toBe("ABORTED")
    expect((await store.read("tally", calm)).value).toBe("for token-1")
    expect(server.count("auth/token/renew-self")).toBe(1)
    await store.close()
  })
})

test("openVault() that failed gives its connections back", async () => {
  let isClosed = false
  const transport = {
    send: async () => ({ status: 503, headers: {}, body: JSON.stringify({ errors: ["Vault is sealed"] }) }),
    close: () => {
      isClosed = true
    },
  }
  const options = {
    address: "http://127.0.0.1:1",
    auth: { method: "token", token: "mine" },
    transport,
  } as const
  expect((await errorOf(openVault(options, calm))).code).toBe("UNAVAILABLE")
  expect(isClosed).toBe(true)
})

describe("a store that is closed", () => {
  test("says so, also to those who wait for a login", async () => {
    const clock = checkedFakeClock()
    const server = await playedServer(() => "never")
    const store = storeOn(server, { clock })
    const during = errorOf(store.read("tally", calm))
    await eventually(() => expect(server.seen.length).toBe(1))
    const closing = store.close()
    expect([(await during).code, (await errorOf(store.read("tally", calm))).code]).toEqual([
      "CLOSED",
      "CLOSED",
    ])
    // What hangs is given a second.
    await clock.advance("1s")
    await closing
    await eventually(async () => expect(await server.connections()).toBe(0))
  })

  test("gives the token back of a login that was answered after that", async () => {
    const answer = gate<void>()
    const server = await playedServer(async ({ path }) => {
      if (path === "auth/approle/login") await answer.promise
      return path === "auth/approle/login" ? loginAnswer("late") : { status: 204 }
    })
    const store = storeOn(server)
    const during = errorOf(store.read("tally", calm))
    await eventually(() => expect(server.seen.length).toBe(1))
    const closing = store.close()
    expect((await during).code).toBe("CLOSED")
    answer.open()
    await closing
    expect(server.seen.map(({ path, token }) => [path, token])).toEqual([
      ["auth/approle/login", undefined],
      ["auth/token/revoke-self", "late"],
    ])
  })
})
