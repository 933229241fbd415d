import { Secrets } from "latchkey"
import type { AwsCredentials } from "latchkey/aws"
import { describe, expect, test } from "vitest"
import type { OwnClient } from "../../../providers/aws/client.ts"
import { errorOf as errorOfFailure, wasRefused } from "../../../providers/aws/errors.ts"
import { type AwsFailure, failureOf } from "../../../providers/aws/failure.ts"
import { loginOf } from "../../../providers/aws/login.ts"
import { newCanary } from "../../support/canary.ts"
import { checkedFakeClock as fakeClock, laterBy } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { awsError, awsSecret, calm, errorOf, play, type Request, read, storeOn } from "./play.ts"

const keyIn = ({ headers }: Request): string =>
  String(headers.authorization).match(/Credential=(\w+)\//)?.[1] ?? ""

/** A service that knows one key at a time. */
async function knowing(first: string) {
  let known = first
  const server = await play(request =>
    keyIn(request) === known
      ? { body: awsSecret("tally/api-token", `value for ${known}`) }
      : awsError("ExpiredTokenException", "The security token included in the request is expired"),
  )
  return {
    server,
    knowsNow(key: string) {
      known = key
    },
  }
}

/** A provider that counts how often it is asked, and gives what it is told to give. */
function provider(first: string) {
  const canary = newCanary()
  const state = { key: first, asked: 0, failure: undefined as unknown }
  const credentials = async (): Promise<AwsCredentials> => {
    state.asked += 1
    await new Promise(resolve => setImmediate(resolve))
    if (state.failure !== undefined) throw state.failure
    return { accessKeyId: state.key, secretAccessKey: canary.text, sessionToken: canary.text }
  }
  return { state, credentials, canary }
}

describe("credentials that expire in mid-life", () => {
  test("are asked for again, and the call that was refused is made once more", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials, canary } = provider("OLD")
    const store = canary.watch(storeOn(server.url, { credentials }))
    expect((await read(store)).value).toBe("value for OLD")
    knowsNow("NEW")
    state.key = "NEW"
    expect((await read(store)).value).toBe("value for NEW")
    expect([server.requests.map(keyIn), state.asked]).toEqual([["OLD", "OLD", "NEW"], 2])
  })

  test("are asked for once by all calls that were refused together", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials } = provider("OLD")
    const store = storeOn(server.url, { credentials })
    await read(store)
    knowsNow("NEW")
    state.key = "NEW"
    const all = await Promise.all(Array.from({ length: 8 }, () => read(store)))
    expect(all.map(({ value }) => value)).toEqual(Array(8).fill("value for NEW"))
    expect([state.asked, server.requests.length]).toEqual([2, 1 + 8 + 8])
  })

  test("do not fail a write, which is made once", async () => {
    let known = "OLD"
    const server = await play(request => {
      if (keyIn(request) !== known) return awsError("ExpiredTokenException")
      return request.action === "PutSecretValue"
        ? { body: { Name: "a", VersionId: request.body.ClientRequestToken } }
        : { body: awsSecret("a", "value") }
    })
    const { state, credentials, canary } = provider("OLD")
    const secrets = canary.watch(new Secrets(storeOn(server.url, { credentials })))
    await secrets.get("a")
    known = "NEW"
    state.key = "NEW"
    const version = await secrets.put("a", "another")
    const tokens = server.requests.slice(1).map(({ action, body }) => [action, body.ClientRequestToken])
    expect(tokens).toEqual(Array(2).fill(["PutSecretValue", version]))
    await secrets.close()
  })

  test("and are refused again, were asked for in vain", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials } = provider("OLD")
    const store = storeOn(server.url, { credentials })
    await read(store)
    knowsNow("NEWEST")
    state.key = "NEW"
    const error = await errorOf(read(store))
    expect([error.code, error.transient]).toEqual(["UNAUTHENTICATED", false])
    expect(server.requests.map(keyIn)).toEqual(["OLD", "OLD", "NEW"])
  })

  test("and do not come back, are not sent again", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials } = provider("OLD")
    const store = storeOn(server.url, { credentials })
    await read(store)
    knowsNow("NEW")
    const error = await errorOf(read(store))
    expect([error.code, error.transient]).toEqual(["UNAUTHENTICATED", false])
    expect([server.requests.map(keyIn), state.asked]).toEqual([["OLD", "OLD"], 2])
  })

  test("and were given as they are, cannot come back", async () => {
    const { server } = await knowing("NEW")
    const error = await errorOf(read(storeOn(server.url)))
    expect([error.code, error.transient]).toEqual(["UNAUTHENTICATED", false])
  })

  test("come back after the provider itself had failed for a while", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials, canary } = provider("OLD")
    const store = storeOn(server.url, { credentials })
    await read(store)
    knowsNow("NEW")
    state.failure = new Error(canary.text)
    const error = canary.watch(await errorOf(store.write("a", "v", calm)))
    expect([error.code, error.outcome, server.requests.length]).toEqual(["UNAUTHENTICATED", undefined, 2])
    Object.assign(state, { failure: undefined, key: "NEW" })
    expect((await read(store)).value).toBe("value for NEW")
  })

  test("and do not come back for a while, are served stale meanwhile, and revealed fresh afterwards", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials } = provider("OLD")
    const secrets = new Secrets(storeOn(server.url, { credentials }), { refresh: "on-read" })
    const token = await secrets.get("tally/api-token")
    knowsNow("NEW")
    await expect(secrets.refresh("tally/api-token")).rejects.toMatchObject({ code: "UNAUTHENTICATED" })
    expect([token.reveal(), token.status.stale]).toEqual(["value for OLD", true])
    state.key = "NEW"
    // One that has failed is not asked again at once; it does not take long.
    await eventually(async () => await secrets.refresh("tally/api-token"))
    expect([token.reveal(), token.status.stale]).toEqual(["value for NEW", false])
    await secrets.close()
  })
})

