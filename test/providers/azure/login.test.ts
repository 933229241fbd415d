import { isSecretError } from "latchkey"
import { type AzureCredential, azure } from "latchkey/azure"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { azureErrors } from "../../../providers/azure/errors.ts"
import { loginWith } from "../../../providers/azure/login.ts"
import { newCanary } from "../../support/canary.ts"
import { checkedFakeClock, laterBy } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { calm, collected, errorOf, reaching, scene, started } from "./scene.ts"

const HOUR = 3_600_000

describe("a token", () => {
  it("is asked for once, and used by all calls", async () => {
    const { server, store, credential } = await scene()
    server.put("name", "value")
    for (let round = 0; round < 3; round++) await store.read("name", calm)
    await store.write("name", "value", calm)
    expect(credential.calls).toBe(1)
  })

  it("that the vault no longer takes is replaced within the call, once for all that wait", async () => {
    const { server, store, credential } = await scene()
    for (const name of ["one", "two", "three"]) server.put(name, name)
    await store.read("one", calm)
    server.expireTokens()
    const values = await Promise.all(["one", "two", "three"].map(async name => await store.read(name, calm)))
    expect(values.map(({ value }) => value)).toEqual(["one", "two", "three"])
    expect(credential.calls).toBe(2)
    server.expireTokens()
    await store.write("one", "again", calm)
    expect([server.value("one"), credential.calls]).toEqual(["again", 3])
  })

  it("that was withdrawn, as continuous access evaluation does it, is replaced likewise", async () => {
    const { server, store } = await scene()
    server.put("name", "value")
    await store.read("name", calm)
    server.withdrawTokens()
    expect((await store.read("name", calm)).value).toBe("value")
  })

  it("that is never taken ends in UNAUTHENTICATED, and is asked for anew by the next call", async () => {
    const server = await started()
    server.put("name", "value")
    let [good, calls] = [false, 0]
    const getToken = async () => {
      calls += 1
      return { token: good ? server.token() : "nobody's", expiresOnTimestamp: Date.now() + HOUR }
    }
    const store = azure({ ...reaching(server), credential: { getToken } })
    onTestFinished(async () => await store.close())
    expect((await errorOf(store.read("name", calm))).code).toBe("UNAUTHENTICATED")
    expect(calls).toBeLessThanOrEqual(2)
    good = true
    expect((await store.read("name", calm)).value).toBe("value")
  })

  it("that has run out is replaced before it is used", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    onTestFinished(() => void vi.useRealTimers())
    const { server, store, credential } = await scene()
    server.put("name", "value")
    await store.read("name", calm)
    vi.setSystemTime(Date.now() + 48 * HOUR)
    const values = await Promise.all([1, 2, 3].map(async () => await store.read("name", calm)))
    expect(values.map(({ value }) => value)).toEqual(["value", "value", "value"])
    expect([credential.calls, server.log.count(({ status }) => status === 401)]).toEqual([2, 1])
  })

  it("that is about to run out is used while the next one is fetched, and kept if that fails", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    onTestFinished(() => void vi.useRealTimers())
    const server = await started()
    server.put("name", "value")
    const token = server.token()
    const next = gate<{ token: string; expiresOnTimestamp: number }>()
    const getToken = vi
      .fn<() => Promise<{ token: string; expiresOnTimestamp: number; refreshAfterTimestamp?: number }>>()
      .mockResolvedValueOnce({ token, expiresOnTimestamp: Date.now() + HOUR, refreshAfterTimestamp: 1 })
      .mockImplementation(() => next.promise)
    const store = azure({ ...reaching(server), credential: { getToken } })
    onTestFinished(async () => await store.close())
    await store.read("name", calm)
    vi.setSystemTime(Date.now() + 11_000)
    for (let round = 0; round < 3; round++) await store.read("name", calm)
    expect(getToken).toHaveBeenCalledTimes(2)
    // Rejects with nobody waiting for it: that must not be an unhandled rejection, which ends a process.
    next.fail(new Error("the login service is down"))
    for (let round = 0; round < 3; round++) expect((await store.read("name", calm)).value).toBe("value")
    expect(getToken).toHaveBeenCalledTimes(2)
  })

  it("whose time to be renewed is past, and that is given again and again, is asked for once in ten seconds", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    onTestFinished(() => void vi.useRealTimers())
    const server = await started()
    server.put("name", "value")
    const token = server.token()
    const given = { token, expiresOnTimestamp: Date.now() + HOUR, refreshAfterTimestamp: Date.now() - HOUR }
    const getToken = vi.fn(async () => given)
    const store = azure({ ...reaching(server), credential: { getToken } })
    onTestFinished(async () => await store.close())
    for (let round = 0; round < 50; round++) await store.read("name", calm)
    expect(getToken).toHaveBeenCalledTimes(1)
    vi.setSystemTime(Date.now() + 10_000)
    for (let round = 0; round < 50; round++) await store.read("name", calm)
    expect(getToken).toHaveBeenCalledTimes(2)
  })

  it("is fetched on for those who still wait when the first who asked has left", async () => {
    const server = await started()
    server.put("name", "value")
    const login = gate()
    const signals: (AbortSignal | undefined)[] = []
    const inner = server.credential()
    const credential: AzureCredential = {
      async getToken(scopes, options) {
        signals.push(options?.abortSignal)
        await login.promise
        return await inner.getToken(scopes)
      },
    }
    const store = azure(reaching(server, credential as typeof inner))
    onTestFinished(async () => await store.close())
    const leaving = new AbortController()
    const first = errorOf(store.read("name", { signal: leaving.signal }))
    await eventually(() => expect(signals.length).toBe(1))
    leaving.abort()
    expect((await first).code).toBe("ABORTED")
    const second = store.read("name", calm)
    login.open()
    expect((await second).value).toBe("value")
    expect(signals.every(signal => signal?.aborted === false)).toBe(true)
  })
})

