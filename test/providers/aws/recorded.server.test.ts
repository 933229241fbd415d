import { describe, expect, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import type { AwsServer } from "../../servers/index.ts"
import { versionId } from "./play.ts"
import { filled, type RecordedCase, recordedCases } from "./recorded-cases.ts"

/** Where a server is known to differ from what was recorded. It is asserted, so that a change is noticed. */
type Differences = Readonly<Record<string, readonly string[]>>

const NO_KEYS = [".Versions[].KmsKeyIds"]
const BY_404 = ["status 404"]

const DIFFERS: Readonly<Record<"localstack" | "moto", Differences>> = {
  localstack: {
    "aws-put-same-token-same-value": [".VersionStages"],
    "aws-stage-move-effect": NO_KEYS,
    "aws-pending-moves-with-put": NO_KEYS,
    "aws-list-versions": NO_KEYS,
  },
  moto: {
    "aws-create-while-scheduled-for-deletion": ["code ResourceExistsException"],
    "aws-create-invalid-name": ["status 200", "code undefined"],
    "aws-token-missing-put": ["status 404", "code ResourceNotFoundException"],
    "aws-get-not-found": BY_404,
    "aws-get-no-value-yet": BY_404,
    "aws-get-version-id-not-found": BY_404,
    "aws-get-stage-pending-not-found": ["status 404", "text"],
    "aws-stage-move-effect": [".ARN", ...NO_KEYS],
    "aws-pending-moves-with-put": [".ARN", ...NO_KEYS],
    "aws-list-versions": [".ARN", ...NO_KEYS, ".Versions has too many"],
    "aws-list-versions-not-found": ["status 500", "code undefined", "text"],
    "aws-rotate-without-function": ["status 200", "code undefined"],
  },
}

/** What a server cannot be asked to show, and why. */
const NOT_TRIED: Readonly<Record<string, string>> = {
  "aws-denied-identity-policy": "neither server has permissions here",
  "aws-denied-batch": "neither server has permissions here",
  "aws-denied-kms": "neither server has permissions here",
  "aws-throttled": "neither server throttles",
  "aws-bad-credentials": "neither server looks at keys",
  "aws-rotate": "there is no function to be invoked",
}

const WANTS_TOKEN: ReadonlySet<string> = new Set([
  "CreateSecret",
  "PutSecretValue",
  "UpdateSecret",
  "RotateSecret",
])

let secrets = 0

/** One secret on a server, and the way to it without an SDK and without a store of ours. */
function stageFor(server: AwsServer) {
  const name = `recorded/run-${process.pid}-${Date.now()}-${++secrets}-of-many`
  const value = "the value"
  const variables: Record<string, string> = {
    ...{
      name,
      missing: name,
      value,
      "value 2": "another value",
      text: "a description",
      region: server.region,
    },
    ...{
      v1: versionId(1),
      v2: versionId(2),
      v3: versionId(3),
      T: versionId(1),
      V: value,
      W: "another value",
    },
    ...{
      "uuid v1": versionId(1),
      "new uuid": versionId(8),
      "version-id": versionId(9),
      "json string": POLICY,
    },
  }

  async function askPlainly(
    op: string,
    body: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(server.url, {
      method: "POST",
      headers: {
        "x-amz-target": `secretsmanager.${op}`,
        "content-type": "application/x-amz-json-1.1",
        authorization: `AWS4-HMAC-SHA256 Credential=${server.accessKeyId}/20260101/${server.region}/secretsmanager/aws4_request, SignedHeaders=host, Signature=0`,
        "x-amz-date": "20260101T000000Z",
      },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    // What is a page of HTML has no fields.
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : {} }
  }

  /** Every SDK sends a token along where one is wanted, and the recordings do not show it. */
  const ask = (op: string, body: object) =>
    askPlainly(op, {
      ...(WANTS_TOKEN.has(op) && { ClientRequestToken: versionId(2) }),
      ...body,
    })
  /** A step of what is given; one that fails would have another case answer. */
  const must = async (op: string, body: object) => {
    const found = await ask(op, body)
    if (found.status !== 200)
      throw new Error(`${op} before the request: ${found.status} ${String(found.body.__type)}`)
    return found
  }
  const create = async (more: object = {}): Promise<void> => {
    const { body } = await must("CreateSecret", {
      Name: name,
      SecretString: value,
      ClientRequestToken: versionId(1),
      ...more,
    })
    const [, account, characters] = /:(\d{12}):secret:.*-(\w{6})$/.exec(String(body.ARN)) ?? []
    Object.assign(variables, { account, "6chars": characters, arn: String(body.ARN) })
  }
  const put = (version: number, ...VersionStages: string[]) =>
    must("PutSecretValue", {
      SecretId: name,
      SecretString: variables["value 2"],
      ClientRequestToken: versionId(version),
      ...(VersionStages.length > 0 && { VersionStages }),
    })
  const move = (version: number, from: number) =>
    must("UpdateSecretVersionStage", {
      SecretId: name,
      VersionStage: "AWSCURRENT",
      MoveToVersionId: versionId(version),
      RemoveFromVersionId: versionId(from),
    })
  return { name, variables, ask, askPlainly, must, create, put, move }
}

const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "secretsmanager:GetSecretValue", Resource: "*" }],
})

