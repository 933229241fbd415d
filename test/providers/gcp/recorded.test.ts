import { status } from "@grpc/grpc-js"
import type { SecretErrorCode } from "latchkey"
import type { GcpOptions } from "latchkey/gcp"
import { describe, expect, it } from "vitest"
import { casesOf } from "../../servers/cases.ts"
import { type CodeName, Failure } from "../../servers/gcp/failure.ts"
import { filled, type RecordedCase, recordedCases } from "../../servers/gcp/recorded-cases.ts"
import { newCanary } from "../../support/canary.ts"
import { type Player, playing } from "./player.ts"
import { calm, collect, errorOf, opened } from "./support.ts"

const NAME = "tally/api-token"
const VARIABLES = { project: "my-project", number: "104052063718", id: "tally--api-token" }
const WHOLE = `projects/${VARIABLES.number}/secrets/${VARIABLES.id}`

/** What is answered to calls that a case says nothing about. */
const OTHERWISE: Readonly<Record<string, object>> = {
  CreateSecret: { name: WHOLE, etag: '"1"' },
  GetSecret: { name: WHOLE, etag: '"1"' },
  UpdateSecret: { name: WHOLE, etag: '"2"' },
  AddSecretVersion: { name: `${WHOLE}/versions/1`, state: "ENABLED" },
}

/** A body as gRPC sends it: times are seconds and nanoseconds, bytes are bytes. */
function bodyOf({ answer }: RecordedCase, data: Uint8Array): Record<string, unknown> {
  const body = JSON.parse(filled(JSON.stringify(answer.body ?? {}), VARIABLES)) as Record<string, unknown>
  for (const field of ["createTime", "destroyTime"]) {
    const text = body[field]
    if (typeof text !== "string") continue
    const fraction = /\.(\d+)Z$/.exec(text)?.[1] ?? ""
    body[field] = { seconds: Math.floor(Date.parse(text) / 1_000), nanos: Number(fraction.padEnd(9, "0")) }
  }
  if (typeof body.payload === "object") body.payload = { ...body.payload, data }
  return body
}

function failureOf({ answer }: RecordedCase): Failure {
  const code = status[answer.grpcCode ?? 0] as CodeName
  const message = filled(answer.message ?? "", VARIABLES)
  return new Failure(code, message, [
    { type: "DebugInfo", detail: `[ORIGINAL ERROR] generic::x: ${message}` },
  ])
}

/** Plays a case to a store, whatever method it was recorded of: only the answer counts. */
async function played(
  recorded: RecordedCase,
  { data = Buffer.from("hello world"), ...options }: Partial<GcpOptions> & { data?: Uint8Array } = {},
) {
  const { op } = recorded.request
  const player: Player = await playing(({ method }) => {
    if (method === "ListSecretVersions") return { versions: [bodyOf(recorded, data)] }
    if (method !== op) return OTHERWISE[method] ?? {}
    if ((recorded.answer.grpcCode ?? 0) !== 0) throw failureOf(recorded)
    return bodyOf(recorded, data)
  })
  return { player, store: opened({ ...player.options, ...options }) }
}

type Store = Awaited<ReturnType<typeof played>>["store"]

const read = async (store: Store) => await store.read(NAME, calm)
const write = async (store: Store) => await store.write(NAME, "tly-1", calm)
const create = async (store: Store) => await store.write(NAME, "tly-1", { ...calm, expect: "absent" })

/** A call that ends with a code and tells nothing that was recorded. */
const fails = (code: SecretErrorCode, call: (store: Store) => Promise<unknown>) => {
  return async (recorded: RecordedCase): Promise<void> => {
    const { player, store } = await played(recorded)
    const error = await errorOf(call(store))
    expect(error.code).toBe(code)
    expect(`${error} ${JSON.stringify(error)}`).not.toContain(VARIABLES.number)
    expect(player.calls.at(-1)?.method).toBe(recorded.request.op)
  }
}