it("claims that the vault asks for are asked of the credential, whatever token is held", async () => {
  const asked: (string | undefined)[] = []
  const getToken: AzureCredential["getToken"] = async (_, request) => {
    asked.push(request?.claims)
    return { token: `token ${asked.length}`, expiresOnTimestamp: Date.now() + HOUR }
  }
  const login = loginWith(() => ({ getToken }))
  await login.getToken("scope")
  expect((await login.getToken("scope", { claims: "more" })).token).toBe("token 2")
  expect((await login.getToken("scope")).token).toBe("token 2")
  expect((await login.getToken("scope", { tenantId: "another" })).token).toBe("token 3")
  expect(asked).toEqual([undefined, "more", undefined])
})

it("a credential that keeps its tokens is made anew when one of them is refused", async () => {
  let made = 0
  const login = loginWith(() => {
    const token = `token ${++made}`
    return { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + HOUR }) }
  })
  const tokens = async () =>
    (await Promise.all([1, 2].map(async () => await login.getToken("scope")))).map(({ token }) => token)
  expect(await tokens()).toEqual(["token 1", "token 1"])
  login.refused("token 1")
  login.refused("another")
  expect(await tokens()).toEqual(["token 2", "token 2"])
  // A refusal of the old one that comes late says nothing of the new one.
  login.refused("token 1")
  expect(await tokens()).toEqual(["token 2", "token 2"])
})

