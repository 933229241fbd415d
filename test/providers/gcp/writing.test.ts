import { isSecretError, Secrets } from "latchkey"
import type { GcpOptions } from "latchkey/gcp"
import { expect, onTestFinished, test } from "vitest"
import { newCanary } from "../../support/canary.ts"
import { playing } from "./player.ts"
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
  expect(error.hint).toContain("write without expect")
  await store.write(NAME, "tly-1", calm)
  expect((await store.read(NAME, calm)).value === "tly-1").toBe(true)
  expect(server.held(ID)).toHaveLength(1)
})

test.for([
  ["RESOURCE_EXHAUSTED", "THROTTLED"],
  ["PERMISSION_DENIED", "DENIED"],
  ["INVALID_ARGUMENT", "INVALID_VALUE"],
] as const)("a secret that was made and whose first version was refused with %s is still absent to its maker", async ([
  status,
  code,
]) => {
  const { server, store } = await rig()
  const absent = { ...calm, expect: "absent" } as const
  server.faults.next({ method: "AddSecretVersion", code: status, times: 2 })
  const error = await errorOf(store.write(NAME, "tly-1", absent))
  expect([error.code, error.outcome]).toEqual([code, undefined])
  expect((await errorOf(opened(at(server)).write(NAME, "another", absent))).code).toBe("CONFLICT")
  expect((await errorOf(store.write(NAME, "tly-1", absent))).code).toBe(code)
  expect((await store.write(NAME, "tly-1", absent)).version).toBe("1")
  expect((await errorOf(store.write(NAME, "tly-2", absent))).code).toBe("CONFLICT")
  expect(server.held(ID)).toHaveLength(1)
})

test("of two writers who know that it was made and is empty, one writes", async () => {
  const { server, store } = await rig()
  const absent = { ...calm, expect: "absent" } as const
  server.faults.next({ method: "AddSecretVersion", code: "RESOURCE_EXHAUSTED" })
  await errorOf(store.write(NAME, "tly-1", absent))
  const writes = ["tly-1", "tly-2", "tly-3"].map(async value => await store.write(NAME, value, absent))
  const outcomes = await Promise.allSettled(writes)
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
  expect(server.held(ID)).toHaveLength(1)
})

test.for([
  ["another program", true],
  ["the same one", false],
] as const)("what was made, left empty, and then written by %s is no longer absent", async ([, another]) => {
  const { server, store } = await rig()
  const absent = { ...calm, expect: "absent" } as const
  server.faults.next({ method: "AddSecretVersion", code: "RESOURCE_EXHAUSTED" })
  await errorOf(store.write(NAME, "tly-1", absent))
  await (another ? opened(at(server)) : store).write(NAME, "tly-2", calm)
  expect((await errorOf(store.write(NAME, "tly-1", absent))).code).toBe("CONFLICT")
  expect((await store.read(NAME, calm)).value === "tly-2").toBe(true)
  expect(server.held(ID)).toHaveLength(1)
})

test("whoever may not see whether it is empty does not write what is to be absent", async () => {
  const { server, store } = await rig()
  const absent = { ...calm, expect: "absent" } as const
  server.faults.next({ method: "AddSecretVersion", code: "RESOURCE_EXHAUSTED" })
  await errorOf(store.write(NAME, "tly-1", absent))
  server.deny(ID, "secretmanager.versions.list")
  const error = await errorOf(store.write(NAME, "tly-1", absent))
  expect([error.code, error.outcome]).toEqual(["DENIED", undefined])
  expect(error.hint).toContain("secretmanager.versions.list")
  expect(server.held(ID)).toHaveLength(0)
  server.allow(ID)
  expect((await store.write(NAME, "tly-1", absent)).version).toBe("1")
})

test("what was made and left empty is filled after it, also where an alias is to point to it", async () => {
  const { server, store } = await rig({ version: "current" })
  const absent = { ...calm, expect: "absent" } as const
  server.faults.next({ method: "AddSecretVersion", code: "RESOURCE_EXHAUSTED" })
  await errorOf(store.write(NAME, "tly-1", absent))
  await store.write(NAME, "tly-1", absent)
  expect((await store.read(NAME, calm)).value === "tly-1").toBe(true)
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
  expect([error.code, error.outcome]).toEqual(["MISCONFIGURED", undefined])
  expect(error.hint).toContain("replication")
})

const keyIn = (place: string): string =>
  `projects/my-project/locations/${place}/keyRings/my-ring/cryptoKeys/my-key`
const keyed = (place: string): object => ({ customerManagedEncryption: { kmsKeyName: keyIn(place) } })

