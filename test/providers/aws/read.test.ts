import { Secrets } from "latchkey"
import { aws } from "latchkey/aws"
import { describe, expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import {
  awsError,
  awsSecret,
  calm,
  collect,
  DELETED,
  errorOf,
  type Play,
  play,
  read,
  storeOn,
  versionId,
} from "./play.ts"

describe("reading", () => {
  test("asks for the label, or for the version, and gives value, version and date", async () => {
    const server = await play(() => ({ body: awsSecret("tally/api-token", "value", versionId(1)) }))
    const store = storeOn(server.url)
    expect(await read(store)).toEqual({
      value: "value",
      version: versionId(1),
      createdAt: new Date(1_795_000_000_500),
    })
    await store.read("tally/api-token", { ...calm, version: versionId(1) })
    expect(server.requests.map(({ body }) => body)).toEqual([
      { SecretId: "tally/api-token", VersionStage: "AWSCURRENT" },
      { SecretId: "tally/api-token", VersionId: versionId(1) },
    ])
  })

  test.for([
    ["an empty text", { SecretString: "" }, ""],
    ["bytes that are text", { SecretBinary: "Zm9vdGVzdA==" }, "footest"],
    ["bytes that are none", { SecretBinary: "/wA=" }, Uint8Array.of(0xff, 0x00)],
  ] as const)("takes %s for the value that it is", async ([, content, value]) => {
    const server = await play(() => ({ body: { Name: "a", VersionId: versionId(1), ...content } }))
    const found = (await read(storeOn(server.url))).value
    expect(found instanceof Uint8Array ? [...found] : found).toEqual(
      value instanceof Uint8Array ? [...value] : value,
    )
  })

  test("ends when its caller's signal aborts, also in the middle, and takes the listener off", async () => {
    const server = await play(() => ({ hang: true }))
    const store = storeOn(server.url)
    const controller = new AbortController()
    let listeners = 0
    const { signal } = controller
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...args)
    }
    const reading = errorOf(store.read("a", { signal }))
    await eventually(() => expect(server.requests.length).toBe(1))
    controller.abort()
    expect([(await reading).code, listeners]).toEqual(["ABORTED", 0])
    await eventually(async () => expect(await server.connections()).toBe(0))
  })

  test("uses one connection for calls one after the other, which close() gives back", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const store = storeOn(server.url)
    for (let round = 0; round < 3; round++) await read(store)
    expect(await server.connections()).toBe(1)
    await store.close()
    await eventually(async () => expect(await server.connections()).toBe(0))
  })

  test("is CLOSED after close, and sends nothing", async () => {
    const server = await play(() => ({ body: awsSecret("a", "v") }))
    const store = storeOn(server.url)
    await read(store)
    await store.close()
    await store.close()
    expect((await errorOf(read(store))).code).toBe("CLOSED")
    expect(server.requests.length).toBe(1)
  })
})

