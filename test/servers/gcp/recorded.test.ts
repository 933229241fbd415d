import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { casesOf } from "../cases.ts"
import { crc32c, type GcpServer, startGcp } from "./index.ts"
import { type Answer, type PlainClient, plainClient } from "./plain-client.ts"
import {
  bodyOf,
  changingFieldsOf,
  filled,
  type RecordedCase,
  recordedCases,
  requestOf,
} from "./recorded-cases.ts"
import type { Timestamp } from "./time.ts"

/** Of one the checksum was recorded, so that the function is held against the service's, too. */
const PAYLOAD = Buffer.from("hello world")
const ID = "tally--api-token"
const VARIABLES = { project: "my-project", number: "104052063718", id: ID }
const SECRET = `projects/${VARIABLES.project}/secrets/${ID}`

let server: GcpServer
let client: PlainClient

beforeEach(async () => {
  server = await startGcp({ project: VARIABLES.project, projectNumber: VARIABLES.number })
  client = plainClient(server)
})

afterEach(async () => {
  client.close()
  await server.close()
})

const versions = (count: number): void => {
  for (let version = 1; version <= count; version += 1) server.put(ID, PAYLOAD)
}

/** Makes what each case says under `given`. */
const GIVEN: Readonly<Record<string, () => void | Promise<void>>> = {
  "no secret": () => undefined,
  exists: async () => {
    const secret = { replication: { automatic: {} }, labels: { k: "v" } }
    await client.call("CreateSecret", { parent: `projects/${VARIABLES.project}`, secretId: ID, secret })
  },
  "secret exists": () => void server.put(ID, PAYLOAD),
  "secret without versions": () => server.removeVersions(ID),
  "one version": () => versions(1),
  "version 1": () => versions(1),
  "version 1 enabled": () => versions(1),
  "version 1 disabled": () => {
    versions(1)
    server.disable(ID)
  },
  "version 1 disabled, its etag given": () => {
    versions(1)
    server.disable(ID)
  },
  "version 3 disabled": () => {
    versions(3)
    server.disable(ID, "3")
  },
  "version 4 destroyed": () => {
    versions(4)
    server.destroy(ID, "4")
  },
  "caller lacks the role, OR the secret does not exist": () => server.deny(ID),
  "name without /versions/": () => undefined,
  "too many calls": () => server.faults.next({ code: "RESOURCE_EXHAUSTED" }),
}

const metadataOf = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
  (await client.call(name.includes("/versions/") ? "GetSecretVersion" : "GetSecret", { name })).body

/** Sends the request of a case and compares the answer; gives it back for what only this case says. */
async function held(recorded: RecordedCase): Promise<Answer> {
  const given = GIVEN[recorded.given]
  if (given === undefined) throw new Error(`nobody knows how to make "${recorded.given}"`)
  await given()
  const request = requestOf(recorded, VARIABLES, PAYLOAD)
  const etag = recorded.request.body?.etag === undefined ? undefined : await metadataOf(request.name ?? "")
  const answer = await client.call(recorded.request.op, {
    ...request,
    ...(etag && { etag: String(etag.etag) }),
  })

  expect(answer.grpcCode).toBe(recorded.answer.grpcCode ?? 0)
  expect(answer.body).toMatchObject(bodyOf(recorded, VARIABLES))
  for (const field of changingFieldsOf(recorded)) expect(answer.body).toHaveProperty(field)
  const { message } = recorded.answer
  if (message !== undefined) expect(answer.text).toMatch(patternOf(filled(message, VARIABLES)))
  return answer
}

/** A text of which the parts that stand for something unknown may be anything. */
function patternOf(text: string): RegExp {
  const parts = text.split(/<\w+>/).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`^${parts.join(".+")}$`)
}

const etagOf = ({ body }: Pick<Answer, "body">): string => String(body.etag)
const timeOf = ({ body }: Pick<Answer, "body">, field: string): Timestamp => body[field] as Timestamp
const payloadOf = ({ body }: Answer): { data?: Buffer; dataCrc32c?: string } => body.payload as object