describe("a login that fails", () => {
  const failure = (name: string, more: object = {}) =>
    Object.assign(new Error("as thrown"), { name, ...more })

  // These come from STS, SSO and the like, and say nothing about a secret: to take them for that would withdraw it.
  test.for([
    ["CredentialsProviderError", "UNAUTHENTICATED", undefined],
    ["AccessDenied", "UNAUTHENTICATED", undefined],
    ["AccessDeniedException", "UNAUTHENTICATED", undefined],
    ["ResourceNotFoundException", "UNAUTHENTICATED", undefined],
    ["ExpiredTokenException", "UNAUTHENTICATED", undefined],
    ["ThrottlingException", "UNAVAILABLE", { $metadata: { httpStatusCode: 503 } }],
    ["Error", "UNAVAILABLE", { code: "ENOTFOUND" }],
    ["Error", "UNAVAILABLE", { code: "ECONNREFUSED" }],
    ["Error", "UNAVAILABLE", { code: "ECONNRESET" }],
    ["TimeoutError", "UNAVAILABLE", { code: "ETIMEDOUT" }],
  ] as const)("with %s is %s, and nothing was sent", async ([name, code, more]) => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const canary = newCanary()
    const thrown = Object.assign(failure(name, more), { message: canary.text, token: canary.text })
    const store = canary.watch(storeOn(server.url, { credentials: () => Promise.reject(thrown) }))
    const error = canary.watch(await errorOf(store.write("a", "v", calm)))
    expect([error.code, error.outcome]).toEqual([code, undefined])
    expect(server.requests).toEqual([])
  })

  test.for([
    ["Could not load credentials from any providers", "no credentials were found"],
    ["The SSO session associated with this profile has expired.", "what is to give credentials gives none"],
  ])("for %s says so, and not that they were refused", async ([text, said]) => {
    const thrown = Object.assign(new Error(text), { name: "CredentialsProviderError" })
    const store = storeOn("http://127.0.0.1:1", { credentials: () => Promise.reject(thrown) })
    const error = await errorOf(read(store))
    expect([error.code, error.plainMessage]).toEqual(["UNAUTHENTICATED", said])
  })

  test("may hang: the caller leaves when he wants to", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const store = storeOn(server.url, { credentials: () => new Promise(() => undefined) })
    const controller = new AbortController()
    const reading = errorOf(store.read("a", { signal: controller.signal }))
    controller.abort()
    expect((await reading).code).toBe("ABORTED")
  })
})

