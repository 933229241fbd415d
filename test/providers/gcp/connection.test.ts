import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { type GcpCallOptions, type GcpClient, gcp } from "latchkey/gcp"
import { expect, onTestFinished, test } from "vitest"
import { startGcp } from "../../servers/gcp/index.ts"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { at, calm, errorOf, opened, rig, standIn } from "./support.ts"

const NAME = "tally/api-token"
const ID = "tally--api-token"
/** Passes connections on, and can let those that are there die without a word. */
async function relay(port: number) {
  const sockets = new Set<Socket>()
  let accepted = 0
  let swallowed = 0
  const server = createServer(near => {
    accepted++
    const far = connect(port, "127.0.0.1")
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on("error", () => undefined).once("close", () => other.destroy())
      one.pipe(other)
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, "close")
  })
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return accepted
    },
    get swallowed() {
      return swallowed
    },
    freeze() {
      for (const socket of sockets) {
        socket.unpipe().on("data", () => {
          swallowed++
        })
        socket.resume()
      }
    },
  }
}

test("a call that is given up ends at once, and at the service too", async () => {
  const { server, store } = await rig()
  server.faults.next({ hang: true })
  const controller = new AbortController()
  const call = errorOf(store.read(NAME, controller))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  controller.abort()
  expect((await call).code).toBe("ABORTED")
  await eventually(() => expect(server.log.requests[0]?.ended).toBe("CANCELLED"))
})

test("a call that is given up takes no other one with it", async () => {
  const { server, store } = await rig()
  server.put(ID, "tly-1")
  server.faults.next({ hang: true })
  const door = gate()
  server.faults.next({ heldUntil: door.promise })
  const controller = new AbortController()
  const given = errorOf(store.ping(controller))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  const kept = store.read(NAME, calm)
  await eventually(() => expect(server.log.inFlight).toBe(2))
  controller.abort()
  expect((await given).code).toBe("ABORTED")
  door.open()
  expect((await kept).version).toBe("1")
})

test("a connection over which nothing comes any more is left after a call was given up", async () => {
  const server = await standIn()
  server.put(ID, "tly-1")
  const between = await relay(server.port)
  const store = opened({ ...at(server), endpoint: between.endpoint })
  await store.read(NAME, calm)
  between.freeze()
  const controller = new AbortController()
  const dead = errorOf(store.read(NAME, controller))
  await eventually(() => expect(between.swallowed).toBeGreaterThan(0))
  controller.abort()
  expect((await dead).code).toBe("ABORTED")
  expect((await store.read(NAME, calm)).version).toBe("1")
  expect(between.accepted).toBe(2)
})

test.for([
  ["answers", "tly-1", "answered"],
  ["refuses", undefined, "NOT_FOUND"],
] as const)("a connection that %s others is kept when a call is given up", async ([, value, outcome]) => {
  const server = await standIn()
  if (value !== undefined) server.put(ID, value)
  const between = await relay(server.port)
  const store = opened({ ...at(server), endpoint: between.endpoint })
  server.faults.next({ hang: true })
  const controller = new AbortController()
  const given = errorOf(store.ping(controller))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  const read = async () =>
    await store.read(NAME, calm).then(
      () => "answered",
      (thrown: { code: string }) => thrown.code,
    )
  expect(await read()).toBe(outcome)
  controller.abort()
  await given
  expect(await read()).toBe(outcome)
  expect(between.accepted).toBe(1)
})

test("a server that comes back is found again without a restart", async () => {
  const first = await startGcp()
  const store = opened(at(first))
  first.put(ID, "tly-1")
  expect((await store.read(NAME, calm)).version).toBe("1")
  await first.close()
  for (let round = 0; round < 3; round++)
    expect((await errorOf(store.read(NAME, calm))).code).toBe("UNAVAILABLE")
  const second = await standIn({ port: first.port })
  second.put(ID, "tly-2")
  const found = async () => (await store.read(NAME, calm).catch(() => undefined))?.version
  await eventually(async () => expect(await found()).toBe("1"))
})