/** What the notes of the cases say beyond status, message and body. */
const NOTES: Readonly<Record<string, (answer: Answer) => void | Promise<void>>> = {
  "gcp-create-secret": answer => {
    expect(etagOf(answer)).toMatch(/^"1[0-9a-f]{13}"$/)
    expect(timeOf(answer, "createTime").nanos % 1_000).toBe(0)
  },
  "gcp-get-secret": async answer => {
    server.put(ID, PAYLOAD)
    server.disable(ID)
    server.enable(ID)
    expect((await metadataOf(SECRET)).etag).toBe(etagOf(answer))
  },
  "gcp-add-version": answer => {
    expect(answer.body).not.toHaveProperty("clientSpecifiedPayloadChecksum")
    expect(answer.body).not.toHaveProperty("payload")
    expect(answer.body).not.toHaveProperty("replication")
  },
  "gcp-access-version": answer => {
    expect(payloadOf(answer)).toEqual({ data: PAYLOAD, dataCrc32c: String(crc32c(PAYLOAD)) })
  },
  "gcp-access-latest-grpc": answer => {
    expect(payloadOf(answer)).toEqual({ data: PAYLOAD, dataCrc32c: "3381945770" })
  },
  "gcp-access-missing-grpc": async answer => {
    expect(answer.details).toEqual([
      { type: "DebugInfo", detail: `[ORIGINAL ERROR] generic::not_found: ${answer.text}` },
    ])
    server.removeVersions(ID)
    const empty = await client.call("AccessSecretVersion", { name: `${SECRET}/versions/latest` })
    expect(empty.text).toBe(answer.text.replace("does-not-exist", ID))
    expect((await client.call("GetSecret", { name: `${SECRET}-too` })).text).not.toMatch(/has no versions/)
  },
  "gcp-disable-version": async answer => {
    const again = await client.call("DisableSecretVersion", { name: `${SECRET}/versions/1` })
    expect([again.code, etagOf(again) === etagOf(answer)]).toEqual(["OK", false])
  },
  "gcp-enable-version": async answer => {
    const again = await client.call("EnableSecretVersion", { name: `${SECRET}/versions/1` })
    expect([again.code, etagOf(again) === etagOf(answer)]).toEqual(["OK", false])
  },
  "gcp-destroy-version": answer => {
    expect(timeOf(answer, "createTime").nanos % 1_000).toBe(0)
    expect(timeOf(answer, "destroyTime").nanos % 1_000).not.toBe(0)
  },
  "gcp-delete-secret": async answer => {
    expect(answer.body).toEqual({})
    expect((await client.call("GetSecret", { name: SECRET })).code).toBe("NOT_FOUND")
  },
  "gcp-denied": async answer => {
    server.put(ID, PAYLOAD)
    const there = await client.call("AccessSecretVersion", { name: `${SECRET}/versions/latest` })
    expect([there.code, there.text]).toEqual(["PERMISSION_DENIED", answer.text])
  },
}

const all = recordedCases()
const isProof = ({ evidence }: RecordedCase): boolean =>
  evidence === "recorded" || evidence === "verified-test"

async function proved(recorded: RecordedCase): Promise<void> {
  const answer = await held(recorded)
  await NOTES[recorded.id]?.(answer)
}

casesOf({ backend: "gcp", server: "gcp stand-in", kind: "recorded" }, () => {
  it.for(all.filter(isProof))("answers as the service did in $id", async recorded => await proved(recorded))
})

describe("gcp stand-in, what others saw of the service", () => {
  it.for(
    all.filter(recorded => !isProof(recorded)),
  )("answers as it is told of the service in $id", async recorded => await proved(recorded))
})

it("leaves no case and no note out", () => {
  expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(NOTES)))
  expect(new Set(all.map(({ id }) => id)).size).toBe(19)
  expect(all.filter(isProof)).toHaveLength(12)
})