describe("a login that is never answered", () => {
  /** A store whose credential answers when a test says so. */
  const waiting = async () => {
    const server = await started()
    server.put("name", "value")
    const logins: { readonly signal: AbortSignal | undefined; answer(): void }[] = []
    let isDeaf = true
    const credential: AzureCredential = {
      async getToken(_, { abortSignal } = {}) {
        const answered = gate()
        logins.push({ signal: abortSignal, answer: () => answered.open() })
        if (isDeaf) await answered.promise
        return { token: server.token(), expiresOnTimestamp: Date.now() + HOUR }
      },
    }
    const store = azure({ ...reaching(server), credential })
    onTestFinished(async () => await store.close())
    const hear = (hears: boolean): void => {
      isDeaf = !hears
    }
    return { server, store, logins, hear }
  }
  const leaving = async (call: (signal: AbortSignal) => Promise<unknown>, logins: readonly unknown[]) => {
    const controller = new AbortController()
    const before = logins.length
    const left = errorOf(call(controller.signal))
    return {
      async leave() {
        controller.abort()
        expect((await left).code).toBe("ABORTED")
      },
      begun: async () => await eventually(() => expect(logins.length).toBe(before + 1)),
    }
  }

  it("is waited for by those who come next, and begun anew by those who come ten seconds after it", async () => {
    const { store, logins, hear } = await waiting()
    const read = async (signal: AbortSignal) => await store.read("name", { signal })
    const first = await leaving(read, logins)
    await first.begun()
    await first.leave()
    hear(true)
    // A slow login must be able to end, however soon those leave who wait for it.
    const second = store.read("name", calm)
    await new Promise(resolve => setImmediate(resolve))
    expect(logins).toHaveLength(1)
    laterBy(10_000)
    expect((await store.read("name", calm)).value).toBe("value")
    expect([(await second).value, logins.length]).toEqual(["value", 2])
  })

  it("in mid-life keeps nobody waiting who comes ten seconds after it, nor those before him", async () => {
    const { server, store, logins, hear } = await waiting()
    hear(true)
    await store.read("name", calm)
    hear(false)
    server.expireTokens()
    const reads = [1, 2, 3].map(async () => (await store.read("name", calm)).value)
    const listed = collected(store.list(calm))
    await eventually(() => expect(logins.length).toBe(2))
    hear(true)
    laterBy(10_000)
    expect((await store.read("name", calm)).value).toBe("value")
    expect(await Promise.all(reads)).toEqual(["value", "value", "value"])
    expect([await listed, logins.length]).toEqual([[expect.objectContaining({ name: "name" })], 3])
  })

  it("ends with the store, which does not wait for it", async () => {
    const { store, logins } = await waiting()
    const error = errorOf(store.read("name", calm))
    await eventually(() => expect(logins.length).toBe(1))
    await store.close()
    expect([(await error).code, logins[0]?.signal?.aborted]).toEqual(["CLOSED", true])
  })

  it("is UNAVAILABLE after half a minute, and nothing was written", async () => {
    const clock = checkedFakeClock()
    let calls = 0
    const login = loginWith(() => ({ getToken: async () => await new Promise(() => void calls++) }), {
      clock,
    })
    const failures = Promise.allSettled([login.getToken("scope"), login.getToken("scope")])
    await clock.advance("30s")
    for (const failure of await failures) {
      const thrown: unknown = failure.status === "rejected" && failure.reason
      expect(azureErrors(thrown, "write")).toMatchObject({ code: "UNAVAILABLE", notSent: true })
    }
    expect(calls).toBe(1)
    const next = Promise.allSettled([login.getToken("scope")])
    expect(calls).toBe(2)
    await clock.advance("30s")
    await next
  })
})