test("closing ends the calls that are under way, with CLOSED, and all that come later", async () => {
  const { server, store } = await rig()
  server.faults.next({ hang: true })
  const call = errorOf(store.read(NAME, calm))
  await eventually(() => expect(server.log.inFlight).toBe(1))
  await store.close()
  expect((await call).code).toBe("CLOSED")
  expect((await errorOf(store.read(NAME, calm))).code).toBe("CLOSED")
  await eventually(() => expect(server.log.requests[0]?.ended).toBe("CANCELLED"))
  expect(server.log.requests).toHaveLength(1)
})

test("closing while the connection is made leaves none", async () => {
  const { server, store } = await rig()
  const call = errorOf(store.read(NAME, calm))
  await store.close()
  expect((await call).code).toBe("CLOSED")
  expect(server.log.requests).toHaveLength(0)
})

/** A client that was handed over: answers every access, and remembers what it was told. */
function handedOver(value: string) {
  const calls: { readonly request: object; readonly options: GcpCallOptions }[] = []
  const name = `projects/1/secrets/${ID}/versions/7`
  const accessSecretVersion: GcpClient["accessSecretVersion"] = async (request, options) => {
    calls.push({ request, options })
    // As the REST form of the client has it: bytes as text, and a checksum only if there was one.
    return [{ name, payload: { data: Buffer.from(value).toString("base64") } }]
  }
  const client = { accessSecretVersion, closed: 0, close: () => void client.closed++ }
  return { client: client as unknown as GcpClient & { closed: number }, calls }
}

test("a client that is handed over is used as it is, never logged in, and stays open", async () => {
  const { client, calls } = handedOver("tly-1")
  const store = gcp({ project: "my-project", client })
  const answer = await store.read(NAME, calm)
  expect([answer.version, answer.value === "tly-1"]).toEqual(["7", true])
  expect(calls[0]?.request).toEqual({ name: `projects/my-project/secrets/${ID}/versions/latest` })
  expect(calls[0]?.options).toMatchObject({ retry: null, autoPaginate: false, timeout: 60_000 })
  await store.close()
  expect(client.closed).toBe(0)
  expect((await errorOf(store.read(NAME, calm))).code).toBe("CLOSED")
})

test("a client that is handed over, and whose token is refused, is asked once and kept", async () => {
  const canary = newCanary()
  let asked = 0
  const client = {
    async accessSecretVersion() {
      asked++
      throw Object.assign(new Error(canary.text), { code: 16, details: canary.text, metadata: canary.text })
    },
  } as unknown as GcpClient
  const store = opened({ project: "my-project", client })
  const error = canary.watch(await errorOf(store.read(NAME, calm)))
  expect([error.code, asked]).toEqual(["UNAUTHENTICATED", 1])
})

test.for([
  ["no name", {}],
  ["a name without a version", { name: `projects/1/secrets/${ID}`, payload: { data: Buffer.from("tly-1") } }],
  ["another name", { name: "projects/1/secrets/a/versions/1", payload: { data: Buffer.from("tly-1") } }],
  ["no payload", { name: `projects/1/secrets/${ID}/versions/1` }],
  ["no data", { name: `projects/1/secrets/${ID}/versions/1`, payload: { data: null } }],
] as const)("an answer with %s is UNAVAILABLE and no value", async ([, answer]) => {
  const client = { accessSecretVersion: async () => [answer] } as unknown as GcpClient
  const error = await errorOf(opened({ project: "my-project", client }).read(NAME, calm))
  expect([error.code, error.transient]).toEqual(["UNAVAILABLE", true])
})

test.for([
  ["no version", {}],
  ["another secret", { name: "projects/1/secrets/a/versions/1" }],
] as const)("an answer to a write that names %s leaves open what became of it", async ([, answer]) => {
  const client = { addSecretVersion: async () => [answer] } as unknown as GcpClient
  const error = await errorOf(opened({ project: "my-project", client }).write(NAME, "tly-1", calm))
  expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", "unknown"])
})

test("the id of a request that stands in the details is told, if it is one", async () => {
  const failing = (requestId: unknown) =>
    ({
      async accessSecretVersion() {
        throw Object.assign(new Error("x"), { code: 13, statusDetails: [null, { requestId }] })
      },
    }) as unknown as GcpClient
  const told = async (requestId: unknown) =>
    (await errorOf(opened({ project: "my-project", client: failing(requestId) }).read(NAME, calm))).requestId
  expect([await told("req-1234"), await told("Bearer x"), await told(7)]).toEqual([
    "req-1234",
    undefined,
    undefined,
  ])
})
