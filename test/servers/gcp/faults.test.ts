import { status } from "@grpc/grpc-js"
import { describe, expect, it } from "vitest"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import type { CodeName } from "./index.ts"
import { type Rig, rig } from "./rig.ts"

const CODES = (Object.keys(status) as Array<keyof typeof status>).filter(
  (name): name is CodeName => Number.isNaN(Number(name)) && name !== "OK",
)

async function withSecret(): Promise<Rig> {
  const made = await rig()
  made.server.put("a", "value")
  return made
}

const access = async ({ call, name }: Rig, options = {}) =>
  await call("AccessSecretVersion", { name: name("a", "latest") }, options)

const add = async ({ call, name }: Rig, options = {}) =>
  await call("AddSecretVersion", { parent: name("a"), payload: { data: Buffer.from("new") } }, options)

describe("a fault", () => {
  it("there is one of for every status of gRPC", () => {
    expect(CODES).toHaveLength(16)
  })

  it.for(CODES)("ends one call with %s, and the next is well", async code => {
    const made = await withSecret()
    made.server.faults.next({ code, message: "told so" })
    const answer = await access(made)
    expect([answer.code, answer.text]).toEqual([code, "told so"])
    expect((await access(made)).code).toBe("OK")
    expect(made.server.faults.pending).toBe(0)
  })

  it("strikes as often as it is told, calls of its method and resource only", async () => {
    const made = await withSecret()
    made.server.put("b", "value")
    made.server.faults.next({
      method: "AccessSecretVersion",
      resource: "/secrets/a",
      code: "INTERNAL",
      times: 2,
    })
    const codes = [
      (await made.call("GetSecret", { name: made.name("a") })).code,
      (await made.call("AccessSecretVersion", { name: made.name("b", 1) })).code,
      (await access(made)).code,
      (await access(made)).code,
      (await access(made)).code,
    ]
    expect(codes).toEqual(["OK", "OK", "INTERNAL", "INTERNAL", "OK"])
  })

  it("strikes until it is cleared, if told so, and in the order in which they came", async () => {
    const made = await withSecret()
    made.server.faults.next({ code: "ABORTED" })
    made.server.faults.next({ code: "UNAVAILABLE", times: Number.POSITIVE_INFINITY })
    const codes = [(await access(made)).code, (await access(made)).code, (await access(made)).code]
    expect(codes).toEqual(["ABORTED", "UNAVAILABLE", "UNAVAILABLE"])
    made.server.faults.clear()
    expect((await access(made)).code).toBe("OK")
  })

  it("says when to come back, and why", async () => {
    const made = await withSecret()
    made.server.faults.next({
      code: "RESOURCE_EXHAUSTED",
      retryDelayMs: 1_500,
      reason: "RATE_LIMIT_EXCEEDED",
    })
    expect((await access(made)).details).toEqual([
      {
        type: "ErrorInfo",
        reason: "RATE_LIMIT_EXCEEDED",
        domain: "googleapis.com",
        metadata: { service: "secretmanager.googleapis.com" },
      },
      { type: "RetryInfo", retryDelay: { seconds: "1", nanos: 500_000_000 } },
    ])
  })

  it("leaves no effect behind, unless it strikes after it", async () => {
    const made = await withSecret()
    made.server.faults.next({ code: "UNAVAILABLE" })
    expect((await add(made)).code).toBe("UNAVAILABLE")
    expect(made.server.held("a")).toHaveLength(1)
    made.server.faults.next({ code: "UNAVAILABLE", afterEffect: true })
    expect((await add(made)).code).toBe("UNAVAILABLE")
    expect(made.server.held("a").map(({ value }) => String(value))).toEqual(["new", "value"])
  })

  it("changes a bit of a payload, and leaves the checksum and what is stored as they were", async () => {
    const made = await withSecret()
    const sound = (await access(made)).body.payload as { data: Buffer; dataCrc32c: string }
    made.server.faults.next({ corrupt: true })
    const changed = (await access(made)).body.payload as { data: Buffer; dataCrc32c: string }
    expect(changed.data).not.toEqual(sound.data)
    expect(changed.dataCrc32c).toBe(sound.dataCrc32c)
    expect((await access(made)).body.payload).toEqual(sound)
  })
})

