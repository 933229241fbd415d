import type { AwsOptions } from "latchkey/aws"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../../support/canary.ts"
import { type Answer, awsError, calm, errorOf, type Request } from "../play.ts"
import { actionsOf, BASE, described, journal, made, NAME, type Scene, sceneOf } from "./scene.ts"

const ROTATION = "rotation-1"

/** A service that describes the candidate with these labels, and the rest as it says. */
async function parkedScene(
  labels: (token: string) => readonly string[],
  move: (request: Request) => Answer = () => ({ body: { Name: NAME } }),
): Promise<Scene & { readonly reference: string }> {
  let token = ""
  const scene = await sceneOf(request => {
    if (request.action === "PutSecretValue") {
      token ||= String(request.body.ClientRequestToken)
      return made(request)
    }
    if (request.action === "DescribeSecret")
      return described({
        VersionIdsToStages: { [BASE]: ["AWSCURRENT"], ...(token && { [token]: labels(token) }) },
      })
    return move(request)
  })
  const { reference } = await scene.ledger.park(NAME, { ...calm, rotationId: ROTATION, value: "new" })
  return { ...scene, reference }
}

const asked = (reference: string | undefined, value = "new") => ({
  ...calm,
  rotationId: ROTATION,
  value,
  ...(reference !== undefined && { reference }),
  expectBase: BASE,
  journal: () => journal({ seq: 9, state: "promoted" }),
})
const own = (token: string) => `latchkey-rotation-${token}`

describe("a promotion", () => {
  test("moves AWSCURRENT from the version that is expected to have it, and leaves the label where it is", async () => {
    const { ledger, server, reference } = await parkedScene(token => [own(token)])
    expect(await ledger.promote(NAME, asked(reference))).toEqual({
      version: reference,
      previous: BASE,
      journaled: false,
    })
    expect(actionsOf(server).slice(2)).toEqual(["DescribeSecret", "UpdateSecretVersionStage"])
    expect(server.requests.at(-1)?.body).toEqual({
      SecretId: NAME,
      VersionStage: "AWSCURRENT",
      MoveToVersionId: reference,
      RemoveFromVersionId: BASE,
    })
  })

  test.for([
    ["was promoted already", (token: string) => [own(token), "AWSCURRENT"]],
    ["was promoted, and a person has gone back", (token: string) => [own(token), "AWSPREVIOUS"]],
    ["was discarded", () => []],
  ] as const)("of a candidate that %s is refused, and moves nothing", async ([, labels]) => {
    const { ledger, server, reference } = await parkedScene(labels)
    const error = await errorOf(ledger.promote(NAME, asked(reference)))
    expect([error.code, error.outcome, server.count("UpdateSecretVersionStage")]).toEqual([
      "CONFLICT",
      undefined,
      0,
    ])
  })

  test("of a secret that has changed is refused by the service", async () => {
    const { ledger, reference } = await parkedScene(
      token => [own(token)],
      () => awsError("InvalidParameterException"),
    )
    const error = await errorOf(ledger.promote(NAME, asked(reference)))
    expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
  })

  test("from what can be no version of this service is refused without asking", async () => {
    const { ledger, server } = await sceneOf(() => described())
    const error = await errorOf(ledger.promote(NAME, { ...asked(undefined), expectBase: "7" }))
    expect([error.code, server.requests.length]).toEqual(["CONFLICT", 0])
  })

  test("whose answer is lost has an unknown outcome, one that did not come to the move has none", async () => {
    const canary = newCanary()
    const lost = await parkedScene(
      token => [own(token)],
      () => ({ reset: true }),
    )
    const error = await errorOf(lost.ledger.promote(NAME, asked(lost.reference)))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
    for (const failing of ["DescribeSecret", "PutSecretValue"]) {
      const { ledger } = await sceneOf(request => {
        if (request.action === failing) return { reset: true }
        return request.action === "DescribeSecret" ? described() : { body: { Name: NAME } }
      })
      const early = canary.watch(await errorOf(ledger.promote(NAME, asked(undefined, canary.text))))
      expect([early.code, early.outcome]).toEqual(["UNAVAILABLE", undefined])
    }
  })

  test("of a value that was not parked puts it aside first, and takes its label off again", async () => {
    const { ledger, server, close } = await sceneOf(request => {
      if (request.action === "PutSecretValue") return made(request)
      return request.action === "DescribeSecret" ? described() : { body: { Name: NAME } }
    })
    const { version } = await ledger.promote(NAME, asked(undefined))
    const back = await ledger.promote(NAME, asked(BASE, "before"))
    await close()
    expect(version).toBe(back.version)
    const bodies = server.requests.slice(0, 4).map(({ action, body }) => [action, body])
    const label = `latchkey-candidate-${version}`
    expect(bodies).toEqual([
      ["DescribeSecret", { SecretId: NAME }],
      [
        "PutSecretValue",
        { SecretId: NAME, SecretString: "new", ClientRequestToken: version, VersionStages: [label] },
      ],
      [
        "UpdateSecretVersionStage",
        { SecretId: NAME, VersionStage: "AWSCURRENT", MoveToVersionId: version, RemoveFromVersionId: BASE },
      ],
      ["UpdateSecretVersionStage", { SecretId: NAME, VersionStage: label, RemoveFromVersionId: version }],
    ])
  })

  test("where there must be no secret creates it, and is refused where there is one", async () => {
    const created = await sceneOf(made)
    const { expectBase: _, ...none } = asked(undefined)
    const { version, previous } = await created.ledger.promote(NAME, none)
    expect([previous, created.server.requests.map(({ action, body }) => [action, body])]).toEqual([
      undefined,
      [["CreateSecret", { Name: NAME, SecretString: "new", ClientRequestToken: version }]],
    ])
    const there = await sceneOf(() => awsError("ResourceExistsException"))
    expect((await errorOf(there.ledger.promote(NAME, none))).code).toBe("CONFLICT")
  })
})

