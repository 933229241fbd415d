import { generateKeyPairSync } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { GcpOptions } from "latchkey/gcp"
import { expect, onTestFinished, test, vi } from "vitest"
import { crc32c, type GcpServer } from "../../servers/gcp/index.ts"
import { newCanary } from "../../support/canary.ts"
import { laterBy } from "../../support/clock.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { Caller } from "./caller.ts"
import { playing } from "./player.ts"
import { calm, errorOf, opened, standIn } from "./support.ts"

const NAME = "tally/api-token"
const ID = "tally--api-token"

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "latchkey-gcp-"))
  onTestFinished(async () => await rm(path, { recursive: true }))
  return path
}

/** A stand-in that speaks TLS and asks who calls, and the options that lead to it. */
async function guarded(): Promise<{ server: GcpServer; options: GcpOptions }> {
  const server = await standIn({ tls: true, identities: [] })
  const ca = join(await folder(), "ca.pem")
  await writeFile(ca, server.ca ?? "")
  server.put(ID, "tly-1")
  return { server, options: { project: server.project, endpoint: `localhost:${server.port}`, ca } }
}

/** The same, and somebody who gets a token that is good for it whenever he asks for one. */
async function letIn() {
  const { server, options } = await guarded()
  const fresh = () => {
    const token = newCanary().text
    server.identities.add({ token, name: "program" })
    return token
  }
  const caller = new Caller(fresh)
  return { server, caller, store: opened({ ...options, authClient: caller }) }
}

test("the token of the caller goes along, and one login is enough for many calls at once", async () => {
  const { server, caller, store } = await letIn()
  await Promise.all(Array.from({ length: 20 }, async () => await store.read(NAME, calm)))
  expect(caller.logins).toBe(1)
  expect(new Set(server.log.requests.map(({ identity }) => identity))).toEqual(new Set(["program"]))
})

test("a login that is slower than those who wait for it is there for the next: it is one", async () => {
  const { server, caller, store } = await letIn()
  const slow = gate()
  caller.held = slow.promise
  for (let round = 0; round < 5; round++) {
    const leaving = new AbortController()
    const left = errorOf(store.read(NAME, leaving))
    await eventually(() => expect(caller.logins).toBe(1))
    leaving.abort()
    expect((await left).code).toBe("ABORTED")
  }
  const waiting = store.read(NAME, calm)
  slow.open()
  expect((await waiting).version).toBe("1")
  expect((await store.read(NAME, calm)).version).toBe("1")
  expect([caller.logins, server.log.requests.length]).toEqual([1, 2])
})

test("a call that is given up alone costs no login, though its connection is made anew", async () => {
  const { server, caller, store } = await letIn()
  for (let round = 0; round < 3; round++) {
    server.faults.next({ hang: true })
    const leaving = new AbortController()
    const left = errorOf(store.read(NAME, leaving))
    await eventually(() => expect(server.log.inFlight).toBe(1))
    leaving.abort()
    expect((await left).code).toBe("ABORTED")
    expect((await store.read(NAME, calm)).version).toBe("1")
  }
  expect(caller.logins).toBe(1)
})

test("nobody waits for a login for more than thirty seconds, and then it is begun anew", async () => {
  const { server, caller, store } = await letIn()
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
  onTestFinished(() => void vi.useRealTimers())
  caller.held = gate().promise
  const first = errorOf(store.write(NAME, "tly-2", calm))
  await eventually(() => expect(caller.logins).toBe(1))
  vi.advanceTimersByTime(9_000)
  const second = errorOf(store.read(NAME, calm))
  vi.advanceTimersByTime(21_000)
  for (const error of [await first, await second])
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
  expect((await first).hint).toContain("metadata server")
  expect(caller.logins).toBe(1)
  vi.useRealTimers()
  caller.held = Promise.resolve()
  expect((await store.read(NAME, calm)).version).toBe("1")
  expect([caller.logins, server.held(ID).length]).toEqual([2, 1])
})

test("a login in mid-life that is never answered is left to itself after ten seconds, with its connection", async () => {
  const { server, caller, store } = await letIn()
  await store.read(NAME, calm)
  caller.credentials = { ...caller.credentials, expiry_date: 1 }
  caller.held = gate().promise
  const hanging = store.read(NAME, calm)
  await eventually(() => expect(caller.logins).toBe(2))
  laterBy(10_000)
  caller.held = Promise.resolve()
  expect((await store.read(NAME, calm)).version).toBe("1")
  expect((await hanging).version).toBe("1")
  expect([caller.logins, server.log.requests.length]).toEqual([3, 3])
})