describe("listing", () => {
  const page = (names: readonly string[], NextToken?: string) => ({
    body: {
      SecretList: names.map(name => ({ ...awsSecret(name, "unused"), SecretString: undefined })),
      NextToken,
    },
  })
  const namesOf = async (store: ReturnType<typeof storeOn>, under?: string) =>
    (await collect(store.list({ ...calm, ...(under !== undefined && { under }) }))).map(({ name }) => name)

  test("goes through all pages, and asks only for what begins with prefix and name", async () => {
    const server = await play(({ body }) =>
      body.NextToken === undefined
        ? page(["prod/tally/a"], "more")
        : page(["prod/tally/b", "prod/tally-two"]),
    )
    expect(await namesOf(storeOn(server.url, { prefix: "prod" }), "tally")).toEqual(["tally/a", "tally/b"])
    expect(server.requests.map(({ body }) => body)).toEqual([
      { MaxResults: 100, Filters: [{ Key: "name", Values: ["prod/tally"] }] },
      { MaxResults: 100, Filters: [{ Key: "name", Values: ["prod/tally"] }], NextToken: "more" },
    ])
  })

  test("calls a secret that is renamed by its ARN by its portable name", async () => {
    const server = await play(() => page(["Old_Name", "other"]))
    const rename = { "tally/key": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:Old_Name-AbCdEf" }
    expect(await namesOf(storeOn(server.url, { rename }))).toEqual(["tally/key", "other"])
  })

  test("does not take an exclamation mark for a negation", async () => {
    const server = await play(() => page(["rds!cluster", "!odd"]))
    expect(await namesOf(storeOn(server.url), "!odd")).toEqual(["!odd"])
    expect(server.requests[0]?.body).toEqual({ MaxResults: 100 })
  })

  test("leaves out a secret that never had a value", async () => {
    const listed = [
      { Name: "with", SecretVersionsToStages: { [versionId(1)]: ["AWSCURRENT"] } },
      { Name: "without", SecretVersionsToStages: { [versionId(2)]: ["AWSPENDING"] } },
      { Name: "unknown" },
    ]
    const server = await play(() => ({ body: { SecretList: listed } }))
    expect(await namesOf(storeOn(server.url))).toEqual(["with", "unknown"])
  })
})

describe("versions", () => {
  const listed = (number: number, current: boolean, ...stages: string[]) => ({
    version: versionId(number),
    current,
    readable: true,
    stages,
    createdAt: new Date(number * 100_000),
  })

  test("are those that are or were current, newest first, through all pages", async () => {
    const version = (number: number, date: number, ...stages: string[]) => ({
      VersionId: versionId(number),
      VersionStages: stages,
      CreatedDate: date,
    })
    const server = await play(({ body }) =>
      body.NextToken === undefined
        ? {
            body: {
              Versions: [version(1, 100, "AWSPREVIOUS"), version(4, 400, "AWSPENDING")],
              NextToken: "more",
            },
          }
        : {
            body: {
              Versions: [
                version(5, 500, "latchkey-candidate-1"),
                version(3, 300, "AWSCURRENT", "AWSPENDING", "latchkey-candidate-1"),
                version(2, 200, "BLUE"),
              ],
            },
          },
    )
    expect(await collect(storeOn(server.url).versions("a", calm))).toEqual([
      listed(3, true, "AWSCURRENT", "AWSPENDING"),
      listed(2, false, "BLUE"),
      listed(1, false, "AWSPREVIOUS"),
    ])
    expect(server.requests.map(({ body }) => body)).toEqual([
      { SecretId: "a", MaxResults: 100 },
      { SecretId: "a", MaxResults: 100, NextToken: "more" },
    ])
  })
})

describe("ping", () => {
  test.for([
    ["ResourceNotFoundException", undefined],
    ["AccessDeniedException", undefined],
    ["InvalidRequestException", undefined, DELETED],
    ["InvalidRequestException", "UNSUPPORTED"],
    ["AccessDeniedException", "UNAVAILABLE", "with an explicit deny in a VPC endpoint policy: no"],
    ["UnknownOperationException", "UNSUPPORTED"],
    ["UnrecognizedClientException", "UNAUTHENTICATED"],
    ["ThrottlingException", "THROTTLED"],
    ["InternalServiceError", "UNAVAILABLE"],
  ] as readonly [string, string | undefined, string?][])("that is answered with %s ends with %s", async ([
    answer,
    code,
    text = "",
  ]) => {
    const canary = newCanary()
    const server = await play(() => awsError(answer, `${canary.text} ${text}`))
    const outcome = await storeOn(server.url)
      .ping(calm)
      .then(
        () => undefined,
        error => canary.watch(error).code,
      )
    expect(outcome).toBe(code)
  })

  test("asks for a name that nobody can write, where the prefix permits to read", async () => {
    const server = await play(() => awsError("ResourceNotFoundException"))
    await storeOn(server.url).ping(calm)
    await storeOn(server.url, { prefix: "prod/tally" }).ping(calm)
    expect(server.requests.map(({ action, body }) => [action, body.SecretId])).toEqual([
      ["GetSecretValue", "latchkey/ping"],
      ["GetSecretValue", "prod/tally/latchkey/ping"],
    ])
  })
})

describe("a store of another stage", () => {
  const STAGED = { region: "eu-west-1", credentials: { accessKeyId: "AKID", secretAccessKey: "key" } }
  const staged = (server: Play, stage: string) => {
    const store = aws({ ...STAGED, endpoint: server.url, stage })
    onTestFinished(async () => await store.close())
    return store
  }

  test("reads the version that has its label, one secret at a time", async () => {
    const server = await play(({ body }) => ({ body: awsSecret(String(body.SecretId), "pending") }))
    const secrets = new Secrets(staged(server, "AWSPENDING"))
    const { a, b } = await secrets.getMany({ a: "a", b: "b" })
    expect([a.reveal(), b.reveal()]).toEqual(["pending", "pending"])
    expect(server.requests.map(({ action, body }) => [action, body])).toEqual([
      ["GetSecretValue", { SecretId: "a", VersionStage: "AWSPENDING" }],
      ["GetSecretValue", { SecretId: "b", VersionStage: "AWSPENDING" }],
    ])
    await secrets.close()
  })

  test("lists the secrets that have it, and calls its version the current one", async () => {
    const server = await play(({ action }) =>
      action === "ListSecrets"
        ? {
            body: {
              SecretList: [
                {
                  Name: "with",
                  SecretVersionsToStages: { [versionId(1)]: ["AWSCURRENT"], [versionId(2)]: ["AWSPENDING"] },
                },
                { Name: "without", SecretVersionsToStages: { [versionId(1)]: ["AWSCURRENT"] } },
              ],
            },
          }
        : {
            body: {
              Versions: [
                { VersionId: versionId(1), VersionStages: ["AWSCURRENT"], CreatedDate: 100 },
                { VersionId: versionId(2), VersionStages: ["AWSPENDING"], CreatedDate: 200 },
              ],
            },
          },
    )
    const store = staged(server, "AWSPENDING")
    expect((await collect(store.list(calm))).map(({ name }) => name)).toEqual(["with"])
    expect(
      (await collect(store.versions("a", calm))).map(({ version, current }) => [version, current]),
    ).toEqual([
      [versionId(2), true],
      [versionId(1), false],
    ])
  })

  test("changes nothing, because what it would change is the secret", async () => {
    const server = await play(() => ({}))
    const store = staged(server, "AWSPREVIOUS")
    expect(["write" in store, "delete" in store, "readMany" in store]).toEqual([false, false, false])
    expect(store.capabilities).toMatchObject({
      preconditions: { absent: false, version: false },
      batchSize: 1,
    })
    const secrets = new Secrets(store as ReturnType<typeof aws>)
    await expect(secrets.put("a", "value")).rejects.toMatchObject({ code: "UNSUPPORTED" })
    expect(server.requests).toEqual([])
    await secrets.close()
  })

  test("is all of a store where the stage is the one that is in force", () => {
    expect("write" in aws({ stage: "AWSCURRENT" })).toBe(true)
  })
})
