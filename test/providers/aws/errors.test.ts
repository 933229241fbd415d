import { createServer } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { type SecretErrorCode, Secrets } from "latchkey"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { makeCertificate } from "../../support/certificates.ts"
import {
  type Answer,
  awsError,
  awsSecret,
  calm,
  collect,
  DELETED,
  errorOf,
  play,
  read,
  storeOn,
  versionId,
} from "./play.ts"

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
  ["InvalidRequestException", "UNSUPPORTED"],
  ["InvalidParameterException", "INVALID_NAME"],
  ["ValidationException", "INVALID_NAME"],
  ["DecryptionFailure", "DISABLED"],
  ["NoSuchErrorAnywhere", "UNAVAILABLE"],
]

const WRITING: readonly Row[] = [
  ...EVERYWHERE,
  ["InvalidRequestException", "UNSUPPORTED"],
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
    ["InvalidRequestException", "UNSUPPORTED"],
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

  test.for([
    DELETED,
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
    "You can't perform this operation on the secret because it was deleted.",
    "You tried to perform the operation on a secret that's currently marked deleted.",
  ])("a secret that was deleted says so, and the way back, when read and when written: %s", async text => {
    const { store, errorOf, value } = await failing(() => awsError("InvalidRequestException", text))
    const calls = [
      read(store),
      store.delete("a", calm),
      store.write("a", value, calm),
      store.write("a", value, { ...calm, expect: "absent" }),
    ]
    const errors = await Promise.all(calls.map(errorOf))
    expect(errors.map(({ code }) => code)).toEqual(["NOT_FOUND", "NOT_FOUND", "CONFLICT", "CONFLICT"])
    for (const { hint, plainMessage } of errors)
      expect([hint, plainMessage]).toEqual([
        expect.stringContaining("restore-secret"),
        expect.stringContaining("deleted"),
      ])
  })

  test.for([
    [
      "InvalidRequestException",
      "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
    ],
    [
      "InvalidRequestException",
      "You can't perform this operation on secret a because it is managed by the rds service.",
    ],
    ["InvalidParameterException", "You can't delete secret a that still has replica regions [us-east-1]."],
  ] as const)("a secret with which something is not done is still there: %s, %s", async ([name, text]) => {
    const { store, errorOf } = await failing(() => awsError(name, text))
    const refused = {
      code: "UNSUPPORTED",
      transient: false,
      plainMessage: "the service does not do this with this secret",
    }
    expect(await errorOf(store.delete("a", calm))).toMatchObject(refused)
    if (name === "InvalidRequestException") expect(await errorOf(read(store))).toMatchObject(refused)
  })

  test("what the service does not do with a secret takes away neither a value that is held, nor the secret", async () => {
    let refuses = false
    const server = await play(() =>
      refuses ? awsError("InvalidRequestException") : { body: awsSecret("a", "value") },
    )
    const secrets = new Secrets(storeOn(server.url), { refresh: "on-read" })
    const handle = await secrets.get("a")
    refuses = true
    for (const _ of ["once", "twice"])
      await expect(secrets.refresh("a")).rejects.toMatchObject({ code: "UNSUPPORTED" })
    expect([handle.reveal(), handle.status.stale]).toEqual(["value", true])
    await expect(secrets.getOptional("b")).rejects.toMatchObject({ code: "UNSUPPORTED" })
    await secrets.close()
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

  test.for([
    ["because no identity-based policy allows the secretsmanager:GetSecretValue action", "DENIED"],
    ["with an explicit deny in an identity-based policy", "DENIED"],
    ["with an explicit deny in a resource-based policy: arn:aws:iam::123456789012:policy/p", "DENIED"],
    ["because no permissions boundary allows the secretsmanager:GetSecretValue action", "DENIED"],
    ["because no session policy allows the secretsmanager:GetSecretValue action", "DENIED"],
    ["with an explicit deny in a VPC endpoint policy", "UNAVAILABLE"],
    ["because no VPC endpoint policy allows the secretsmanager:GetSecretValue action", "UNAVAILABLE"],
    ["with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p", "UNAVAILABLE"],
    ["because no service control policy allows the secretsmanager:GetSecretValue action", "UNAVAILABLE"],
    ["with an explicit deny in a resource control policy", "UNAVAILABLE"],
  ] as const)("not permitted %s is %s, and does not pass by itself", async ([context, code]) => {
    const text = `User: arn:aws:iam::1:user/u is not authorized to perform: secretsmanager:GetSecretValue on resource: a ${context}`
    const { store, errorOf, value } = await failing(() => awsError("AccessDeniedException", text))
    const reading = await errorOf(read(store))
    expect([reading.code, reading.transient]).toEqual([code, false])
    expect(reading.hint).toContain(code === "DENIED" ? "secretsmanager:GetSecretValue" : "VPC endpoint")
    const writing = await errorOf(store.write("a", value, calm))
    expect([writing.code, writing.outcome]).toEqual([code, undefined])
    // A batch may be barred alone, and then each secret says what is so.
    expect((await errorOf(store.readMany(["a", "b"], calm))).code).toBe("DENIED")
  })

  test("a name of somebody's own does not look like a policy", async () => {
    const text =
      "User: arn:aws:sts::1:assumed-role/r/VPC-endpoint-policy is not authorized: no VPC endpoint policy"
    const { store, errorOf } = await failing(() => awsError("AccessDeniedException", text))
    expect((await errorOf(read(store))).code).toBe("DENIED")
  })

  test("an answer that is an hour off says nothing else for it", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    const { store, errorOf } = await failing(canary => ({
      ...awsError("ResourceNotFoundException", canary),
      headers: { date },
    }))
    expect(await errorOf(read(store))).toMatchObject({ code: "NOT_FOUND", transient: false })
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
    expect((await errorOf(store.ping(calm))).code).toBe("UNAVAILABLE")
    // Whoever names the secret has heard of it.
    if (what.startsWith("a secret")) return
    const deleting = await errorOf(store.delete("a", calm))
    expect([deleting.code, deleting.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  })

  test.for([
    "",
    "{}",
    "null",
    '{"Name":""}',
    "<html>",
  ])("%j at the end of a change says of none that it was made", async body => {
    const server = await play(({ action, body: asked }) => {
      if (action === "DescribeSecret") return { body: { Name: "a" } }
      const puts = action === "PutSecretValue"
      return { body: puts ? { Name: "a", VersionId: asked.ClientRequestToken } : body }
    })
    const forGood = storeOn(server.url, { recoveryWindow: "none" })
    const changes = [
      storeOn(server.url).write("a", "value", { ...calm, expect: versionId(1) }),
      storeOn(server.url).delete("a", calm),
      forGood.delete("a", calm),
    ]
    for (const error of await Promise.all(changes.map(errorOf)))
      expect(error).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
  })

  test("a deletion for good whose first question is not answered has removed nothing", async () => {
    const server = await play(() => ({ body: "" }))
    const error = await errorOf(storeOn(server.url, { recoveryWindow: "none" }).delete("a", calm))
    expect([error.code, error.outcome, server.count("DeleteSecret")]).toEqual(["UNAVAILABLE", undefined, 0])
  })

  test("a secret in the place where none can be lets in, and half of one does not", async () => {
    const whole = await play(() => ({ body: awsSecret("latchkey/ping", "v") }))
    await storeOn(whole.url).ping(calm)
    const half = await play(() => ({ body: { VersionId: versionId(1) } }))
    expect((await errorOf(storeOn(half.url).ping(calm))).code).toBe("UNAVAILABLE")
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
