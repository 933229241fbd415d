import { Secrets } from "latchkey"
import { gcp } from "latchkey/gcp"
import { expect, onTestFinished, test } from "vitest"
import { crc32c } from "../../servers/gcp/index.ts"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { Caller } from "./caller.ts"
import { playing } from "./player.ts"
import { at, calm, collect, errorOf, opened, rig, standIn } from "./support.ts"

const NAME = "tally/api-token"
const ID = "tally--api-token"

test("a read is one access and nothing else: the date of a version would cost a second call", async () => {
  const { server, store } = await rig()
  server.put(ID, "tly-1")
  expect(Object.keys(await store.read(NAME, calm)).sort()).toEqual(["value", "version"])
  expect(server.log.requests.map(({ method, resource }) => [method, resource])).toEqual([
    ["AccessSecretVersion", `projects/${server.project}/secrets/${ID}/versions/latest`],
  ])
})

test("the version is the number in the answer, whose project is a number, too", async () => {
  const { server, store } = await rig()
  for (let version = 1; version <= 12; version++) server.put(ID, `tly-${version}`)
  expect((await store.read(NAME, calm)).version).toBe("12")
  const byNumber = opened({ ...at(server), project: server.projectNumber })
  expect((await byNumber.read(NAME, calm)).version).toBe("12")
  expect((await collect(byNumber.list(calm))).map(({ name }) => name)).toEqual([NAME])
})

test.for([
  "disable",
  "destroy",
] as const)("latest is the version that was made last: after a %s it is DISABLED, though an older one is there", async change => {
  const { server, store } = await rig()
  server.put(ID, "tly-1")
  server.put(ID, "tly-2")
  server[change](ID)
  const error = await errorOf(store.read(NAME, calm))
  expect([error.code, error.transient]).toEqual(["DISABLED", false])
  expect(error.hint).toContain("gcloud secrets versions enable")
  expect((await store.read(NAME, { ...calm, version: "1" })).value === "tly-1").toBe(true)
  expect(
    (await collect(store.versions(NAME, calm))).map(({ version, current, readable }) => [
      version,
      current,
      readable,
    ]),
  ).toEqual([
    ["2", true, false],
    ["1", false, true],
  ])
})

test("an alias is read instead of the latest version", async () => {
  const { server, store } = await rig({ version: "current" })
  server.put(ID, "tly-1")
  server.put(ID, "tly-2")
  expect((await errorOf(store.read(NAME, calm))).code).toBe("NOT_FOUND")
  server.aliases(ID, { current: 1 })
  const answer = await store.read(NAME, calm)
  expect([answer.version, answer.value === "tly-1"]).toEqual(["1", true])
})

test("a version is a number: neither an alias nor latest is one", async () => {
  const { server, store } = await rig()
  server.put(ID, "tly-1")
  server.aliases(ID, { current: 1 })
  server.log.clear()
  for (const version of ["latest", "current", "0", "01", "1/../2", ""])
    expect((await errorOf(store.read(NAME, { ...calm, version }))).code).toBe("NOT_FOUND")
  expect(server.log.requests).toHaveLength(0)
})

test("a value that changed on the way is never given out", async () => {
  const canary = newCanary()
  const { server, store } = await rig()
  server.put(ID, canary.text)
  server.faults.next({ corrupt: true })
  const error = canary.watch(await errorOf(store.read(NAME, calm)))
  expect([error.code, error.transient]).toEqual(["UNAVAILABLE", true])
  expect((await store.read(NAME, calm)).value === canary.text).toBe(true)
})

test.for([
  ["of another secret", "projects/1/secrets/another/versions/3", undefined],
  [
    "of a secret whose name ends as the one that was asked for",
    `projects/1/secrets/x${ID}/versions/3`,
    undefined,
  ],
  ["of another version", `projects/1/secrets/${ID}/versions/7`, undefined],
  ["without a checksum", `projects/1/secrets/${ID}/versions/3`, undefined],
  ["without a checksum, of the latest version,", `projects/1/secrets/${ID}/versions/3`, "latest"],
] as const)("an answer %s is never given out", async ([, name, asked]) => {
  const canary = newCanary()
  const player = await playing(() => ({ name, payload: { data: Buffer.from(canary.text) } }), true)
  const store = opened({ ...player.options, ca: player.ca, authClient: new Caller() })
  const version = asked === "latest" ? {} : { version: "3" }
  const error = canary.watch(await errorOf(store.read(NAME, { ...calm, ...version })))
  expect([error.code, error.transient]).toEqual(["UNAVAILABLE", true])
})

