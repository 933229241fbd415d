import { createServer } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import type { SecretErrorCode } from "latchkey"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { makeCertificate } from "../../support/certificates.ts"
import { type Answer, awsError, calm, collect, errorOf, play, read, storeOn, versionId } from "./play.ts"

type Row = readonly [error: string, code: SecretErrorCode]

/** Plays one failure with a canary in everything that a service may write freely. */
async function failing(answer: (canary: string) => Answer) {
  const canary = newCanary()
  const { headers, ...rest } = answer(canary.text)
  const server = await play(() => ({ ...rest, headers: { ...headers, "x-echo": canary.text } }))
  const store = canary.watch(
    storeOn(server.url, { credentials: { accessKeyId: "AKID", secretAccessKey: canary.text } }),
  )
  return {
    store,
    errorOf: async (call: Promise<unknown>) => canary.watch(await errorOf(call)),
    value: canary.text,
  }
}

const EVERYWHERE: readonly Row[] = [
  ["AccessDeniedException", "DENIED"],
  ["NotAuthorized", "DENIED"],
  ["ThrottlingException", "THROTTLED"],
  ["Throttling", "THROTTLED"],
  ["TooManyRequestsException", "THROTTLED"],
  ["RequestLimitExceeded", "THROTTLED"],
  ["LimitExceededException", "THROTTLED"],
  ["InternalServiceError", "UNAVAILABLE"],
  ["InternalFailure", "UNAVAILABLE"],
  ["ServiceUnavailable", "UNAVAILABLE"],
  ["ServiceUnavailableException", "UNAVAILABLE"],
  ["ExpiredToken", "UNAUTHENTICATED"],
  ["ExpiredTokenException", "UNAUTHENTICATED"],
  ["RequestExpired", "UNAUTHENTICATED"],
  ["RequestTimeTooSkewed", "UNAUTHENTICATED"],
  ["UnrecognizedClientException", "UNAUTHENTICATED"],
  ["InvalidClientTokenId", "UNAUTHENTICATED"],
  ["InvalidSignatureException", "UNAUTHENTICATED"],
  ["SignatureDoesNotMatch", "UNAUTHENTICATED"],
  ["IncompleteSignature", "UNAUTHENTICATED"],
  ["IncompleteSignatureException", "UNAUTHENTICATED"],
  ["MissingAuthenticationToken", "UNAUTHENTICATED"],
  ["MissingAuthenticationTokenException", "UNAUTHENTICATED"],
  ["OptInRequired", "UNAUTHENTICATED"],
  ["UnknownOperationException", "UNSUPPORTED"],
]

const READING: readonly Row[] = [
  ...EVERYWHERE,
  ["ResourceNotFoundException", "NOT_FOUND"],
  ["InvalidRequestException", "NOT_FOUND"],
  ["InvalidParameterException", "INVALID_NAME"],
  ["ValidationException", "INVALID_NAME"],
  ["DecryptionFailure", "DISABLED"],
  ["NoSuchErrorAnywhere", "UNAVAILABLE"],
]

const WRITING: readonly Row[] = [
  ...EVERYWHERE,
  ["InvalidRequestException", "CONFLICT"],
  ["ResourceExistsException", "CONFLICT"],
  ["InvalidParameterException", "INVALID_VALUE"],
  ["ValidationException", "INVALID_NAME"],
  ["EncryptionFailure", "DISABLED"],
]

const BATCH: readonly Row[] = [
  ...EVERYWHERE,
  ["ResourceNotFoundException", "UNSUPPORTED"],
  ["InvalidRequestException", "UNSUPPORTED"],
  ["InvalidParameterException", "UNSUPPORTED"],
  ["ValidationException", "UNSUPPORTED"],
  ["DecryptionFailure", "UNSUPPORTED"],
]

