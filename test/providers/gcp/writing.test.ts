import { isSecretError } from "latchkey"
import { expect, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { at, calm, collect, errorOf, opened, rig, standIn } from "./support.ts"

const NAME = "tally/api-token"
const ID = "tally--api-token"

test("a write to a secret that is there is one call, with the checksum of what is sent", async () => {
  const { server, store } = await rig()
  server.put(ID, "tly-1")
  const info = await store.write(NAME, "tly-2", calm)
  expect([info.version, info.createdAt instanceof Date]).toEqual(["2", true])
  expect(server.log.requests.map(({ method }) => method)).toEqual(["AddSecretVersion"])
  const [version] = await collect(store.versions(NAME, calm))
  expect(version?.createdAt).toEqual(info.createdAt)
})

test("a write to a new secret makes it, kept where Google decides", async () => {
  const { server, store } = await rig()
  expect((await store.write(NAME, "tly-1", calm)).version).toBe("1")
  expect(server.log.requests.map(({ method }) => method)).toEqual([
    "AddSecretVersion",
    "CreateSecret",
    "AddSecretVersion",
  ])
})

test("two writers of a new secret both write, whoever makes it", async () => {
  const { server, store } = await rig()
  const written = await Promise.all(
    ["tly-1", "tly-2"].map(async value => await store.write(NAME, value, calm)),
  )
  expect(written.map(({ version }) => version).sort()).toEqual(["1", "2"])
  expect(server.held(ID)).toHaveLength(2)
})

test("what is only to be written if it is absent is made first, and whoever makes it writes", async () => {
  const { server, store } = await rig()
  await store.write(NAME, "tly-1", { ...calm, expect: "absent" })
  expect(server.log.requests.map(({ method }) => method)).toEqual(["CreateSecret", "AddSecretVersion"])
  const error = await errorOf(store.write(NAME, "tly-2", { ...calm, expect: "absent" }))
  expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
  expect(server.held(ID)).toHaveLength(1)
})

test("a secret whose maker was interrupted reads as missing, is no longer absent, and can be written", async () => {
  const { server, store } = await rig()
  server.faults.next({ method: "AddSecretVersion", code: "UNAVAILABLE" })
  expect((await errorOf(store.write(NAME, "tly-1", { ...calm, expect: "absent" }))).outcome).toBe("unknown")
  expect((await errorOf(store.read(NAME, calm))).code).toBe("NOT_FOUND")
  expect((await errorOf(collect(store.versions(NAME, calm)))).code).toBe("NOT_FOUND")
  const error = await errorOf(store.write(NAME, "tly-1", { ...calm, expect: "absent" }))
  expect(error.code).toBe("CONFLICT")
  expect(error.hint).toContain("write it without expect")
  await store.write(NAME, "tly-1", calm)
  expect((await store.read(NAME, calm)).value === "tly-1").toBe(true)
  expect(server.held(ID)).toHaveLength(1)
})

test("a secret that is removed while it is written is a conflict", async () => {
  const { server, store } = await rig()
  server.faults.next({ method: "AddSecretVersion", code: "NOT_FOUND", times: 2 })
  const error = await errorOf(store.write(NAME, "tly-1", calm))
  expect([error.code, error.outcome]).toEqual(["CONFLICT", undefined])
})

test.for([
  ["an empty value", ""],
  ["no bytes", new Uint8Array()],
  ["more than 64 KiB", "x".repeat(65_537)],
  ["text of fewer characters than bytes", "ä".repeat(32_769)],
] as const)("%s is refused before anything is sent", async ([, value]) => {
  const { server, store } = await rig()
  const error = await errorOf(store.write(NAME, value, calm))
  expect(error.code).toBe("INVALID_VALUE")
  expect(error.hint).toBeDefined()
  expect(server.log.requests).toHaveLength(0)
})

test("64 KiB are written and read back", async () => {
  const { store } = await rig()
  const value = "ä".repeat(32_768)
  await store.write(NAME, value, calm)
  expect((await store.read(NAME, calm)).value === value).toBe(true)
})

test("a new secret is kept in the regions that are named", async () => {
  const { server, store } = await rig({ replication: ["europe-west1", "europe-west4"] })
  await store.write(NAME, "tly-1", calm)
  expect(server.held(ID)).toHaveLength(1)
  const refused = opened({ ...at(server), replication: ["nowhere"] })
  server.faults.next({ method: "CreateSecret", code: "INVALID_ARGUMENT" })
  const error = await errorOf(refused.write("other", "tly-1", calm))
  expect(error.code).toBe("INVALID_VALUE")
  expect(error.hint).toContain("locations of replication")
})

test("regional secrets are others than the global ones of the same name", async () => {
  const { server, store } = await rig({ location: "europe-west1" })
  const global = opened(at(server))
  server.put(ID, "global")
  expect((await errorOf(store.read(NAME, calm))).code).toBe("NOT_FOUND")
  await store.write(NAME, "regional", { ...calm, expect: "absent" })
  expect((await store.read(NAME, calm)).value === "regional").toBe(true)
  expect((await global.read(NAME, calm)).value === "global").toBe(true)
  expect((await collect(store.list(calm))).map(({ name }) => name)).toEqual([NAME])
  expect((await collect(store.versions(NAME, calm))).map(({ version }) => version)).toEqual(["1"])
  expect(server.log.of("CreateSecret").map(({ resource }) => resource)).toEqual([
    `projects/${server.project}/locations/europe-west1`,
  ])
  await store.delete(NAME, calm)
  expect((await errorOf(store.read(NAME, calm))).code).toBe("NOT_FOUND")
  expect((await global.read(NAME, calm)).version).toBe("1")
})

test("with an alias, a write makes the secret and moves the alias to the version that it adds", async () => {
  const { server, store } = await rig({ version: "current" })
  await store.write(NAME, "tly-1", { ...calm, expect: "absent" })
  server.put(ID, "not yet current")
  expect((await store.read(NAME, calm)).value === "tly-1").toBe(true)
  const info = await store.write(NAME, "tly-3", calm)
  expect([info.version, (await store.read(NAME, calm)).version]).toEqual(["3", "3"])
  expect(
    (await collect(store.versions(NAME, calm))).map(({ version, current }) => [version, current]),
  ).toEqual([
    ["3", true],
    ["2", false],
    ["1", false],
  ])
})

test("with an alias, a write leaves the other aliases of the secret alone", async () => {
  const { server, store } = await rig({ version: "current" })
  server.put(ID, "tly-1")
  server.aliases(ID, { current: 1, rollback: 1 })
  await store.write(NAME, "tly-2", calm)
  const rollback = opened({ ...at(server), version: "rollback" })
  expect([(await store.read(NAME, calm)).version, (await rollback.read(NAME, calm)).version]).toEqual([
    "2",
    "1",
  ])
})

test.for([
  "FAILED_PRECONDITION",
  "ABORTED",
] as const)("an alias that somebody else moved meanwhile is a conflict, whether a wrong etag is %s", async etagMismatch => {
  const server = await standIn({ etagMismatch })
  const store = opened({ ...at(server), version: "current" })
  server.put(ID, "tly-1")
  server.aliases(ID, { current: 1 })
  const values = ["tly-2", "tly-3", "tly-4"]
  const outcomes = await Promise.allSettled(values.map(async value => await store.write(NAME, value, calm)))
  const reasons = outcomes.flatMap(outcome => (outcome.status === "rejected" ? [outcome.reason] : []))
  const winners = values.filter((_, index) => outcomes[index]?.status === "fulfilled")
  expect(reasons.map(reason => isSecretError(reason) && reason.code)).toEqual(["CONFLICT", "CONFLICT"])
  expect((await store.read(NAME, calm)).value === winners[0]).toBe(true)
})

test("a write leaves no value behind in an error, whichever call fails", async () => {
  const canary = newCanary()
  const { server, store } = await rig({ version: "current" })
  for (const method of ["GetSecret", "CreateSecret", "AddSecretVersion", "UpdateSecret"] as const) {
    server.faults.next({ method, code: "INTERNAL", message: canary.text })
    canary.watch(await errorOf(store.write(NAME, canary.text, calm)))
    expect(server.faults.pending).toBe(0)
  }
})