test("a secret is where its ARN says, whenever it was made, and one that is missing is nowhere", async () => {
  const there = await sceneOf(() => described())
  expect(await there.ledger.placeOf?.(NAME, calm)).toBe(
    `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}`,
  )
  const none = await sceneOf(() => awsError("ResourceNotFoundException"))
  expect((await errorOf(Promise.resolve(none.ledger.placeOf?.(NAME, calm)))).code).toBe("MISCONFIGURED")
})

describe("what a rotation needs to be allowed", () => {
  test("is told with ARNs that IAM takes, for the secret and for its journal", async () => {
    const rows = async (options?: AwsOptions) =>
      (await sceneOf(() => described(), options)).ledger
        .permissions(NAME)
        .map(({ action, on }) => `${action} ${on}`)
    const secret = "arn:aws:secretsmanager:eu-west-1:*:secret:prod/token-??????"
    const journal = "arn:aws:secretsmanager:eu-west-1:*:secret:latchkey/rotation/prod/token-??????"
    expect(await rows()).toEqual([
      `secretsmanager:DescribeSecret ${secret}`,
      `secretsmanager:GetSecretValue ${secret}`,
      `secretsmanager:PutSecretValue ${secret}`,
      `secretsmanager:UpdateSecretVersionStage ${secret}`,
      `secretsmanager:GetSecretValue ${journal}`,
      `secretsmanager:CreateSecret ${journal}`,
      `secretsmanager:PutSecretValue ${journal}`,
    ])
    const more = await rows({ region: "cn-north-1", tags: { team: "billing" }, kmsKeyId: "alias/secrets" })
    expect(more.slice(-3)).toEqual([
      "secretsmanager:TagResource arn:aws-cn:secretsmanager:cn-north-1:*:secret:latchkey/rotation/prod/token-??????",
      "kms:Decrypt arn:aws-cn:kms:cn-north-1:*:key/*",
      "kms:GenerateDataKey arn:aws-cn:kms:cn-north-1:*:key/*",
    ])
    const key = "1234abcd-12ab-34cd-56ef-1234567890ab"
    expect((await rows({ kmsKeyId: key })).at(-1)).toBe(
      `kms:GenerateDataKey arn:aws:kms:eu-west-1:*:key/${key}`,
    )
    const arn = `arn:aws:kms:eu-west-1:123456789012:key/${key}`
    expect((await rows({ kmsKeyId: arn })).at(-1)).toBe(`kms:GenerateDataKey ${arn}`)
    expect((await rows({ region: "us-gov-west-1" }))[0]).toMatch(/arn:aws-us-gov:/)
  })
})