describe("the table", () => {
  test.for(READING)("reading, %s is %s, with the request's id and what to do", async ([name, code]) => {
    const { store, errorOf } = await failing(canary => awsError(name, canary))
    const error = await errorOf(read(store))
    expect([error.code, error.secret, error.requestId]).toEqual([code, "tally/api-token", "request-1"])
    expect(error.hint ?? error.plainMessage).toMatch(/\w/)
  })

  test.for(WRITING)("creating only what is absent, %s is %s", async ([name, code]) => {
    const { store, errorOf, value } = await failing(canary => awsError(name, canary))
    const error = await errorOf(store.write("tally/api-token", value, { ...calm, expect: "absent" }))
    expect([error.code, error.outcome]).toEqual([code, code === "UNAVAILABLE" ? "unknown" : undefined])
  })

  test.for(BATCH)("reading many, a whole batch that ends with %s is %s", async ([name, code]) => {
    const { store, errorOf } = await failing(canary => awsError(name, canary))
    expect((await errorOf(store.readMany(["a", "b"], calm))).code).toBe(code)
  })

  test.for(READING)("in the answer to a batch, %s is %s about one name", async ([name, code]) => {
    const { store } = await failing(canary => ({
      body: { Errors: [{ SecretId: "a", ErrorCode: name, Message: canary }] },
    }))
    expect((await store.readMany(["a"], calm)).get("a")).toMatchObject({ code, secret: "a" })
  })

  test.for([
    ["ResourceNotFoundException", "NOT_FOUND"],
    ["InvalidRequestException", "NOT_FOUND"],
    ["AccessDeniedException", "DENIED"],
  ] as const)("deleting and asking for versions, %s is %s", async ([name, code]) => {
    const { store, errorOf } = await failing(canary => awsError(name, canary))
    expect((await errorOf(store.delete("a", calm))).code).toBe(code)
    expect((await errorOf(collect(store.versions("a", calm)))).code).toBe(code)
  })

  test("the permission that is missing is named for each action", async () => {
    const { store, errorOf, value } = await failing(canary => awsError("AccessDeniedException", canary))
    const hints = await Promise.all(
      [
        read(store, "a"),
        store.write("a", value, calm),
        store.write("a", value, { ...calm, expect: "absent" }),
        store.delete("a", calm),
        collect(store.versions("a", calm)),
        collect(store.list(calm)),
        store.readMany(["a", "b"], calm),
      ].map(async call => (await errorOf(call)).hint?.match(/secretsmanager:\w+/)?.[0]),
    )
    expect(hints).toEqual(
      ["GetSecretValue", "PutSecretValue", "CreateSecret", "DeleteSecret"]
        .concat(["ListSecretVersionIds", "ListSecrets", "BatchGetSecretValue"])
        .map(action => `secretsmanager:${action}`),
    )
  })

  test("a secret that was deleted says so, and the way back, when read and when written", async () => {
    const { store, errorOf, value } = await failing(canary => awsError("InvalidRequestException", canary))
    for (const call of [
      read(store),
      store.write("a", value, calm),
      store.write("a", value, { ...calm, expect: "absent" }),
    ])
      expect(await errorOf(call)).toMatchObject({
        hint: expect.stringContaining("restore-secret"),
        plainMessage: expect.stringContaining("deleted"),
      })
  })

  test("a secret without a value is told from one that is missing", async () => {
    const text = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
    const { store, errorOf } = await failing(() => awsError("ResourceNotFoundException", text))
    const error = await errorOf(read(store))
    expect([error.code, error.plainMessage]).toEqual(["NOT_FOUND", "the secret has no such value"])
  })

  test("a key that refuses is definitive, and its own permission is named", async () => {
    const { store, errorOf } = await failing(() =>
      awsError("AccessDeniedException", "Access to KMS is not allowed"),
    )
    const error = await errorOf(read(store))
    expect([error.code, error.transient]).toEqual(["DENIED", false])
    expect(error.hint).toContain("kms:Decrypt")
  })

  test("a quota that is used up does not pass by itself, being asked too often does", async () => {
    const used = await failing(canary => awsError("LimitExceededException", canary))
    expect((await used.errorOf(read(used.store))).transient).toBe(false)
    const asked = await failing(canary => awsError("ThrottlingException", canary))
    expect((await asked.errorOf(read(asked.store))).transient).toBe(true)
  })

  test("a version that the service could not have is NOT_FOUND without a request", async () => {
    const server = await play(() => awsError("ValidationException"))
    const store = storeOn(server.url)
    expect((await errorOf(store.read("a", { ...calm, version: "short" }))).code).toBe("NOT_FOUND")
    expect((await errorOf(store.write("a", "v", { ...calm, expect: "short" }))).code).toBe("CONFLICT")
    expect(server.requests).toEqual([])
  })
})

