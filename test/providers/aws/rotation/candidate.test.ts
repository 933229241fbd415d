import { describe, expect, test } from "vitest"
import { newCanary } from "../../../support/canary.ts"
import { type Answer, awsError, calm, errorOf, type Request, versionId } from "../play.ts"
import { actionsOf, BASE, described, made, missing, NAME, sceneOf, version } from "./scene.ts"

const ROTATION = "rotation-1"
const parking = (value: string) => ({ ...calm, rotationId: ROTATION, value })

/** Answers each action by itself. */
function service(answers: Readonly<Record<string, (request: Request) => Answer>>) {
  return (request: Request): Answer => answers[request.action]?.(request) ?? awsError("InternalServiceError")
}

describe("a candidate", () => {
  test("is put beside the current version under a label of its rotation, which is not AWSPENDING", async () => {
    const { ledger, server } = await sceneOf(
      service({ DescribeSecret: () => described(), PutSecretValue: made }),
    )
    const { reference, mine } = await ledger.park(NAME, parking("new"))
    expect(mine).toBe(true)
    expect(server.requests.at(-1)?.body).toEqual({
      SecretId: NAME,
      SecretString: "new",
      ClientRequestToken: reference,
      VersionStages: [`latchkey-rotation-${reference}`],
    })
    expect((await ledger.park(NAME, parking("new"))).reference).toBe(reference)
    const other = await ledger.park(NAME, { ...parking("new"), rotationId: "rotation-2" })
    expect(other.reference).not.toBe(reference)
    expect(reference).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test("that is there already is told where it is, and whether it is the caller's", async () => {
    for (const [held, mine] of [
      ["theirs", false],
      ["mine", true],
    ] as const) {
      const { ledger } = await sceneOf(
        service({
          DescribeSecret: () => described(),
          PutSecretValue: () => awsError("ResourceExistsException"),
          GetSecretValue: () => version(held),
        }),
      )
      expect((await ledger.park(NAME, parking("mine"))).mine).toBe(mine)
    }
  })

  test("is kept for as long as its label is on it, and a former value as long as the service has it", async () => {
    const { ledger, server } = await sceneOf(
      service({
        GetSecretValue: ({ body }) => {
          const id = String(body.VersionId)
          return id === BASE ? version("before", id, []) : version("new", id, [`latchkey-rotation-${id}`])
        },
      }),
    )
    const found = await ledger.kept(NAME, { ...calm, rotationId: ROTATION })
    const same = await ledger.kept(NAME, {
      ...calm,
      rotationId: ROTATION,
      reference: found?.reference ?? "",
    })
    expect([found?.value, same]).toEqual(["new", found])
    expect(await ledger.kept(NAME, { ...calm, rotationId: ROTATION, reference: BASE })).toEqual({
      reference: BASE,
      value: "before",
    })
    // Nothing that is no id of a version is asked for: the service would take it for a fault.
    expect(await ledger.kept(NAME, { ...calm, rotationId: ROTATION, reference: "short" })).toBeUndefined()
    expect(server.requests).toHaveLength(3)
    const gone = await sceneOf(
      service({ GetSecretValue: ({ body }) => version("new", String(body.VersionId)) }),
    )
    expect(await gone.ledger.kept(NAME, { ...calm, rotationId: ROTATION })).toBeUndefined()
    const never = await sceneOf(() => missing)
    expect(await never.ledger.kept(NAME, { ...calm, rotationId: ROTATION })).toBeUndefined()
  })

  test("is discarded by taking its label off, without asking first, and once more without harm", async () => {
    for (const error of [undefined, "InvalidParameterException", "ResourceNotFoundException"]) {
      const { ledger, server } = await sceneOf(() =>
        error === undefined ? { body: { Name: NAME } } : awsError(error),
      )
      await ledger.discard(NAME, { ...calm, rotationId: ROTATION })
      const { action, body } = server.requests[0] ?? {}
      expect([server.requests.length, action, body]).toEqual([
        1,
        "UpdateSecretVersionStage",
        {
          SecretId: NAME,
          VersionStage: `latchkey-rotation-${body?.RemoveFromVersionId}`,
          RemoveFromVersionId: body?.RemoveFromVersionId,
        },
      ])
    }
    const denied = await sceneOf(() => awsError("AccessDeniedException"))
    expect((await errorOf(denied.ledger.discard(NAME, { ...calm, rotationId: ROTATION }))).code).toBe(
      "DENIED",
    )
  })

  test("whose answer is lost has an unknown outcome, and no error has anything of it", async () => {
    const canary = newCanary()
    for (const [failing, outcome] of [
      ["DescribeSecret", undefined],
      ["PutSecretValue", "unknown"],
    ] as const) {
      const { ledger } = await sceneOf(({ action }) => (action === failing ? { reset: true } : described()))
      const error = canary.watch(await errorOf(ledger.park(NAME, parking(canary.text))))
      expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", outcome])
    }
  })

  test("makes room where there is none, and leaves what the journal names", async () => {
    const old = new Date("2026-01-01T00:00:00Z").getTime() / 1_000
    const journal = {
      schema: 1,
      seq: 3,
      state: "parked",
      rotationId: ROTATION,
      candidate: versionId(7),
      owner: "nonce",
      leaseUntil: 0,
      attempt: 0,
    }
    let full = true
    const off: unknown[] = []
    const { ledger } = await sceneOf(
      service({
        DescribeSecret: () => described(),
        PutSecretValue: request => (full ? awsError("LimitExceededException") : made(request)),
        GetSecretValue: ({ body }) =>
          body.VersionId === undefined ? version(JSON.stringify({ journal, claims: [] })) : missing,
        ListSecretVersionIds: () => ({
          body: {
            Versions: [
              { VersionId: BASE, VersionStages: ["AWSCURRENT", "mine"], CreatedDate: old },
              {
                VersionId: versionId(7),
                VersionStages: [`latchkey-rotation-${versionId(7)}`],
                CreatedDate: old,
              },
              {
                VersionId: versionId(8),
                VersionStages: [`latchkey-rotation-${versionId(8)}`],
                CreatedDate: old,
              },
              {
                VersionId: versionId(9),
                VersionStages: [`latchkey-candidate-${versionId(9)}`],
                CreatedDate: old,
              },
              {
                VersionId: versionId(5),
                VersionStages: [`latchkey-rotation-${versionId(5)}`],
                CreatedDate: Date.now() / 1_000,
              },
            ],
          },
        }),
        UpdateSecretVersionStage: ({ body }) => {
          off.push(body.RemoveFromVersionId)
          full = false
          return { body: { Name: NAME } }
        },
      }),
    )
    expect((await ledger.park(NAME, parking("new"))).mine).toBe(true)
    expect(off).toEqual([versionId(8), versionId(9)])
  })

  test("finds no room where nothing can be taken away", async () => {
    const { ledger, server } = await sceneOf(
      service({
        DescribeSecret: () => described(),
        PutSecretValue: () => awsError("LimitExceededException"),
        GetSecretValue: () => missing,
        ListSecretVersionIds: () => ({ body: { Versions: [] } }),
      }),
    )
    const error = await errorOf(ledger.park(NAME, parking("new")))
    expect([error.code, error.outcome, server.count("PutSecretValue")]).toEqual(["THROTTLED", undefined, 1])
  })
})

describe("a secret that cannot be rotated", () => {
  test.for([
    ["that is missing", missing, "MISCONFIGURED", /create-secret/],
    ["that was deleted", described({ DeletedDate: 1_795_000_000 }), "MISCONFIGURED", /restore-secret/],
    [
      "that the service rotates itself",
      described({ RotationEnabled: true }),
      "MISCONFIGURED",
      /cancel-rotate/,
    ],
    ["without a value", described({ VersionIdsToStages: undefined }), "MISCONFIGURED", /put-secret-value/],
    [
      "without a current value",
      described({ VersionIdsToStages: { [BASE]: ["AWSPENDING"] } }),
      "MISCONFIGURED",
      /put-secret-value/,
    ],
    ["of another service", described({ OwningService: "rds" }), "UNSUPPORTED", /that service/],
    ["that is a replica", described({ PrimaryRegion: "us-east-1" }), "UNSUPPORTED", /us-east-1/],
  ] as const)("%s is refused before anything is written, and the hint says the way out", async ([
    ,
    answer,
    code,
    hint,
  ]) => {
    const { ledger, server } = await sceneOf(() => answer)
    for (const call of [ledger.check(NAME, calm), ledger.park(NAME, parking("new"))]) {
      const error = await errorOf(call)
      expect([error.code, error.hint, error.secret]).toEqual([code, expect.stringMatching(hint), NAME])
    }
    expect(new Set(actionsOf(server))).toEqual(new Set(["DescribeSecret"]))
  })

  test("by its ARN is refused, because its journal would be in another account than that of its other rotators", async () => {
    const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:theirs-AbCdEf"
    const { ledger, server } = await sceneOf(() => described(), { rename: { theirs: arn } })
    expect((await errorOf(ledger.check("theirs", calm))).code).toBe("UNSUPPORTED")
    expect(server.requests).toEqual([])
  })

  test("is told from one that is the primary of its replicas", async () => {
    const { ledger } = await sceneOf(() => described({ PrimaryRegion: "eu-west-1", OwningService: "" }))
    await ledger.check(NAME, calm)
  })
})