type Stage = ReturnType<typeof stageFor>
type Given = (stage: Stage) => Promise<unknown>

const nothing: Given = async () => undefined
const created: Given = ({ create }) => create()
const withoutValue: Given = ({ must, name }) => must("CreateSecret", { Name: name })
const deleted: Given = async ({ create, must, name }) => {
  await create()
  await must("DeleteSecret", { SecretId: name, RecoveryWindowInDays: 7 })
}
const pending: Given = async ({ create, put }) => {
  await create()
  await put(2, "AWSPENDING")
}
const movedTo2: Given = async stage => {
  await pending(stage)
  await stage.move(2, 1)
}

/** How the state before each recorded request comes about. */
const GIVEN: Readonly<Record<string, Given>> = {
  "aws-create-string": nothing,
  "aws-create-without-value": nothing,
  "aws-create-exists": created,
  "aws-create-while-scheduled-for-deletion": deleted,
  // A server that takes the name must not have it from another run.
  "aws-create-invalid-name": ({ ask }) =>
    ask("DeleteSecret", { SecretId: "Inv Name", ForceDeleteWithoutRecovery: true }),
  "aws-token-missing-put": nothing,
  "aws-get-by-name": created,
  "aws-get-by-arn": created,
  "aws-get-by-partial-arn": created,
  "aws-get-binary-raw": ({ must, name }) =>
    must("CreateSecret", { Name: name, SecretBinary: "Zm9vdGVzdA==", ClientRequestToken: versionId(1) }),
  "aws-get-not-found": nothing,
  "aws-get-no-value-yet": withoutValue,
  "aws-get-version-id-not-found": created,
  "aws-get-stage-pending-not-found": created,
  "aws-get-by-version-id": async ({ create, put }) => {
    await create()
    await put(2, "PENDING")
  },
  "aws-get-marked-for-deletion": deleted,
  "aws-batch-one-missing": nothing,
  "aws-describe-fresh": created,
  "aws-describe-deleted": deleted,
  "aws-put-default": created,
  "aws-put-pending": created,
  "aws-put-same-token-same-value": created,
  "aws-put-same-token-other-value": created,
  "aws-update-value": created,
  "aws-update-description-only": created,
  "aws-stage-move": pending,
  "aws-stage-move-effect": movedTo2,
  "aws-stage-move-without-remove": pending,
  "aws-stage-remove": async ({ create, put, move }) => {
    await create()
    await put(2, "PENDING")
    await move(2, 1)
  },
  "aws-pending-moves-with-put": async stage => {
    await movedTo2(stage)
    await stage.put(3, "AWSPENDING")
  },
  "aws-list-versions": async ({ create, put }) => {
    await create()
    await put(2)
    await put(3)
  },
  "aws-list-versions-not-found": nothing,
  "aws-list-secrets": ({ create, variables }) => create({ Description: variables.text }),
  "aws-delete-window": created,
  "aws-delete-force": created,
  "aws-restore": deleted,
  "aws-rotate-without-function": created,
  "aws-policy-put": created,
  "aws-policy-get": async ({ create, must, name }) => {
    await create()
    await must("PutResourcePolicy", { SecretId: name, ResourcePolicy: POLICY })
  },
  "aws-tag": created,
}

