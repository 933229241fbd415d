import { Secrets } from "latchkey"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import {
  type Answer,
  awsError,
  awsSecret,
  calm,
  DELETED,
  errorOf,
  play,
  type Request,
  storeOn,
  versionId,
} from "./play.ts"

/** What the service answers to whoever creates a version: the token is its id. */
const made = ({ body }: Request): Answer => ({ body: { Name: "a", VersionId: body.ClientRequestToken } })
/** A service that answers each request in turn. */
const inTurn = async (...answers: readonly ((request: Request) => Answer)[]) => {
  let turn = 0
  return await play(request => (answers[turn++] ?? (() => awsError("InternalServiceError")))(request))
}
const actionsOf = ({ requests }: { requests: readonly Request[] }) => requests.map(({ action }) => action)
const missing = () => awsError("ResourceNotFoundException")
const exists = () => awsError("ResourceExistsException")
const moved = () => ({ body: { Name: "a" } })
const heldByAnother = () => awsError("InvalidParameterException")

describe("a write without a condition", () => {
  test("is one call for a secret that is there, and says the version that our token became", async () => {
    const server = await inTurn(made)
    const info = await storeOn(server.url).write("a", "value", calm)
    expect(actionsOf(server)).toEqual(["PutSecretValue"])
    expect(server.requests[0]?.body).toEqual({
      SecretId: "a",
      SecretString: "value",
      ClientRequestToken: info.version,
    })
    expect(info).toMatchObject({ current: true, readable: true })
  })

  test("creates a secret that is missing", async () => {
    const server = await inTurn(missing, made)
    const { version } = await storeOn(server.url).write("a", "value", calm)
    expect(actionsOf(server)).toEqual(["PutSecretValue", "CreateSecret"])
    expect(server.requests[1]?.body).toEqual({
      Name: "a",
      SecretString: "value",
      ClientRequestToken: version,
    })
  })

  test("that meets another writer while it creates puts its value after his, by the same token", async () => {
    const server = await inTurn(missing, exists, made)
    const { version } = await storeOn(server.url).write("a", "value", calm)
    expect(actionsOf(server)).toEqual(["PutSecretValue", "CreateSecret", "PutSecretValue"])
    expect(server.requests.map(({ body }) => body.ClientRequestToken)).toEqual([version, version, version])
  })

  test("does not go round in circles with somebody who creates and deletes", async () => {
    const server = await inTurn(missing, exists, missing, made)
    const error = await errorOf(storeOn(server.url).write("a", "value", calm))
    expect([error.code, server.requests.length]).toEqual(["CONFLICT", 3])
  })

  test("has a token of its own each time", async () => {
    const server = await play(made)
    const store = storeOn(server.url)
    const versions = [await store.write("a", "same", calm), await store.write("a", "same", calm)]
    expect(new Set(versions.map(({ version }) => version)).size).toBe(2)
  })

  test("sends bytes as bytes, and text as text", async () => {
    const server = await play(made)
    const store = storeOn(server.url)
    await store.write("a", Uint8Array.of(0xff, 0x00), calm)
    await store.write("a", "ключ", calm)
    expect(server.requests.map(({ body }) => [body.SecretBinary, body.SecretString])).toEqual([
      ["/wA=", undefined],
      [undefined, "ключ"],
    ])
  })

  test("is sent once, whatever it ends with", async () => {
    const server = await play(() => awsError("InternalServiceError", "", 500))
    const error = await errorOf(storeOn(server.url).write("a", "value", calm))
    expect([error.code, error.outcome, server.requests.length]).toEqual(["UNAVAILABLE", "unknown", 1])
  })

  test("whose answer names another version than ours has an unknown outcome", async () => {
    const server = await play(() => ({ body: { VersionId: versionId(9) } }))
    const error = await errorOf(storeOn(server.url).write("a", "value", calm))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  })

  test("whose answer is lost is found out by reading, and not sent again", async () => {
    let held: object | undefined
    const server = await play(({ action, body }) => {
      if (action === "GetSecretValue") return { body: held ?? {} }
      held = awsSecret("a", String(body.SecretString), String(body.ClientRequestToken))
      return { reset: true }
    })
    const secrets = new Secrets(storeOn(server.url))
    expect(await secrets.put("a", "value")).toBe((held as { VersionId: string } | undefined)?.VersionId)
    expect(actionsOf(server)).toEqual(["PutSecretValue", "GetSecretValue"])
    await secrets.close()
  })

  test("to the ARN of a secret that is not there does not create one of that name", async () => {
    const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:theirs-AbCdEf"
    const server = await inTurn(missing, made)
    const error = await errorOf(storeOn(server.url).write(arn, "value", calm))
    expect([error.code, actionsOf(server)]).toEqual(["UNSUPPORTED", ["PutSecretValue"]])
  })

  test.for([
    ["empty", "", 0],
    ["one byte", "x", 1],
    ["as large as may be", "x".repeat(65_536), 1],
    ["too large by a byte", "x".repeat(65_537), 0],
    ["too large in bytes, not in characters", "ж".repeat(32_769), 0],
    ["bytes that are too large", new Uint8Array(65_537).fill(255), 0],
  ] as const)("of a value that is %s is refused before it is sent, or sent", async ([, value, sent]) => {
    const server = await play(made)
    const outcome = await storeOn(server.url)
      .write("a", value, calm)
      .then(
        () => "written",
        error => error.code,
      )
    expect([outcome, server.requests.length]).toEqual([sent === 1 ? "written" : "INVALID_VALUE", sent])
  })
})