test("closing waits for no login, and nothing is sent when one comes after it", async () => {
  const { server, caller, store } = await letIn()
  const slow = gate()
  caller.held = slow.promise
  const call = errorOf(store.read(NAME, calm))
  await eventually(() => expect(caller.logins).toBe(1))
  await store.close()
  expect((await call).code).toBe("CLOSED")
  slow.open()
  await eventually(() => expect(caller.credentials.access_token).not.toBe(""))
  expect((await errorOf(store.read(NAME, calm))).code).toBe("CLOSED")
  expect(server.log.requests).toHaveLength(0)
})

test("a token that expires in mid-life is replaced within the call, once for all calls that met it", async () => {
  const { server, caller, store } = await letIn()
  await store.read(NAME, calm)
  server.identities.expire(caller.credentials.access_token)
  server.log.clear()
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await store.read(NAME, calm)))
  expect(answers.map(({ version }) => version)).toEqual(answers.map(() => "1"))
  expect(caller.logins).toBe(2)
  expect(server.log.requests.filter(({ ended }) => ended === "UNAUTHENTICATED")).toHaveLength(20)
})

test("a token that is told to have expired by a denial is replaced, too", async () => {
  const { server, caller, store } = await letIn()
  await store.read(NAME, calm)
  server.faults.next({ code: "PERMISSION_DENIED", reason: "ACCESS_TOKEN_EXPIRED" })
  expect((await store.read(NAME, calm)).version).toBe("1")
  expect(caller.logins).toBe(2)
})

test("a write that met an expired token is written once", async () => {
  const { server, caller, store } = await letIn()
  await store.read(NAME, calm)
  server.identities.expire(caller.credentials.access_token)
  expect((await store.write(NAME, "tly-2", calm)).version).toBe("2")
  expect(server.held(ID)).toHaveLength(2)
})

test("a token that the service does not take even new is UNAUTHENTICATED, until it takes it", async () => {
  const { server, options } = await guarded()
  const canary = newCanary()
  const caller = new Caller(() => canary.text)
  const store = canary.watch(opened({ ...options, authClient: caller }))
  const error = canary.watch(await errorOf(store.read(NAME, calm)))
  expect([error.code, error.transient]).toEqual(["UNAUTHENTICATED", false])
  expect(error.hint).toContain("clock")
  expect([caller.logins, server.log.requests.length]).toEqual([2, 2])
  expect((await errorOf(store.write(NAME, "tly-2", calm))).outcome).toBeUndefined()
  server.identities.add({ token: canary.text })
  expect((await store.read(NAME, calm)).version).toBe("1")
})

test("a token of which nobody knows the end is left alone: its owner cannot make another one", async () => {
  const { server, options } = await guarded()
  const canary = newCanary()
  const caller = new Caller()
  caller.credentials = { access_token: canary.text }
  const store = opened({ ...options, authClient: caller })
  expect((await errorOf(store.read(NAME, calm))).code).toBe("UNAUTHENTICATED")
  expect(caller.credentials.access_token === canary.text).toBe(true)
  server.identities.add({ token: canary.text })
  expect((await store.read(NAME, calm)).version).toBe("1")
})

/** What Google's library throws: an error of its HTTP client, with all that a request had. */
function gaxiosError(token: string, fields: object): Error {
  const config = { headers: { authorization: `Bearer ${token}` }, data: { refresh_token: token } }
  return Object.assign(new Error(`request for ${token} failed`), { config, ...fields })
}

test.for([
  [
    "invalid_grant",
    { status: 400, response: { status: 400, data: { error: "invalid_grant" } } },
    "UNAUTHENTICATED",
  ],
  ["403", { response: { status: 403 } }, "UNAUTHENTICATED"],
  ["429", { status: 429 }, "THROTTLED"],
  ["503", { status: 503, response: { status: 503 } }, "UNAVAILABLE"],
  ["a refused connection", { code: "ECONNREFUSED" }, "UNAVAILABLE"],
  ["a certificate that is not trusted", { code: "SELF_SIGNED_CERT_IN_CHAIN" }, "UNAVAILABLE"],
  ["a name without an address, deep inside", { cause: { code: "ENOTFOUND" } }, "UNAVAILABLE"],
  ["a broken key", { code: "ERR_OSSL_UNSUPPORTED" }, "UNAUTHENTICATED"],
] as const)("a login that ends with %s is %s, tells nothing, and is tried again", async ([
  ,
  fields,
  code,
]) => {
  const { caller, store } = await letIn()
  const canary = newCanary()
  caller.refusal = gaxiosError(canary.text, fields)
  const error = canary.watch(await errorOf(store.write(NAME, "tly-2", calm)))
  expect([error.code, error.outcome]).toEqual([code, undefined])
  expect(error.hint === undefined).toBe(code === "THROTTLED")
  expect((await errorOf(store.ping(calm))).code).toBe(code)
  caller.refusal = undefined
  expect((await store.read(NAME, calm)).version).toBe("1")
})