/** Two states share this code, and only its text tells them apart: there the text counts, too. */
const TEXT_COUNTS = "ResourceNotFoundException"

/** In what a server's answer differs from the recorded one; fields that were not recorded may be there. */
function differences(
  { answer }: RecordedCase,
  found: Awaited<ReturnType<Stage["ask"]>>,
  stage: Stage,
): string[] {
  const differing: string[] = []
  if (found.status !== answer.status) differing.push(`status ${found.status}`)
  if (answer.errorCode !== undefined) {
    const code = String(found.body.__type).replace(/^.*#/, "")
    if (code !== answer.errorCode) differing.push(`code ${code}`)
    const text = found.body.Message ?? found.body.message
    if (answer.errorCode === TEXT_COUNTS && !matches(text, filled(answer.message, stage.variables)))
      differing.push("text")
    return differing
  }
  if (found.body.__type !== undefined) return [...differing, `code ${String(found.body.__type)}`]
  differing.push(...differingFields(found.body, filled(answer.body, stage.variables), ""))
  return differing
}

function differingFields(found: unknown, expected: unknown, path: string): string[] {
  if (Array.isArray(expected)) {
    if (!Array.isArray(found)) return [path]
    // As sets: the recorder has sorted them.
    const keyOf = (one: unknown): unknown => {
      const { VersionId, ARN, SecretId } = (one ?? {}) as Record<string, unknown>
      return VersionId ?? ARN ?? SecretId ?? one
    }
    const differing = expected.flatMap(one => {
      const other = found.find(candidate => matches(keyOf(candidate), keyOf(one)))
      return other === undefined ? [`${path} lacks one`] : differingFields(other, one, `${path}[]`)
    })
    const tooMany = found.length > expected.length ? [`${path} has too many`] : []
    return [...new Set(differing), ...tooMany]
  }
  if (typeof expected === "object" && expected !== null) {
    const fields = (typeof found === "object" && found !== null ? found : {}) as Record<string, unknown>
    return Object.entries(expected).flatMap(([key, value]) =>
      differingFields(fields[key], value, `${path}.${key}`),
    )
  }
  return matches(found, expected) ? [] : [path]
}

/** Whether a value is the recorded one; numbers are dates, and placeholders stand for anything. */
function matches(found: unknown, expected: unknown): boolean {
  if (typeof expected === "number") return typeof found === "number"
  if (typeof expected !== "string" || typeof found !== "string") return found === expected
  const pattern = expected.split(/<[^>]+>/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`^${pattern.join(".+")}$`).test(found)
}

const cases = await recordedCases()

for (const name of ["localstack", "moto"] as const) {
  casesOf({ backend: "aws", server: name, kind: "recorded" }, server => {
    describe("answers what the service was recorded to answer", () => {
      for (const [id, given] of Object.entries(GIVEN)) {
        const recorded = cases.get(id) as RecordedCase
        const known = DIFFERS[name][id]
        it(known === undefined ? id : `${id}, but for ${known.join(", ")}`, async () => {
          const stage = stageFor(server)
          await given(stage)
          const request = filled(recorded.request.body, stage.variables) as object
          // There are more secrets on the server than one page holds.
          const only = id === "aws-list-secrets" ? { Filters: [{ Key: "name", Values: [stage.name] }] } : {}
          const ask = id === "aws-token-missing-put" ? stage.askPlainly : stage.ask
          const found = await ask(recorded.request.op, { ...request, ...only })
          const answered = /^.*-(\w{6})$/.exec(String(found.body.ARN))?.[1]
          stage.variables["6chars"] ??= answered ?? ""
          stage.variables.account ??= /:(\d{12}):/.exec(String(found.body.ARN))?.[1] ?? ""
          expect(differences(recorded, found, stage)).toEqual(known ?? [])
        })
      }

      it("and what it cannot show: each recorded answer is one of them", () => {
        expect([...Object.keys(GIVEN), ...Object.keys(NOT_TRIED)].sort()).toEqual([...cases.keys()].sort())
      })
    })
  })
}
