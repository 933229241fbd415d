import { isSecretError } from "latchkey"
import type { AwsOptions } from "latchkey/aws"
import { describe, expect, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import { type Canary, newCanary } from "../../support/canary.ts"
import { type Answer, calm, collect, type Play, play, storeOn, versionId } from "./play.ts"
import { filled, type RecordedCase, recordedCases } from "./recorded-cases.ts"

const NAME = "tally/api-token"
const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`

type Store = ReturnType<typeof storeOn>

/** What is asked of our store, which plays these recorded answers in turn, and what comes of it. */
interface Use {
  /** Recorded answers to the requests before. */
  readonly after?: readonly string[]
  /** Recorded answers to the requests after. */
  readonly next?: readonly string[]
  readonly options?: AwsOptions
  ask(store: Store, canary: Canary): Promise<unknown>
  /** The code of the error, or what the answer is. */
  readonly is: string | object
}

const read = (store: Store) => store.read(NAME, calm)
const readVersion = (store: Store) => store.read(NAME, { ...calm, version: versionId(2) })
const write = (store: Store, { text }: Canary) => store.write(NAME, text, calm)
const create = (store: Store, { text }: Canary) => store.write(NAME, text, { ...calm, expect: "absent" })
const replace = (store: Store, { text }: Canary) => store.write(NAME, text, { ...calm, expect: versionId(1) })
const versions = (store: Store) => collect(store.versions(NAME, calm))
const remove = async (store: Store) => await store.delete(NAME, calm).then(() => "done")
const readMany = async (store: Store) => (await store.readMany([NAME], calm)).get(NAME)
const forGood: AwsOptions = { recoveryWindow: "none" }
const createdAt = new Date(1_795_000_000_000)
const found = (version: number) => ({ value: "CANARY", version: versionId(version), createdAt })
const listed = (version: number, ...stages: string[]) => ({
  version: versionId(version),
  current: stages.includes("AWSCURRENT"),
  readable: true,
  stages,
  createdAt,
})
const written = { current: true, readable: true }

const USES: Readonly<Record<string, Use>> = {
  "aws-create-string": { ask: create, is: written },
  "aws-create-exists": { ask: create, is: "CONFLICT" },
  "aws-create-while-scheduled-for-deletion": { ask: create, is: "CONFLICT" },
  "aws-create-invalid-name": { ask: create, is: "INVALID_NAME" },
  "aws-get-by-name": { ask: read, is: found(1) },
  "aws-get-by-arn": { options: { rename: { [NAME]: ARN } }, ask: read, is: found(1) },
  "aws-get-binary-raw": { ask: read, is: { ...found(1), value: "footest" } },
  "aws-get-not-found": { ask: read, is: "NOT_FOUND" },
  "aws-get-no-value-yet": { ask: read, is: "NOT_FOUND" },
  "aws-get-version-id-not-found": { ask: readVersion, is: "NOT_FOUND" },
  "aws-get-stage-pending-not-found": { ask: read, is: "NOT_FOUND" },
  "aws-get-by-version-id": { ask: readVersion, is: found(2) },
  "aws-get-marked-for-deletion": { ask: read, is: "NOT_FOUND" },
  "aws-denied-identity-policy": { ask: read, is: "DENIED" },
  "aws-denied-batch": { ask: readMany, is: "DENIED" },
  "aws-denied-kms": { ask: read, is: "DENIED" },
  "aws-throttled": { ask: read, is: "THROTTLED" },
  "aws-bad-credentials": { ask: read, is: "UNAUTHENTICATED" },
  "aws-batch-one-missing": { ask: readMany, is: "NOT_FOUND" },
  "aws-describe-fresh": { options: forGood, ask: remove, next: ["aws-delete-force"], is: "done" },
  "aws-describe-deleted": { options: forGood, ask: remove, is: "NOT_FOUND" },
  "aws-put-default": { ask: write, is: written },
  "aws-put-pending": { ask: replace, next: ["aws-stage-move", "aws-stage-remove"], is: written },
  "aws-put-same-token-same-value": {
    after: ["aws-get-not-found", "aws-create-exists"],
    ask: write,
    is: written,
  },
  "aws-put-same-token-other-value": { ask: write, is: "CONFLICT" },
  "aws-stage-move": { after: ["aws-put-pending"], ask: replace, next: ["aws-stage-remove"], is: written },
  "aws-stage-move-effect": {
    ask: versions,
    is: [listed(2, "AWSCURRENT", "AWSPENDING"), listed(1, "AWSPREVIOUS")],
  },
  "aws-stage-move-without-remove": {
    after: ["aws-put-pending"],
    ask: replace,
    next: ["aws-stage-remove"],
    is: "CONFLICT",
  },
  "aws-stage-remove": {
    after: ["aws-put-pending", "aws-stage-move-without-remove"],
    ask: replace,
    is: "CONFLICT",
  },
  "aws-pending-moves-with-put": { ask: versions, is: [listed(2, "AWSCURRENT"), listed(1, "AWSPREVIOUS")] },
  "aws-list-versions": { ask: versions, is: [listed(3, "AWSCURRENT"), listed(2, "AWSPREVIOUS")] },
  "aws-list-versions-not-found": { ask: versions, is: "NOT_FOUND" },
  "aws-list-secrets": { ask: store => collect(store.list(calm)), is: [{ name: NAME, createdAt }] },
  "aws-delete-window": { ask: remove, is: "done" },
  "aws-delete-force": { options: forGood, after: ["aws-describe-fresh"], ask: remove, is: "done" },
}

/** Answers to what our store never asks, and why. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  "aws-create-without-value": "a secret is created with its value",
  "aws-token-missing-put": "a token is always sent",
  "aws-get-by-partial-arn": "partial ARNs are refused",
  "aws-update-value": "values are put, so that a secret that is missing is not a case of its own",
  "aws-update-description-only": "descriptions are left alone",
  "aws-restore": "what was deleted is brought back by people",
  "aws-rotate": "the service's own rotation is started by the service",
  "aws-rotate-without-function": "as above",
  "aws-policy-put": "policies are left alone",
  "aws-policy-get": "policies are left alone",
  "aws-tag": "tags are left alone",
}

const cases = await recordedCases()

/** A recorded answer in the form in which it travels, for the request that is to be answered. */
function answerOf(recorded: RecordedCase, token: string, canary: Canary): Answer {
  const { status, errorCode, message, body = {} } = recorded.answer
  // Who creates a version says its id, which the recordings call v1 or v2.
  const isNew = recorded.request.op === "CreateSecret" || recorded.request.op === "PutSecretValue"
  const id = (number: number) => (isNew ? token : versionId(number))
  const variables = {
    ...{ name: NAME, region: "eu-west-1", account: "123456789012", "6chars": "AbCdEf" },
    ...{ value: canary.text, "value 2": canary.text, text: canary.text, T: token },
    ...{
      v1: id(1),
      v2: id(2),
      v3: id(3),
      "caller arn": canary.text,
      "as given": NAME,
      token: canary.text,
      arn: ARN,
    },
  }
  const error = errorCode === undefined ? {} : { __type: errorCode, Message: filled(message, variables) }
  return { status, body: { ...(filled(body, variables) as object), ...error } }
}

async function played(id: string, { after = [], next = [] }: Use, canary: Canary): Promise<Play> {
  const order = [...after, id, ...next].map(one => cases.get(one) as RecordedCase)
  let turn = 0
  return await play(({ body }) => {
    const recorded = order[turn++]
    if (recorded === undefined) return { status: 599 }
    return answerOf(recorded, String(body.ClientRequestToken), canary)
  })
}

casesOf({ backend: "aws", server: "recorded answers", kind: "recorded" }, () => {
  describe("what the service was recorded to answer", () => {
    for (const [id, use] of Object.entries(USES)) {
      it(`${id} is ${typeof use.is === "string" ? use.is : "an answer"}`, async () => {
        const canary = newCanary()
        const server = await played(id, use, canary)
        const store = canary.watch(storeOn(server.url, use.options))
        const outcome = await use.ask(store, canary).catch((thrown: unknown) => thrown)
        if (isSecretError(outcome)) {
          expect(canary.watch(outcome).code).toBe(use.is)
          expect(outcome.transient).toBe(outcome.code === "THROTTLED")
        } else if (typeof use.is === "string" || Array.isArray(use.is)) expect(outcome).toEqual(use.is)
        else {
          const { value, ...rest } = use.is as { value?: string }
          expect(outcome).toMatchObject(rest)
          expect((outcome as { value?: string }).value).toBe(value === "CANARY" ? canary.text : value)
        }
        // What is left to be tidied up is sent without being waited for.
        await store.close()
        const asked = [...(use.after ?? []), id, ...(use.next ?? [])].map(one => cases.get(one)?.request.op)
        // The recording stands for the request that is made where the secret is first found missing.
        const expected =
          id === "aws-put-same-token-same-value" ? ["PutSecretValue", ...asked.slice(1)] : asked
        expect(server.requests.map(({ action }) => action)).toEqual(expected)
      })
    }

    it("and what is not asked: each recorded answer is one of them", () => {
      expect([...Object.keys(USES), ...Object.keys(NOT_ASKED)].sort()).toEqual([...cases.keys()].sort())
    })
  })
})
