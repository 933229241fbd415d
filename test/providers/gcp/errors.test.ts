import { once } from "node:events"
import { createServer as createHttp2 } from "node:http2"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { type SecretErrorCode, Secrets } from "latchkey"
import type { GcpOptions } from "latchkey/gcp"
import { expect, onTestFinished, test } from "vitest"
import type { CodeName, Fault } from "../../servers/gcp/index.ts"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { at, calm, collect, errorOf, opened, rig, standIn } from "./support.ts"

type Store = ReturnType<typeof opened>

const OPERATIONS = {
  read: store => store.read("tally/api-token", calm),
  write: store => store.write("tally/api-token", "tly-1", calm),
  list: store => collect(store.list(calm)),
  versions: store => collect(store.versions("tally/api-token", calm)),
  delete: store => store.delete("tally/api-token", calm),
  ping: store => store.ping(calm),
} satisfies Readonly<Record<string, (store: Store) => Promise<unknown>>>

type Operation = keyof typeof OPERATIONS

/** What every call of an operation ends with when the service gives a status; `""` where it succeeds. */
const TABLE: readonly (readonly [CodeName, Readonly<Record<Operation, SecretErrorCode | "">>])[] = [
  ["CANCELLED", all("UNAVAILABLE")],
  ["UNKNOWN", all("UNAVAILABLE")],
  [
    "INVALID_ARGUMENT",
    { ...all("INVALID_NAME"), write: "INVALID_VALUE", list: "MISCONFIGURED", ping: "MISCONFIGURED" },
  ],
  ["DEADLINE_EXCEEDED", all("TIMEOUT")],
  ["NOT_FOUND", { ...all("NOT_FOUND"), write: "MISCONFIGURED", list: "MISCONFIGURED", ping: "" }],
  ["ALREADY_EXISTS", all("CONFLICT")],
  ["PERMISSION_DENIED", { ...all("DENIED"), ping: "" }],
  ["RESOURCE_EXHAUSTED", all("THROTTLED")],
  ["FAILED_PRECONDITION", { ...all("DENIED"), read: "DISABLED", ping: "" }],
  ["ABORTED", { ...all("UNAVAILABLE"), write: "CONFLICT", delete: "CONFLICT" }],
  ["UNIMPLEMENTED", all("UNAVAILABLE")],
  ["OUT_OF_RANGE", all("UNAVAILABLE")],
  ["INTERNAL", all("UNAVAILABLE")],
  ["UNAVAILABLE", all("UNAVAILABLE")],
  ["DATA_LOSS", all("UNAVAILABLE")],
]

function all(code: SecretErrorCode): Readonly<Record<Operation, SecretErrorCode>> {
  return { read: code, write: code, list: code, versions: code, delete: code, ping: code }
}

const ROWS = TABLE.flatMap(([status, codes]) =>
  Object.entries(codes).map(([operation, code]) => [operation as Operation, status, code] as const),
)

test.for(ROWS)("%s that the service answers with %s is %s", async ([operation, status, code]) => {
  const canary = newCanary()
  const { server, store } = await rig()
  server.put("tally--api-token", canary.text)
  server.faults.next({ code: status, message: `about ${canary.text}`, times: Number.POSITIVE_INFINITY })
  const call = OPERATIONS[operation](store)
  if (code === "") {
    await call
    return
  }

  const error = canary.watch(await errorOf(call), store)
  expect(error.code).toBe(code)
  const changes = operation === "write" || operation === "delete"
  const isOpen = changes && (code === "UNAVAILABLE" || code === "TIMEOUT")
  expect(error.outcome).toBe(isOpen ? "unknown" : undefined)
  expect(error.hint === undefined).toBe(code === "TIMEOUT" && !isOpen)
  expect(error.secret).toBe(operation === "list" || operation === "ping" ? undefined : "tally/api-token")
})