describe("a call that is not answered", () => {
  it("hangs until the deadline of the client, and then is over on both sides", async () => {
    const made = await withSecret()
    await eventually(async () => {
      made.server.log.clear()
      made.server.faults.clear()
      made.server.faults.next({ hang: true })
      expect((await access(made, { deadlineMs: 100 })).code).toBe("DEADLINE_EXCEEDED")
      // One that was given up before it was sent never arrives.
      expect(made.server.log.requests).toHaveLength(1)
    })
    await eventually(() => expect(made.server.log.inFlight).toBe(0))
    expect(made.server.log.requests).toMatchObject([{ ended: "CANCELLED" }])
  })

  it("hangs until the client gives up", async () => {
    const made = await withSecret()
    made.server.faults.next({ hang: true, afterEffect: true })
    const leaving = new AbortController()
    const answer = add(made, { signal: leaving.signal })
    await eventually(() => expect(made.server.held("a").length).toBe(2))
    leaving.abort()
    expect((await answer).code).toBe("CANCELLED")
    await eventually(() => expect(made.server.log.inFlight).toBe(0))
  })

  it("is slow, and a client that gives up meanwhile has caused nothing", async () => {
    const made = await withSecret()
    made.server.faults.next({ slowMs: 60_000 })
    expect((await add(made, { deadlineMs: 50 })).code).toBe("DEADLINE_EXCEEDED")
    await eventually(() => expect(made.server.log.inFlight).toBe(0))
    expect(made.server.held("a")).toHaveLength(1)
  })

  it("is slow, and then answered, or failed if that was said too", async () => {
    const made = await withSecret()
    made.server.faults.next({ slowMs: 20 })
    made.server.faults.next({ slowMs: 20, code: "INTERNAL" })
    expect([(await access(made)).code, (await access(made)).code]).toEqual(["OK", "INTERNAL"])
  })

  it("is held until it is let go, or given up", async () => {
    const made = await withSecret()
    const [door, never] = [gate(), gate()]
    const leaving = new AbortController()
    made.server.faults.next({ heldUntil: door.promise })
    made.server.faults.next({ heldUntil: door.promise, code: "INTERNAL" })
    made.server.faults.next({ heldUntil: never.promise })
    const answers = [access(made), access(made), access(made, { signal: leaving.signal })]
    await eventually(() => expect(made.server.log.inFlight).toBe(3))
    leaving.abort()
    expect((await answers[2])?.code).toBe("CANCELLED")
    expect(made.server.log.requests.slice(0, 2)).toMatchObject([{ ended: undefined }, { ended: undefined }])
    door.open()
    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual(["OK", "INTERNAL", "CANCELLED"])
  })

  it("ends when the server does", async () => {
    const made = await withSecret()
    made.server.faults.next({ hang: true })
    const answer = access(made)
    await eventually(() => expect(made.server.log.inFlight).toBe(1))
    await made.server.close()
    expect((await answer).code).toBe("UNAVAILABLE")
  })
})

describe("a connection that is cut", () => {
  it.for([
    { tls: false },
    { tls: true },
  ])("ends the call; the next one gets a new one, with %o", async options => {
    const made = await rig(options)
    made.server.put("a", "value")
    made.server.faults.next({ cut: true })
    expect((await access(made)).code).toBe("UNAVAILABLE")
    expect((await access(made)).code).toBe("OK")
    await eventually(() => expect(made.server.log.inFlight).toBe(0))
    expect(made.server.log.requests.map(({ ended }) => ended)).toEqual(["CANCELLED", "OK"])
  })

  it("loses the answer of a write that was done", async () => {
    const made = await withSecret()
    made.server.faults.next({ method: "AddSecretVersion", cut: true, afterEffect: true })
    expect((await add(made)).code).toBe("UNAVAILABLE")
    expect(made.server.held("a").map(({ version }) => version)).toEqual(["2", "1"])
  })

  it("takes all calls along when all connections are cut", async () => {
    const made = await withSecret()
    made.server.faults.next({ hang: true, times: 3 })
    const answers = [access(made), access(made), access(made)]
    await eventually(() => expect(made.server.log.inFlight).toBe(3))
    made.server.cut()
    expect((await Promise.all(answers)).map(({ code }) => code)).toEqual([
      "UNAVAILABLE",
      "UNAVAILABLE",
      "UNAVAILABLE",
    ])
    expect((await access(made)).code).toBe("OK")
  })
})