describe("a login that is never answered", () => {
  /** A provider that hangs when it is asked the first time, or the first times. */
  function hanging(times: number) {
    let asked = 0
    const hung: ((credentials: AwsCredentials) => void)[] = []
    const credentials = async (): Promise<AwsCredentials> => {
      asked += 1
      if (asked <= times) return await new Promise(resolve => hung.push(resolve))
      return { accessKeyId: `KEY${asked}`, secretAccessKey: "secret" }
    }
    return { credentials, hung, asked: () => asked }
  }

  test("stops a store for no longer than ten seconds, for all who come and for all who wait", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const login = hanging(1)
    const store = storeOn(server.url, { credentials: login.credentials })
    const waiting = [read(store), read(store)]
    await eventually(() => expect(login.asked()).toBe(1))
    laterBy(10_001)
    expect((await read(store)).value).toBe("v")
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual(["v", "v"])
    expect([login.asked(), new Set(server.requests.map(keyIn))]).toEqual([2, new Set(["KEY2"])])
  })

  test("and is only slow, is there for those who wait, and for all who come after them", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const login = hanging(2)
    const store = storeOn(server.url, { credentials: login.credentials })
    const first = read(store)
    await eventually(() => expect(login.asked()).toBe(1))
    laterBy(10_001)
    const second = read(store)
    await eventually(() => expect(login.asked()).toBe(2))
    login.hung[0]?.({ accessKeyId: "SLOW", secretAccessKey: "secret" })
    await Promise.all([first, second])
    await read(store)
    expect([login.asked(), server.requests.map(keyIn)]).toEqual([2, ["SLOW", "SLOW", "SLOW"]])
    // What was begun after it and comes too late changes nothing.
    login.hung[1]?.({ accessKeyId: "LATE", secretAccessKey: "secret" })
    await read(store)
    expect(server.requests.map(keyIn).at(-1)).toBe("SLOW")
  })

  test("while others are asked for instead of those that were refused, stops nobody either", async () => {
    const { server } = await knowing("NEW")
    let asked = 0
    const store = storeOn(server.url, {
      credentials: async () => {
        asked += 1
        if (asked === 2) await new Promise(() => undefined)
        return { accessKeyId: asked === 1 ? "OLD" : "NEW", secretAccessKey: "secret" }
      },
    })
    const waiting = read(store)
    await eventually(() => expect(asked).toBe(2))
    laterBy(10_001)
    expect((await read(store)).value).toBe("value for NEW")
    expect((await waiting).value).toBe("value for NEW")
  })

  test("is given up after thirty seconds: it is UNAVAILABLE, nothing was sent, and the next one is a new one", async () => {
    const clock = fakeClock()
    const made: { readonly client: OwnClient; destroyed: number }[] = []
    const anew = (): OwnClient => {
      const credentials = () =>
        made.length === 1 ? new Promise(() => undefined) : Promise.resolve({ accessKeyId: "KEY" })
      const one = { destroyed: 0, client: {} as OwnClient }
      one.client = {
        send: async () => undefined,
        destroy: () => void one.destroyed++,
        config: { credentials },
      } as never
      made.push(one)
      return one.client
    }
    const login = loginOf({
      client: anew(),
      anew,
      fixed: false,
      closing: new AbortController().signal,
      clock,
    })
    const failed = expect(login.ready()).rejects.toMatchObject({ code: "ETIMEDOUT" })
    await clock.advance("30s")
    await failed
    expect(made.map(({ destroyed }) => destroyed)).toEqual([1])
    expect(await login.ready()).toEqual({ client: made[1]?.client, identity: { accessKeyId: "KEY" } })
    login.end()
    expect(made.map(({ destroyed }) => destroyed)).toEqual([1, 1])
    expect(failureOf({ code: "ETIMEDOUT" }, "GetSecretValue", false)).toSatisfy(
      (failure: AwsFailure) => errorOfFailure(failure).code === "UNAVAILABLE" && wasRefused(failure),
    )
  })

  test("of a client that was handed in is waited for, and the client left alone", async () => {
    const clock = fakeClock()
    let destroyed = 0
    const client = {
      send: async () => undefined,
      destroy: () => void destroyed++,
      config: { credentials: () => new Promise(() => undefined) },
    }
    const login = loginOf({
      client,
      anew: undefined,
      fixed: false,
      closing: new AbortController().signal,
      clock,
    })
    const failed = expect(login.ready()).rejects.toMatchObject({ code: "ETIMEDOUT" })
    await clock.advance("30s")
    await failed
    login.end()
    expect(destroyed).toBe(0)
  })

  test("ends with the store", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const login = hanging(1)
    const store = storeOn(server.url, { credentials: login.credentials })
    const reading = errorOf(read(store))
    await eventually(() => expect(login.asked()).toBe(1))
    await store.close()
    expect([(await reading).code, server.requests.length]).toEqual(["CLOSED", 0])
  })
})

test("a clock that is wrong is corrected by the service's, and the call is made once more", async () => {
  const hour = 3_600_000
  const server = await play(request => {
    const [, year, month, day, hours, minutes, seconds] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(request.headers["x-amz-date"])) ?? []
    const signed = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`)
    const date = new Date(Date.now() + hour)
    const answer =
      Math.abs(signed - date.getTime()) < 300_000
        ? { body: awsSecret("tally/api-token", "value") }
        : awsError("InvalidSignatureException", "Signature expired")
    return { ...answer, headers: { date: date.toUTCString() } }
  })
  const { state, credentials } = provider("KEY")
  const store = storeOn(server.url, { credentials })
  expect((await read(store)).value).toBe("value")
  expect((await read(store)).value).toBe("value")
  expect([server.requests.length, state.asked]).toEqual([3, 1])
})