test("what a write creates has the key and the tags that were asked for, and nothing else does", async () => {
  const server = await inTurn(missing, made, made, made)
  const tags = { team: "billing", "cost-centre": "" }
  const store = storeOn(server.url, { kmsKeyId: "alias/secrets", tags })
  await store.write("a", "value", calm)
  await store.write("b", "value", { ...calm, expect: "absent" })
  await store.write("c", "value", calm)
  const fresh = {
    KmsKeyId: "alias/secrets",
    Tags: [
      { Key: "team", Value: "billing" },
      { Key: "cost-centre", Value: "" },
    ],
  }
  const given = server.requests.map(({ action, body: { KmsKeyId, Tags } }) => [action, { KmsKeyId, Tags }])
  const nothing = { KmsKeyId: undefined, Tags: undefined }
  expect(given).toEqual([
    ["PutSecretValue", nothing],
    ["CreateSecret", fresh],
    ["CreateSecret", fresh],
    ["PutSecretValue", nothing],
  ])
})

test("a write to what is absent creates, and nothing else", async () => {
  const server = await inTurn(made, exists)
  const store = storeOn(server.url)
  await store.write("a", "value", { ...calm, expect: "absent" })
  expect((await errorOf(store.write("a", "value", { ...calm, expect: "absent" }))).code).toBe("CONFLICT")
  expect(actionsOf(server)).toEqual(["CreateSecret", "CreateSecret"])
})