describe("a login that fails", () => {
  const failing = async (make: (text: string) => unknown, change = false) => {
    const canary = newCanary()
    const { server, store, credential } = await scene()
    credential.failWith(() => make(canary.text))
    const error = await errorOf(change ? store.write("name", canary.text, calm) : store.read("name", calm))
    canary.watch(error, store)
    expect(server.log.count(({ authorised }) => authorised)).toBe(0)
    return error
  }
  const named = (name: string, message: string, more: object = {}) =>
    Object.assign(new Error(message), { name, ...more })

  it("is UNAUTHENTICATED where no credential is there, and says where they are looked for", async () => {
    const nothing = (text: string) => named("CredentialUnavailableError", text)
    for (const make of [
      nothing,
      (text: string) =>
        named("AggregateAuthenticationError", text, { errors: [nothing(text), nothing(text)] }),
      (text: string) => named("AuthenticationRequiredError", text, { scopes: [text] }),
      (text: string) => text,
      () => null,
    ]) {
      const error = await failing(make)
      expect([error.code, error.transient]).toEqual(["UNAUTHENTICATED", false])
      expect(error.hint).toMatch(/managed identity.*AZURE_CLIENT_ID.*az login/)
    }
  })

  it("is UNAUTHENTICATED where it is refused, and says the number of Microsoft's error and nothing else", async () => {
    const error = await failing(text =>
      named("AuthenticationError", `invalid_client ${text} AADSTS7000215: Invalid client secret ${text}`, {
        statusCode: 401,
        errorResponse: { error: "invalid_client", errorDescription: text },
        cause: named("ServerError", text, { status: 401, correlationId: text }),
      }),
    )
    expect([error.code, error.plainMessage]).toEqual([
      "UNAUTHENTICATED",
      "the login was refused (AADSTS7000215)",
    ])
  })

  it("is UNAVAILABLE where the login service does not answer, and nothing was written then", async () => {
    for (const make of [
      (text: string) => named("CredentialUnavailableError", `endpoints_resolution_error: ${text}`),
      (text: string) =>
        named("CredentialUnavailableError", text, { cause: named("ClientAuthError", "network_error") }),
      (text: string) => named("AuthenticationError", text, { statusCode: 503 }),
      (text: string) =>
        named("AggregateAuthenticationError", text, {
          errors: [named("RestError", text, { code: "ENOTFOUND" })],
        }),
      // Of a proxy that looks into what passes: it says nothing about who asks.
      (text: string) => named("RestError", text, { code: "SELF_SIGNED_CERT_IN_CHAIN" }),
    ]) {
      const error = await failing(make, true)
      expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
      expect(error.hint).toContain("login.microsoftonline.com")
    }
  })

  it("is THROTTLED where there are too many", async () => {
    for (const make of [
      (text: string) => named("AuthenticationError", text, { statusCode: 429 }),
      (text: string) => named("AuthenticationError", `AADSTS90055: ${text}`, { statusCode: 429 }),
      (text: string) => named("AuthenticationError", `AADSTS50196: ${text}`, { statusCode: 400 }),
    ]) {
      const error = await failing(make)
      expect([error.code, error.transient]).toEqual(["THROTTLED", true])
    }
  })

  it("is UNAVAILABLE where the login service is not in order, and says the number of that", async () => {
    for (const [number, statusCode] of [
      [90033, 503],
      [50000, 500],
      [90033, 400],
      [90006, 400],
      [90012, 400],
      [90024, 400],
    ] as const) {
      const error = await failing(
        text => named("AuthenticationError", `AADSTS${number}: ${text}`, { statusCode }),
        true,
      )
      expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
      expect(error.plainMessage).toContain(`not in order (AADSTS${number})`)
    }
  })

  it("is UNAUTHENTICATED where the credential gives no token", async () => {
    const server = await started()
    const store = azure({ ...reaching(server), credential: { getToken: async () => null } })
    expect((await errorOf(store.read("name", calm))).code).toBe("UNAUTHENTICATED")
  })

  it("is over when the credential works again", async () => {
    const { server, store, credential } = await scene()
    server.put("name", "value")
    credential.failWith(() => new Error("down"))
    for (let round = 0; round < 2; round++)
      expect((await errorOf(store.read("name", calm))).code).toBe("UNAUTHENTICATED")
    credential.failWith()
    expect((await store.read("name", calm)).value).toBe("value")
  })

  it("in mid-life ends like any other, and is over likewise", async () => {
    const { server, store, credential } = await scene()
    server.put("name", "value")
    await store.read("name", calm)
    server.expireTokens()
    credential.failWith(() => named("AuthenticationError", "AADSTS7000222: expired", { statusCode: 401 }))
    const errors = await Promise.all([1, 2, 3].map(async () => await errorOf(store.read("name", calm))))
    expect(errors.map(({ code }) => code)).toEqual(Array(3).fill("UNAUTHENTICATED"))
    credential.failWith()
    expect((await store.read("name", calm)).value).toBe("value")
  })
})

it("a challenge that asks for a token of something else gets none", async () => {
  const server = await started()
  const credential = server.credential()
  const store = azure({ ...reaching(server, credential), disableChallengeResourceVerification: false })
  const error = await errorOf(store.write("name", "value", calm))
  expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", false, undefined])
  expect(error.hint).toContain("disableChallengeResourceVerification")
  expect(credential.calls).toBe(0)
  expect(isSecretError(error)).toBe(true)
})