test.for<[string, Partial<GcpOptions>, object]>([
  ["without more", {}, { replication: { automatic: {} } }],
  [
    "with a key",
    { kmsKey: keyIn("global") },
    { replication: { automatic: { customerManagedEncryption: { kmsKeyName: keyIn("global") } } } },
  ],
  [
    "with a key for each region",
    { replication: ["europe-west1", "us-east1"], kmsKey: [keyIn("us-east1"), keyIn("europe-west1")] },
    {
      replication: {
        userManaged: {
          replicas: [
            { location: "europe-west1", ...keyed("europe-west1") },
            { location: "us-east1", ...keyed("us-east1") },
          ],
        },
      },
    },
  ],
  ["in one region with a key", { location: "us-east1", kmsKey: [keyIn("us-east1")] }, keyed("us-east1")],
  [
    "with labels",
    { labels: { team: "forms", größe: "" } },
    { replication: { automatic: {} }, labels: { team: "forms", größe: "" } },
  ],
])("a new secret is made as it is said, %s", async ([, options, secret]) => {
  const made: unknown[] = []
  const player = await playing(({ method, request }) => {
    if (method === "CreateSecret") made.push(request.secret)
    return { name: `projects/1/secrets/${ID}/versions/1` }
  })
  await opened({ ...player.options, ...options }).write(NAME, "tly-1", { ...calm, expect: "absent" })
  expect(made).toMatchObject([secret])
  const sent = made[0] as { replication?: unknown; labels?: object; customerManagedEncryption?: unknown }
  expect(Object.keys(sent.labels ?? {})).toEqual(Object.keys(options.labels ?? {}))
  expect(sent.customerManagedEncryption != null).toBe(options.location !== undefined)
  expect(sent.replication != null).toBe(options.location === undefined)
})

test("labels of a new secret are listed", async () => {
  const { store } = await rig({ labels: { team: "forms" } })
  await store.write(NAME, "tly-1", calm)
  expect((await collect(store.list(calm))).map(({ labels }) => labels)).toEqual([{ team: "forms" }])
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

test.for([
  ["GetSecret", "PERMISSION_DENIED", "DENIED", "secretmanager.secrets.get"],
  ["GetSecret", "UNAVAILABLE", "UNAVAILABLE", "status.cloud.google.com"],
  ["GetSecret", "DEADLINE_EXCEEDED", "TIMEOUT", undefined],
  ["GetSecret", "RESOURCE_EXHAUSTED", "THROTTLED", "quotas"],
  ["CreateSecret", "PERMISSION_DENIED", "DENIED", "secretmanager.secrets.create"],
  ["CreateSecret", "UNAVAILABLE", "UNAVAILABLE", "status.cloud.google.com"],
] as const)("a write that ends at %s with %s has certainly written nothing", async ([
  method,
  status,
  code,
  hint,
]) => {
  const { server, store } = await rig({ version: "current" })
  server.faults.next({ method, code: status })
  const error = await errorOf(store.write(NAME, "tly-1", calm))
  expect([error.code, error.outcome]).toEqual([code, undefined])
  if (hint === undefined) expect(error.hint).toBeUndefined()
  else expect(error.hint).toContain(hint)
  expect(server.held(ID)).toHaveLength(0)
})

test("a secret whose making was not answered was certainly not written, and is told so when it is there", async () => {
  const { server, store } = await rig()
  const absent = { ...calm, expect: "absent" } as const
  server.faults.next({ method: "CreateSecret", code: "UNAVAILABLE", afterEffect: true })
  const error = await errorOf(store.write(NAME, "tly-1", absent))
  expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
  expect((await errorOf(store.write(NAME, "tly-1", absent))).hint).toContain("if it has no version")
})

test.for([
  ["PERMISSION_DENIED", "DENIED", "secretmanager.secrets.update"],
  ["RESOURCE_EXHAUSTED", "THROTTLED", "adds another version"],
  ["INVALID_ARGUMENT", "INVALID_NAME", "adds another version"],
  ["NOT_FOUND", "CONFLICT", "adds another version"],
  ["ABORTED", "CONFLICT", "read the secret"],
] as const)("an alias whose move is refused with %s is %s, not transient, and the version is told", async ([
  status,
  code,
  hint,
]) => {
  const canary = newCanary()
  const { server, store } = await rig({ version: "current" })
  server.put(ID, "tly-1")
  server.aliases(ID, { current: 1 })
  server.faults.next({ method: "UpdateSecret", code: status, message: canary.text })
  const error = canary.watch(await errorOf(store.write(NAME, canary.text, calm)))
  expect([error.code, error.transient, error.outcome]).toEqual([code, false, undefined])
  expect(error.message).toContain("version 2 was added, and the alias does not point to it")
  expect(error.hint).toContain(hint)
  expect((await store.read(NAME, calm)).version).toBe("1")
  expect(server.held(ID)).toHaveLength(2)
})

test.for([
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
] as const)("an alias whose move ends with %s may have been moved, and the version is told", async status => {
  const { server, store } = await rig({ version: "current" })
  server.put(ID, "tly-1")
  server.faults.next({ method: "UpdateSecret", code: status, afterEffect: true })
  const error = await errorOf(store.write(NAME, "tly-2", calm))
  expect([error.transient, error.outcome]).toEqual([false, "unknown"])
  expect(error.message).toContain("version 2 was added, and it is not known whether the alias points to it")
  const secrets = new Secrets(store)
  onTestFinished(async () => await secrets.close())
  server.faults.next({ method: "UpdateSecret", code: status, afterEffect: true })
  expect(await secrets.put(NAME, "tly-3")).toBe("3")
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