describe("a write that expects a version", () => {
  const options = { ...calm, expect: versionId(1) }

  test("puts its value aside under a label of its own, moves AWSCURRENT to it, and takes the label off", async () => {
    const server = await inTurn(made, moved, moved)
    const store = storeOn(server.url)
    const { version } = await store.write("a", "value", options)
    await store.close()
    const label = `latchkey-candidate-${version}`
    expect(server.requests.map(({ action, body }) => [action, body])).toEqual([
      [
        "PutSecretValue",
        {
          SecretId: "a",
          SecretString: "value",
          ClientRequestToken: version,
          VersionStages: [label],
        },
      ],
      [
        "UpdateSecretVersionStage",
        {
          SecretId: "a",
          VersionStage: "AWSCURRENT",
          MoveToVersionId: version,
          RemoveFromVersionId: versionId(1),
        },
      ],
      ["UpdateSecretVersionStage", { SecretId: "a", VersionStage: label, RemoveFromVersionId: version }],
    ])
  })

  test.for([
    ["", moved],
    [", also if it cannot tidy up", heldByAnother],
  ] as const)("and loses is told CONFLICT, and takes its label off again%s", async ([, last]) => {
    const canary = newCanary()
    const server = await inTurn(made, () => awsError("InvalidParameterException", canary.text), last)
    const store = storeOn(server.url)
    const error = canary.watch(await errorOf(store.write("a", canary.text, options)))
    await store.close()
    expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
    const token = String(server.requests[0]?.body.ClientRequestToken)
    expect(server.requests[2]?.body).toEqual({
      SecretId: "a",
      VersionStage: `latchkey-candidate-${token}`,
      RemoveFromVersionId: token,
    })
  })

  test("and wins has won, also if it cannot tidy up", async () => {
    const server = await inTurn(made, moved, () => ({ reset: true }))
    const store = storeOn(server.url)
    const info = await store.write("a", "value", options)
    await store.close()
    expect([info.current, server.requests.length]).toEqual([true, 3])
  })

  test("of a secret that is missing, or was deleted, is told CONFLICT and creates nothing", async () => {
    for (const answer of [missing, () => awsError("InvalidRequestException", DELETED)]) {
      const server = await inTurn(answer)
      expect((await errorOf(storeOn(server.url).write("a", "value", options))).code).toBe("CONFLICT")
      expect(server.requests.length).toBe(1)
    }
  })

  test("has changed nothing if its value could not be put aside, and may have if the move was not answered", async () => {
    const aside = await inTurn(() => ({ reset: true }))
    const first = await errorOf(storeOn(aside.url).write("a", "value", options))
    expect([first.code, first.outcome]).toEqual(["UNAVAILABLE", undefined])
    const move = await inTurn(made, () => ({ reset: true }))
    const second = await errorOf(storeOn(move.url).write("a", "value", options))
    expect([second.code, second.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  })

  const label = ({ body }: Request) =>
    String(body.VersionStage ?? body.VersionStages).startsWith("latchkey-candidate-")
  const takesOff = (request: Request) => request.action === "UpdateSecretVersionStage" && label(request)

  test.for([
    ["ResourceNotFoundException", 1],
    ["AccessDeniedException", 1],
    ["ThrottlingException", 1],
    ["InvalidRequestException", 1],
    ["LimitExceededException", 1],
    ["InternalServiceError", 1],
    ["", 1],
  ] as const)("takes its label off whatever its move is answered with: %j", async ([answer, off]) => {
    const server = await inTurn(made, () => (answer === "" ? { body: "" } : awsError(answer)), moved)
    const store = storeOn(server.url)
    await errorOf(store.write("a", "value", options))
    await store.close()
    expect([server.requests.length, server.requests.filter(takesOff).length]).toEqual([2 + off, off])
  })

  test.for([
    ["was refused", () => awsError("AccessDeniedException"), 0],
    ["may have been put aside", () => ({ reset: true }), 1],
  ] as const)("whose value %s takes its label off if there may be one", async ([, answer, off]) => {
    const server = await inTurn(answer, moved)
    const store = storeOn(server.url)
    await errorOf(store.write("a", "value", options))
    await store.close()
    expect(server.requests.filter(takesOff).length).toBe(off)
  })

  test.for([
    ["won", moved, undefined],
    ["lost", heldByAnother, "CONFLICT"],
  ] as const)("that has %s is told so at once, though the tidying is never answered", async ([
    ,
    answer,
    code,
  ]) => {
    const server = await inTurn(made, answer, () => ({ hang: true }))
    const secrets = new Secrets(storeOn(server.url), { callTimeout: "15s" })
    const putting = secrets.put("a", "value", { expect: versionId(1) })
    if (code === undefined) await putting
    else expect(await errorOf(putting)).toMatchObject({ code })
    await eventually(() => expect(server.requests.filter(takesOff).length).toBe(1))
    await secrets.close()
    await eventually(async () => expect(await server.connections()).toBe(0))
  })

  test("makes room where dead writers have left their labels, and leaves those of others alone", async () => {
    const old = { CreatedDate: 1_700_000_000 }
    const young = { CreatedDate: Math.floor(Date.now() / 1_000) - 3_600 }
    const versions = [
      { VersionId: versionId(1), VersionStages: ["AWSCURRENT", "latchkey-candidate-1"], ...old },
      { VersionId: versionId(2), VersionStages: ["latchkey-candidate-2"], ...old },
      { VersionId: versionId(3), VersionStages: ["latchkey-candidate-3"], ...young },
      { VersionId: versionId(4), VersionStages: ["BLUE", "AWSPREVIOUS"], ...old },
      { VersionId: versionId(5), VersionStages: ["latchkey-candidate-5"] },
    ]
    const server = await inTurn(
      () => awsError("LimitExceededException"),
      () => ({ body: { Versions: versions } }),
      moved,
      moved,
      made,
      moved,
      moved,
    )
    const store = storeOn(server.url)
    const { version } = await store.write("a", "value", options)
    await store.close()
    const off = server.requests
      .filter(takesOff)
      .map(({ body }) => [body.VersionStage, body.RemoveFromVersionId])
    expect(off).toEqual([
      ["latchkey-candidate-1", versionId(1)],
      ["latchkey-candidate-2", versionId(2)],
      [`latchkey-candidate-${version}`, version],
    ])
    const puts = server.requests.filter(({ action }) => action === "PutSecretValue")
    expect(puts.map(({ body }) => body.ClientRequestToken)).toEqual([version, version])
  })

  test.for([
    ["there is nothing to be tidied up", () => ({ body: { Versions: [] } })],
    ["tidying up is not permitted", () => awsError("AccessDeniedException")],
  ] as const)("where there is no room and %s, is told that", async ([, answer]) => {
    const server = await inTurn(() => awsError("LimitExceededException"), answer)
    const error = await errorOf(storeOn(server.url).write("a", "value", options))
    expect([error.code, error.transient, error.outcome]).toEqual(["THROTTLED", false, undefined])
    expect(actionsOf(server)).toEqual(["PutSecretValue", "ListSecretVersionIds"])
  })
})

describe("a deletion", () => {
  test("keeps the secret for the recovery window", async () => {
    const server = await play(moved)
    await storeOn(server.url).delete("a", calm)
    await storeOn(server.url, { recoveryWindow: "7d" }).delete("a", calm)
    expect(server.requests.map(({ body }) => body)).toEqual([
      { SecretId: "a", RecoveryWindowInDays: 30 },
      { SecretId: "a", RecoveryWindowInDays: 7 },
    ])
  })

  test("for good asks first whether there is such a secret, because the service does not say", async () => {
    const there = await inTurn(() => ({ body: { Name: "a" } }), moved)
    await storeOn(there.url, { recoveryWindow: "none" }).delete("a", calm)
    expect(there.requests[1]?.body).toEqual({ SecretId: "a", ForceDeleteWithoutRecovery: true })
    for (const answer of [missing, () => ({ body: { Name: "a", DeletedDate: 1_795_000_000 } })]) {
      const gone = await inTurn(answer)
      const error = await errorOf(storeOn(gone.url, { recoveryWindow: "none" }).delete("a", calm))
      expect([error.code, gone.requests.length]).toEqual(["NOT_FOUND", 1])
    }
  })
})
