import { isSecretError, Secrets } from "latchkey"
import { describe, expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { type Answer, awsError, awsSecret, calm, DELETED, play, type Request, storeOn } from "./play.ts"

const idsIn = (request: Request): string[] => request.body.SecretIdList as string[]
const ofAll = (request: Request): Answer => ({
  body: { SecretValues: idsIn(request).map(id => awsSecret(id, `value of ${id}`)), Errors: [] },
})
const ofOne = (request: Request): Answer => {
  const name = String(request.body.SecretId)
  return { body: awsSecret(name, `value of ${name}`) }
}
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `many/n${index}`)

/** Reads names through `Secrets`, and gives the codes of those that failed. */
async function readAll(secrets: Secrets, wanted: readonly string[]): Promise<(string | undefined)[]> {
  const outcomes = await Promise.allSettled(wanted.map(async name => (await secrets.get(name)).reveal()))
  return outcomes.map((outcome, index) => {
    if (outcome.status === "fulfilled") {
      expect(outcome.value).toBe(`value of ${wanted[index]}`)
      return undefined
    }
    return isSecretError(outcome.reason) ? outcome.reason.code : "foreign"
  })
}

describe("many names at start-up", () => {
  test.for([
    [0, 0, 0],
    [1, 0, 1],
    [20, 1, 0],
    [21, 2, 0],
    [100, 5, 0],
    [500, 25, 0],
  ] as const)("%i names are %i batches and %i single reads", async ([count, batches, singles]) => {
    const server = await play(request =>
      request.action === "GetSecretValue" ? ofOne(request) : ofAll(request),
    )
    const secrets = new Secrets(storeOn(server.url))
    const wanted = names(count)
    expect(await readAll(secrets, [...wanted, ...wanted])).toEqual(Array(2 * count).fill(undefined))
    expect(server.count("BatchGetSecretValue")).toBe(batches)
    expect(server.count("GetSecretValue")).toBe(singles)
    expect(
      server.requests.every(request => request.action === "GetSecretValue" || idsIn(request).length <= 20),
    ).toBe(true)
    await secrets.close()
  })

  test("a hundred are five calls in one wave", async () => {
    let open = (): void => {}
    const gate = new Promise<void>(resolve => {
      open = resolve
    })
    let waiting = 0
    const server = await play(async request => {
      waiting += 1
      // Nobody is answered before all five are there: a second wave would wait for ever.
      if (waiting === 5) open()
      await gate
      return ofAll(request)
    })
    const secrets = new Secrets(storeOn(server.url))
    expect(await readAll(secrets, names(100))).toEqual(Array(100).fill(undefined))
    expect([server.requests.length, server.mostAtOnce]).toEqual([5, 5])
    await secrets.close()
  })

  test("each name that fails says why, and the rest are answered", async () => {
    const canary = newCanary()
    const failing: Readonly<Record<string, string>> = {
      "many/n3": "ResourceNotFoundException",
      "many/n7": "AccessDeniedException",
      "many/n11": "InvalidRequestException",
      "many/n13": "InvalidRequestException",
      "many/n19": "DecryptionFailure",
    }
    const server = await play(request => {
      const ids = idsIn(request)
      return {
        body: {
          SecretValues: ids.filter(id => !failing[id]).map(id => awsSecret(id, `value of ${id}`)),
          Errors: ids
            .filter(id => failing[id])
            .map(id => ({
              SecretId: id,
              ErrorCode: failing[id],
              Message: id === "many/n11" ? DELETED : canary.text,
            })),
        },
      }
    })
    const secrets = canary.watch(new Secrets(storeOn(server.url)))
    const codes = await readAll(secrets, names(21))
    expect(codes.flatMap((code, index) => (code === undefined ? [] : [[index, code]]))).toEqual([
      [3, "NOT_FOUND"],
      [7, "DENIED"],
      [11, "NOT_FOUND"],
      [13, "UNSUPPORTED"],
      [19, "DISABLED"],
    ])
    expect(server.count("GetSecretValue")).toBe(0)
    await secrets.close()
  })
})

describe("a batch that is refused as a whole", () => {
  test.for([
    ["AccessDeniedException", 1],
    ["UnknownOperationException", 1],
    ["InvalidRequestException", 2],
    ["ResourceNotFoundException", 2],
    ["DecryptionFailure", 2],
    ["ThrottlingException", 2],
  ] as const)("with %s is read singly, and %i of two rounds begin with a batch", async ([code, batches]) => {
    const server = await play(request =>
      request.action === "GetSecretValue" ? ofOne(request) : awsError(code),
    )
    const secrets = new Secrets(storeOn(server.url))
    expect(await readAll(secrets, ["a", "b", "c"])).toEqual([undefined, undefined, undefined])
    expect(await readAll(secrets, ["d", "e", "f"])).toEqual([undefined, undefined, undefined])
    expect([server.count("BatchGetSecretValue"), server.count("GetSecretValue")]).toEqual([batches, 6])
    await secrets.close()
  })
})

describe("the answer to a batch", () => {
  const ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:theirs/key-AbCdEf"

  test("is matched by the name or by the ARN that was asked for, in whatever order it comes", async () => {
    const server = await play(() => ({
      body: { SecretValues: [awsSecret("theirs/key", "theirs"), awsSecret("ours/key", "ours")] },
    }))
    const store = storeOn(server.url, { rename: { "theirs/key": ARN } })
    const answers = await store.readMany(["ours/key", "theirs/key"], calm)
    expect(Array.from(answers, ([name, answer]) => [name, "value" in answer && answer.value])).toEqual([
      ["ours/key", "ours"],
      ["theirs/key", "theirs"],
    ])
    expect(server.requests[0]?.body.SecretIdList).toEqual(["ours/key", ARN])
  })

  test("may come in pages", async () => {
    const server = await play(({ body }) =>
      body.NextToken === undefined
        ? { body: { SecretValues: [awsSecret("a", "one")], NextToken: "more" } }
        : { body: { SecretValues: [awsSecret("b", "two")], NextToken: "" } },
    )
    const answers = await storeOn(server.url).readMany(["a", "b"], calm)
    expect([...answers.values()].map(answer => "value" in answer && answer.value)).toEqual(["one", "two"])
    expect(server.requests.map(({ body }) => body.NextToken)).toEqual([undefined, "more"])
  })

  test("that says nothing about a name, or gives it no value, is UNAVAILABLE for that name only", async () => {
    const server = await play(() => ({ body: { SecretValues: [awsSecret("a", "one"), { Name: "b" }] } }))
    const answers = await storeOn(server.url).readMany(["a", "b", "c"], calm)
    const codes = [...answers.values()].map(answer => (isSecretError(answer) ? answer.code : answer.value))
    expect(codes).toEqual(["one", "UNAVAILABLE", "UNAVAILABLE"])
    expect(answers.get("c")).toMatchObject({ secret: "c", transient: true })
  })
})