/** A version that is listed as it was recorded. */
const lists = (readable: boolean) => {
  return async (recorded: RecordedCase): Promise<void> => {
    const { store } = await played(recorded)
    const createdAt = new Date("2024-08-28T03:45:14.432Z")
    expect(await collect(store.versions(NAME, calm))).toEqual([
      { version: "1", current: true, readable, createdAt },
    ])
  }
}

/** What each recorded answer comes to. */
const PLAYS: Readonly<Record<string, (recorded: RecordedCase) => Promise<void>>> = {
  async "gcp-create-secret"(recorded) {
    const { player, store } = await played(recorded)
    expect((await create(store)).version).toBe("1")
    expect(player.calls[0]?.request).toMatchObject({
      parent: "projects/my-project",
      secretId: VARIABLES.id,
      secret: { replication: { automatic: {} } },
    })
  },
  async "gcp-get-secret"(recorded) {
    const { player, store } = await played(recorded, { version: "current" })
    await write(store)
    const update = player.calls.find(({ method }) => method === "UpdateSecret")?.request
    expect(update).toMatchObject({
      secret: { etag: recorded.answer.body?.etag, versionAliases: { current: "1" } },
      updateMask: { paths: ["version_aliases"] },
    })
  },
  async "gcp-get-secret-not-found"(recorded) {
    const { player, store } = await played(recorded, { version: "current" })
    await write(store)
    expect(player.calls.map(({ method }) => method)).toEqual([
      "GetSecret",
      "CreateSecret",
      "AddSecretVersion",
      "UpdateSecret",
    ])
  },
  async "gcp-add-version"(recorded) {
    const { player, store } = await played(recorded)
    expect(await write(store)).toEqual({
      version: "1",
      current: true,
      readable: true,
      createdAt: new Date("2024-08-28T03:45:14.432Z"),
    })
    expect(player.calls[0]?.request).toMatchObject({
      payload: { dataCrc32c: expect.stringMatching(/^\d+$/) },
    })
  },
  "gcp-get-version": lists(true),
  async "gcp-access-version"(recorded) {
    // The bytes that the checksum belongs to were not published: those here are others.
    const canary = newCanary()
    const { store } = await played(recorded, { data: Buffer.from(canary.text) })
    const error = canary.watch(await errorOf(read(store)))
    expect([error.code, error.transient]).toEqual(["UNAVAILABLE", true])
  },
  async "gcp-access-latest-grpc"(recorded) {
    const { store } = await played(recorded)
    const { version, value } = await read(store)
    expect([version, value === "hello world"]).toEqual(["1", true])
  },
  "gcp-access-missing-grpc": fails("NOT_FOUND", read),
  "gcp-disable-version": lists(false),
  "gcp-get-disabled-version": lists(false),
  "gcp-enable-version": lists(true),
  "gcp-destroy-version": lists(false),
  async "gcp-delete-secret"(recorded) {
    const { player, store } = await played(recorded)
    await store.delete(NAME, calm)
    expect(player.calls.map(({ request }) => request.name)).toEqual([
      `projects/my-project/secrets/${VARIABLES.id}`,
    ])
  },
  "gcp-access-disabled": fails("DISABLED", read),
  "gcp-access-destroyed": fails("DISABLED", read),
  "gcp-create-exists": fails("CONFLICT", create),
  "gcp-denied": fails("DENIED", read),
  "gcp-access-name-without-version": fails("INVALID_NAME", read),
  "gcp-quota": fails("THROTTLED", read),
}

const all = recordedCases()
const isProof = ({ evidence }: RecordedCase): boolean =>
  evidence === "recorded" || evidence === "verified-test"

casesOf({ backend: "gcp", server: "recorded answers", kind: "recorded" }, () => {
  it.for(all.filter(isProof))("comes out of the SDK as what it means: $id", async recorded => {
    await PLAYS[recorded.id]?.(recorded)
  })
})

describe("what others saw of the service", () => {
  it.for(all.filter(recorded => !isProof(recorded)))("comes out as what it means: $id", async recorded => {
    await PLAYS[recorded.id]?.(recorded)
  })
})

it("leaves no case out", () => {
  expect(Object.keys(PLAYS).sort()).toEqual(all.map(({ id }) => id).sort())
})