describe("answers that are none", () => {
  const ODD: Readonly<Record<string, (canary: string) => Answer>> = {
    "a page of HTML": canary => ({
      headers: { "content-type": "text/html" },
      body: `<html>${canary}</html>`,
    }),
    "nothing at all": () => ({ body: "" }),
    "a list": canary => ({ body: [canary] }),
    "JSON that is null": () => ({ body: "null" }),
    "JSON that breaks off": canary => ({ body: `{"SecretString":"${canary}` }),
    "a body that is cut off": canary => ({ body: `{"SecretString":"${canary}"`, cut: true }),
    "a secret without a value": () => ({ body: { Name: "a", VersionId: versionId(1) } }),
    "a secret without a version": canary => ({ body: { Name: "a", SecretString: canary } }),
    "a redirect to another host": canary => ({
      status: 302,
      headers: { location: `http://127.0.0.1:1/${canary}` },
    }),
    "a page that forbids": canary => ({ status: 403, body: `<html>${canary}</html>` }),
    "a page that is not found": canary => ({ status: 404, body: `<html>${canary}</html>` }),
    "a proxy that wants a login": canary => ({ status: 407, body: `<html>${canary}</html>` }),
    "a 500": () => ({ status: 500 }),
    "a 503 in plain text": canary => ({ status: 503, body: canary }),
    "a connection that is reset": () => ({ reset: true }),
  }

  test.for(
    Object.keys(ODD),
  )("%s is UNAVAILABLE and transient, never a value, and leaves a write open", async what => {
    const { store, errorOf, value } = await failing(canary =>
      (ODD[what] as (canary: string) => Answer)(canary),
    )
    const reading = await errorOf(read(store))
    expect([reading.code, reading.transient, reading.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    const writing = await errorOf(store.write("a", value, calm))
    expect([writing.code, writing.outcome]).toEqual(["UNAVAILABLE", "unknown"])
    expect((await errorOf(store.readMany(["a", "b"], calm))).code).toBe("UNAVAILABLE")
    expect((await errorOf(collect(store.versions("a", calm)))).code).toBe("UNAVAILABLE")
    expect((await errorOf(collect(store.list(calm)))).code).toBe("UNAVAILABLE")
  })

  test("a 429 is THROTTLED whoever says it, and its Retry-After is believed, and that of a 503", async () => {
    const many = await failing(canary => ({ status: 429, headers: { "retry-after": "7" }, body: canary }))
    expect(await many.errorOf(read(many.store))).toMatchObject({ code: "THROTTLED", retryAfterMs: 7_000 })
    const down = await failing(canary => ({ status: 503, headers: { "retry-after": "3" }, body: canary }))
    expect(await down.errorOf(read(down.store))).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 3_000 })
  })
})

describe("ways that lead nowhere", () => {
  test("a host that refuses is UNAVAILABLE, and a write there was certainly not made", async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as { port: number }
    await new Promise(resolve => server.close(resolve))
    const error = await errorOf(storeOn(`http://127.0.0.1:${port}`).write("a", "value", calm))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    expect(error.hint).toContain("endpoint")
  })

  test("a host that does not exist points to the region", async () => {
    const error = await errorOf(storeOn("http://no-such-host.invalid").write("a", "value", calm))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    expect(error.hint).toContain("region")
  })

  test("a certificate that is not trusted does not pass by itself, and says what to set", async () => {
    const server = createTlsServer(await makeCertificate())
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(async () => void (await new Promise(resolve => server.close(resolve))))
    const { port } = server.address() as { port: number }
    const error = await errorOf(storeOn(`https://127.0.0.1:${port}`).write("a", "value", calm))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", false, undefined])
    expect(error.hint).toContain("NODE_EXTRA_CA_CERTS")
  })

  test("a host that does not speak TLS points to the endpoint", async () => {
    const server = await play(() => ({}))
    const error = await errorOf(read(storeOn(server.url.replace("http:", "https:"))))
    expect([error.code, error.transient]).toEqual(["UNAVAILABLE", false])
    expect(error.hint).toContain("endpoint")
  })
})