test.for([
  ["SERVICE_DISABLED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["BILLING_DISABLED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["CONSUMER_INVALID", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["CONSUMER_SUSPENDED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["USER_PROJECT_DENIED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "PERMISSION_DENIED", "UNAUTHENTICATED"],
  ["ACCOUNT_STATE_INVALID", "UNAUTHENTICATED", "UNAUTHENTICATED"],
  ["SECURITY_POLICY_VIOLATED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["ORG_RESTRICTION_VIOLATION", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["LOCATION_ORG_POLICY_VIOLATED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["LOCATION_ORG_POLICY_VIOLATED", "FAILED_PRECONDITION", "MISCONFIGURED"],
  ["GCP_SUSPENDED", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["SERVICE_NOT_VISIBLE", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["RESOURCE_PROJECT_INVALID", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["ACCESS_TOKEN_EXPIRED", "PERMISSION_DENIED", "UNAUTHENTICATED"],
  ["IAM_PERMISSION_DENIED", "PERMISSION_DENIED", "DENIED"],
  ["A_REASON_OF_TOMORROW", "PERMISSION_DENIED", "MISCONFIGURED"],
  ["A_REASON_OF_TOMORROW", "UNAUTHENTICATED", "UNAUTHENTICATED"],
  ["A_REASON_OF_TOMORROW", "FAILED_PRECONDITION", "DISABLED"],
  ["constructor", "PERMISSION_DENIED", "MISCONFIGURED"],
] as const)("a refusal for %s (%s) is %s, for a ping too unless it lets in", async ([
  reason,
  status,
  code,
]) => {
  const canary = newCanary()
  const { server, store } = await rig()
  const fault: Fault = { code: status, reason, message: canary.text, times: Number.POSITIVE_INFINITY }
  server.faults.next(fault)
  const error = canary.watch(await errorOf(store.read("tally/api-token", calm)))
  expect([error.code, error.transient]).toEqual([code, false])
  expect(error.hint).toBeDefined()
  const pinged = await store.ping(calm).then(
    () => undefined,
    (thrown: { code: string }) => thrown.code,
  )
  expect(pinged).toBe(code === "DENIED" || code === "DISABLED" ? undefined : code)
})

test("a perimeter around the project, met from outside, takes no secret away from who holds it", async () => {
  const { server, store } = await rig()
  server.put("tally--api-token", "tly-1")
  const secrets = new Secrets(store)
  onTestFinished(async () => await secrets.close())
  const held = await secrets.get("tally/api-token")
  const reason = "SECURITY_POLICY_VIOLATED"
  server.faults.next({ code: "PERMISSION_DENIED", reason, times: Number.POSITIVE_INFINITY })
  for (let round = 0; round < 3; round++) await secrets.refresh("tally/api-token").catch(() => undefined)
  expect(held.reveal() === "tly-1").toBe(true)
  expect(held.status.stale).toBe(true)
})

test("a project whose service is switched off is no project of a denied secret", async () => {
  const { server, store } = await rig()
  server.put("tally--api-token", "tly-1")
  server.serviceDisabled = true
  const error = await errorOf(store.read("tally/api-token", calm))
  expect(error.code).toBe("MISCONFIGURED")
  expect(error.hint).toContain("gcloud services enable secretmanager.googleapis.com")
  expect((await errorOf(store.ping(calm))).code).toBe("MISCONFIGURED")
})

test("a project that is not there is told at the ping, and as no denial", async () => {
  const server = await standIn()
  const store = opened({ ...at(server), project: "another-project" })
  expect((await errorOf(store.ping(calm))).code).toBe("MISCONFIGURED")
  expect((await errorOf(store.read("tally/api-token", calm))).code).toBe("MISCONFIGURED")
})

test("a service that asks to wait is believed", async () => {
  const { server, store } = await rig()
  server.faults.next({ code: "RESOURCE_EXHAUSTED", retryDelayMs: 2_500 })
  server.faults.next({ code: "RESOURCE_EXHAUSTED" })
  const errors = [await errorOf(store.ping(calm)), await errorOf(store.ping(calm))]
  expect(errors.map(error => error.retryAfterMs)).toEqual([2_500, undefined])
})

test("an access that fails is sent once: the retries of the SDK are off", async () => {
  const { server, store } = await rig()
  server.put("tally--api-token", "tly-1")
  server.faults.next({ code: "UNAVAILABLE" })
  server.faults.next({ code: "RESOURCE_EXHAUSTED" })
  server.faults.next({ code: "DEADLINE_EXCEEDED" })
  for (const code of ["UNAVAILABLE", "THROTTLED", "TIMEOUT"])
    expect((await errorOf(store.read("tally/api-token", calm))).code).toBe(code)
  expect(server.log.requests).toHaveLength(3)
  expect((await store.read("tally/api-token", calm)).value === "tly-1").toBe(true)
})

/** The options that lead to something that listens and is no Secret Manager. */
async function listening(server: Server): Promise<GcpOptions> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { project: "my-project", endpoint: `127.0.0.1:${port}`, insecure: true }
}

function overTcp(answer: (socket: Socket) => void): Server {
  return createServer(socket => {
    // That the other side goes away in mid-sentence is what is tried.
    socket.on("error", () => undefined)
    answer(socket)
  })
}

test.for([
  [200, "UNAVAILABLE", true],
  [302, "UNAVAILABLE", true],
  [401, "UNAVAILABLE", false],
  [403, "UNAVAILABLE", false],
  [404, "UNAVAILABLE", false],
  [407, "UNAVAILABLE", false],
  [429, "THROTTLED", true],
  [500, "UNAVAILABLE", true],
  [503, "UNAVAILABLE", true],
] as const)("a page with status %i that a proxy answers with is %s, transient %s, and takes no secret away", async ([
  status,
  code,
  transient,
]) => {
  const canary = newCanary()
  let asked = 0
  const proxy = createHttp2((_request, response) => {
    asked++
    response.writeHead(status, { "content-type": "text/html", location: "http://127.0.0.1:1/" })
    response.end(`<html>${canary.text}</html>`)
  })
  const store = opened(await listening(proxy))
  const error = canary.watch(await errorOf(store.read("tally/api-token", calm)))
  expect([error.code, error.transient]).toEqual([code, transient])
  // Also with 401: there is no login that could mend it.
  expect(asked).toBe(1)
  expect((await errorOf(store.write("tally/api-token", "tly-1", calm))).outcome).toBe(
    code === "UNAVAILABLE" ? "unknown" : undefined,
  )
})

test.for([
  ["speaks HTTP/1.1", overTcp(socket => void socket.end("HTTP/1.1 200 OK\r\n\r\n<html></html>"))],
  ["hangs up", overTcp(socket => void socket.destroy())],
] as const)("a server that %s is UNAVAILABLE, and was sent no write", async ([, server]) => {
  const store = opened(await listening(server))
  const error = await errorOf(store.write("tally/api-token", "tly-1", calm))
  expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
})

test.for([
  ["127.0.0.1:1", "refuses the connection"],
  ["no-such-host.invalid:443", "has no address"],
])("%s, which %s, is UNAVAILABLE, and was sent no write", async ([endpoint]) => {
  const store = opened({ project: "my-project", endpoint: endpoint as string, insecure: true })
  const error = await errorOf(store.write("tally/api-token", "tly-1", calm))
  expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
  expect(error.hint).toContain("a location that does not exist has no address")
})

test("a connection that is cut in mid-call is UNAVAILABLE, and the next one is made at once", async () => {
  const { server, store } = await rig()
  server.put("tally--api-token", "tly-1")
  server.faults.next({ cut: true })
  expect((await errorOf(store.read("tally/api-token", calm))).code).toBe("UNAVAILABLE")
  await eventually(async () => expect((await store.read("tally/api-token", calm)).version).toBe("1"))
})

test("a write whose answer was lost has an unknown outcome, and is not sent again", async () => {
  const { server, store } = await rig()
  server.put("tally--api-token", "tly-1")
  server.faults.next({ method: "AddSecretVersion", afterEffect: true, cut: true })
  const error = await errorOf(store.write("tally/api-token", "tly-2", calm))
  expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
  expect(server.held("tally--api-token").map(held => held.version)).toEqual(["2", "1"])
})