test("an answer of the secret that was asked for is one, by whatever number its project and region go", async () => {
  const name = `projects/1/locations/europe-west1/secrets/${ID}/versions/3`
  const data = Buffer.from("tly-1")
  const player = await playing(() => ({ name, payload: { data, dataCrc32c: String(crc32c(data)) } }), true)
  const store = opened({ ...player.options, ca: player.ca, authClient: new Caller() })
  expect((await store.read(NAME, { ...calm, version: "3" })).value === "tly-1").toBe(true)
})

test("of bytes those that are text come back as text", async () => {
  const { server, store } = await rig()
  server.put("bytes", Uint8Array.of(0xff, 0xfe))
  server.put("text", Buffer.from("grüße"))
  expect((await store.read("bytes", calm)).value).toBeInstanceOf(Uint8Array)
  expect((await store.read("text", calm)).value === "grüße").toBe(true)
})

test("a listing goes over its pages, and says what costs nothing", async () => {
  const { server, store } = await rig()
  for (let index = 0; index < 1_050; index++) server.put(`group--n${index}`, "x")
  server.put("grouper", "x")
  const listed = await collect(store.list({ ...calm, under: "group" }))
  expect(new Set(listed.map(({ name }) => name)).size).toBe(1_050)
  expect(listed.every(({ createdAt }) => createdAt instanceof Date)).toBe(true)
  expect(server.log.of("ListSecrets")).toHaveLength(2)
  expect(server.log.requests).toHaveLength(2)
})

test("what is listed under a name that could be an operator is looked for here", async () => {
  const { server, store } = await rig()
  server.put("OR", "x")
  server.put("ORDER", "x")
  expect((await collect(store.list({ ...calm, under: "OR" }))).map(({ name }) => name)).toEqual(["OR"])
})

test("versions go over their pages, newest first", async () => {
  const { server, store } = await rig()
  for (let index = 0; index < 1_005; index++) server.put(ID, `tly-${index}`)
  const versions = (await collect(store.versions(NAME, calm))).map(({ version }) => Number(version))
  expect(versions).toEqual(Array.from({ length: 1_005 }, (_, index) => 1_005 - index))
  expect(server.log.of("ListSecretVersions")).toHaveLength(2)
})

test("a secret without versions is as good as missing", async () => {
  const { server, store } = await rig()
  server.removeVersions(ID)
  expect((await errorOf(store.read(NAME, calm))).code).toBe("NOT_FOUND")
  expect((await errorOf(collect(store.versions(NAME, calm)))).code).toBe("NOT_FOUND")
})

test("a hundred names at start-up are ten waves of ten requests at once", async () => {
  const server = await standIn()
  const names: Record<string, string> = {}
  for (let index = 0; index < 100; index++) {
    server.put(`tally--token-n${index}`, `tly-${index}`)
    names[`n${index}`] = `tally/token-n${index}`
  }
  // A wave may have to wait for a busy machine.
  const secrets = new Secrets(gcp(at(server)), { callTimeout: "15s", startupDeadline: "20s" })
  onTestFinished(async () => await secrets.close())
  const holdTen = () => {
    const held = gate()
    server.faults.next({ heldUntil: held.promise, times: 10 })
    return held
  }
  let wave = holdTen()
  const reading = secrets.getMany(names)
  for (let waves = 1; waves <= 10; waves++) {
    // All ten are held, so that they are in flight at once.
    await eventually(() => expect(server.faults.pending).toBe(0))
    const next = holdTen()
    wave.open()
    wave = next
  }
  const handles = await reading
  expect(Object.values(handles).filter((handle, index) => handle.reveal() === `tly-${index}`)).toHaveLength(
    100,
  )
  expect(server.log.requests).toHaveLength(100)
  expect([server.log.mostInFlight, server.log.waves]).toEqual([10, 10])
})

test("batches of any size with duplicates are answered per name", async () => {
  const { server, store } = await rig()
  server.put("found", "tly-1")
  server.put("denied", "tly-2")
  server.deny("denied")
  server.put("disabled", "tly-3")
  server.disable("disabled")
  const secrets = new Secrets(store)
  onTestFinished(async () => await secrets.close())
  expect(await secrets.getMany({})).toEqual({})
  const names = { a: "found", b: "found", c: "missing", d: "denied", e: "disabled" }
  const error = await errorOf(secrets.getMany(names))
  const problems = error.problems?.map(({ code, secret }) => [secret, code]) ?? []
  expect(new Map(problems as [string, string][])).toEqual(
    new Map([
      ["missing", "NOT_FOUND"],
      ["denied", "DENIED"],
      ["disabled", "DISABLED"],
    ]),
  )
})