test("what was thrown instead of an error is a refused login, too", async () => {
  const { caller, store } = await letIn()
  caller.refusal = "no"
  expect((await errorOf(store.read(NAME, calm))).code).toBe("UNAUTHENTICATED")
})

test("a certificate that nobody here trusts is UNAVAILABLE, does not pass by itself, and ca is named", async () => {
  const { options } = await guarded()
  const another = await standIn({ tls: true })
  const ca = join(await folder(), "another.pem")
  await writeFile(ca, another.ca ?? "")
  const store = opened({ ...options, ca, authClient: new Caller() })
  const error = await errorOf(store.write(NAME, "tly-2", calm))
  expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", false, undefined])
  expect(error.hint).toContain("ca=")
})

test("a file with authorities that cannot be read is MISCONFIGURED, until it can", async () => {
  const { server, options } = await guarded()
  const ca = join(await folder(), "later.pem")
  const canary = newCanary()
  server.identities.add({ token: canary.text })
  const store = opened({ ...options, ca, authClient: new Caller(() => canary.text) })
  expect((await errorOf(store.read(NAME, calm))).code).toBe("MISCONFIGURED")
  await writeFile(ca, server.ca ?? "")
  expect((await store.read(NAME, calm)).version).toBe("1")
})

test("authorities may be given as they are", async () => {
  const { server, options } = await guarded()
  const canary = newCanary()
  server.identities.add({ token: canary.text })
  const store = opened({ ...options, ca: server.ca, authClient: new Caller(() => canary.text) })
  expect((await store.read(NAME, calm)).version).toBe("1")
})

test.for([
  ["nothing", ""],
  ["a key", "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----"],
  ["a certificate that is none", "-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----"],
] as const)("a file of authorities with %s is MISCONFIGURED, and not quoted", async ([, content]) => {
  const canary = newCanary()
  const ca = join(await folder(), "ca.pem")
  await writeFile(ca, content.replace("CANARY", canary.text))
  const { options } = await guarded()
  const store = opened({ ...options, ca, authClient: new Caller() })
  const error = canary.watch(await errorOf(store.write(NAME, "tly-2", calm)))
  expect([error.code, error.outcome]).toEqual(["MISCONFIGURED", undefined])
})

test.for([
  ["is not there", undefined],
  ["is no JSON", "CANARY"],
  ["is of a type that Google's library prints warnings about", '{"type":"external_account","x":"CANARY"}'],
] as const)("a key file that %s is MISCONFIGURED, and not quoted", async ([, content]) => {
  const canary = newCanary()
  const keyFilename = join(await folder(), "key.json")
  if (content !== undefined) await writeFile(keyFilename, content.replace("CANARY", canary.text))
  const error = canary.watch(
    await errorOf(opened({ project: "my-project", keyFilename }).write(NAME, "a", calm)),
  )
  expect([error.code, error.outcome]).toEqual(["MISCONFIGURED", undefined])
})

test("credentials that are given as they are log in as those of a file do", async () => {
  const player = await playing(
    () => ({
      name: `projects/1/secrets/${ID}/versions/1`,
      payload: { data: Buffer.from("tly-1"), dataCrc32c: String(crc32c(Buffer.from("tly-1"))) },
    }),
    true,
  )
  const ca = join(await folder(), "ca.pem")
  await writeFile(ca, player.ca ?? "")
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 })
  const credentials = {
    type: "service_account",
    client_email: "program@my-project.iam.gserviceaccount.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
  }
  expect((await opened({ ...player.options, ca, credentials }).read(NAME, calm)).version).toBe("1")
  expect(player.calls[0]?.authorization).toMatch(/^Bearer ey/)
})
