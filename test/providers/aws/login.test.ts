import { Secrets } from "latchkey"
import type { AwsCredentials } from "latchkey/aws"
import { describe, expect, test, vi } from "vitest"
import { newCanary } from "../../support/canary.ts"
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
  test("are asked for again by the next call, without a restart", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials, canary } = provider("OLD")
    const store = canary.watch(storeOn(server.url, { credentials }))
    expect((await read(store)).value).toBe("value for OLD")
    knowsNow("NEW")
    state.key = "NEW"
    const refused = canary.watch(await errorOf(read(store)))
    expect([refused.code, refused.transient]).toEqual(["UNAUTHENTICATED", true])
    expect((await read(store)).value).toBe("value for NEW")
    expect(state.asked).toBe(2)
  })

  test("are asked for once by all calls that were refused together", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials } = provider("OLD")
    const store = storeOn(server.url, { credentials })
    await read(store)
    knowsNow("NEW")
    state.key = "NEW"
    const many = async () => await Promise.allSettled(Array.from({ length: 8 }, () => read(store)))
    expect((await many()).map(({ status }) => status)).toEqual(Array(8).fill("rejected"))
    expect((await many()).map(({ status }) => status)).toEqual(Array(8).fill("fulfilled"))
    expect(state.asked).toBe(2)
  })

  test("and do not come back, are no longer waited for", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { credentials } = provider("OLD")
    const store = storeOn(server.url, { credentials })
    await read(store)
    knowsNow("NEW")
    expect((await errorOf(read(store))).transient).toBe(true)
    const again = await errorOf(read(store))
    expect([again.code, again.transient]).toEqual(["UNAUTHENTICATED", false])
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
    await errorOf(read(store))
    state.failure = new Error(canary.text)
    expect(canary.watch(await errorOf(read(store))).code).toBe("UNAUTHENTICATED")
    Object.assign(state, { failure: undefined, key: "NEW" })
    expect((await read(store)).value).toBe("value for NEW")
  })

  test("are served stale meanwhile, and revealed fresh afterwards", async () => {
    const { server, knowsNow } = await knowing("OLD")
    const { state, credentials } = provider("OLD")
    const secrets = new Secrets(storeOn(server.url, { credentials }), { refresh: "on-read" })
    const token = await secrets.get("tally/api-token")
    knowsNow("NEW")
    await expect(secrets.refresh("tally/api-token")).rejects.toMatchObject({ code: "UNAUTHENTICATED" })
    expect([token.reveal(), token.status.stale]).toEqual(["value for OLD", true])
    state.key = "NEW"
    // One that has failed is not asked again at once; it does not take long.
    await vi.waitFor(async () => await secrets.refresh("tally/api-token"), { timeout: 10_000 })
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

  test("may hang: the caller leaves when he wants to", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const store = storeOn(server.url, { credentials: () => new Promise(() => undefined) })
    const controller = new AbortController()
    const reading = errorOf(store.read("a", { signal: controller.signal }))
    controller.abort()
    expect((await reading).code).toBe("ABORTED")
  })
})

test("a clock that is wrong is corrected by the service's, and the next call is right", async () => {
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
  const error = await errorOf(read(store))
  expect([error.code, error.transient, error.hint]).toEqual([
    "UNAUTHENTICATED",
    true,
    expect.stringContaining("clock"),
  ])
  expect((await read(store)).value).toBe("value")
  expect(state.asked).toBe(1)
})
