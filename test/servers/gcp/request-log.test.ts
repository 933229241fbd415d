import { describe, expect, it } from "vitest"
import { eventually } from "../../support/eventually.ts"
import { gate } from "../../support/rig.ts"
import { type Rig, rig } from "./rig.ts"

/** Accesses `count` secrets, so many at once. */
async function accessAll({ call, name }: Rig, count: number, atOnce: number): Promise<void> {
  const names = Array.from({ length: count }, (_each, index) => name(`s${index}`, "latest"))
  const worker = async (): Promise<void> => {
    for (let next = names.pop(); next !== undefined; next = names.pop()) {
      await call("AccessSecretVersion", { name: next })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** Holds the first calls until so many are under way, and waits for what makes them. */
async function allAtOnce({ server }: Rig, count: number, calls: Promise<void>): Promise<void> {
  const door = gate()
  server.faults.next({ heldUntil: door.promise, times: count })
  await eventually(() => expect(server.log.inFlight).toBe(count))
  door.open()
  await calls
}

describe("the log", () => {
  it("has the calls in order, with what they named and how they ended", async () => {
    const { server, call, name, project } = await rig()
    const before = performance.now()
    await call("ListSecrets", { parent: project })
    await call("GetSecret", { name: name("a") })
    await call("UpdateSecret", { secret: { name: name("a") }, updateMask: { paths: ["labels"] } })
    expect(server.log.requests).toMatchObject([
      { method: "ListSecrets", resource: project, ended: "OK", inFlight: 1 },
      { method: "GetSecret", resource: name("a"), ended: "NOT_FOUND", inFlight: 1 },
      { method: "UpdateSecret", resource: name("a"), ended: "NOT_FOUND", inFlight: 1 },
    ])
    const times = server.log.requests.map(({ at }) => at)
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(times[0]).toBeGreaterThan(before)
    expect(server.log.of("GetSecret")).toHaveLength(1)
  })

  it("holds no payload", async () => {
    const { server, call, name } = await rig()
    server.removeVersions("a")
    await call("AddSecretVersion", { parent: name("a"), payload: { data: Buffer.from("payload!") } })
    expect(JSON.stringify(server.log.requests)).not.toMatch(/payload!|112,97,121/)
  })

  it("counts a wave for each time that the client waited", async () => {
    const made = await rig()
    await allAtOnce(made, 5, accessAll(made, 5, 5))
    expect([made.server.log.waves, made.server.log.mostInFlight]).toEqual([1, 5])
    await accessAll(made, 1, 1)
    expect(made.server.log.waves).toBe(2)
    await accessAll(made, 3, 1)
    expect(made.server.log.waves).toBe(5)
    expect(made.server.log.requests).toHaveLength(9)
  })

  it("counts no more at once than there were", async () => {
    const made = await rig()
    await allAtOnce(made, 4, accessAll(made, 20, 4))
    expect(made.server.log.mostInFlight).toBe(4)
    expect(made.server.log.waves).toBeGreaterThanOrEqual(5)
    expect(made.server.log.inFlight).toBe(0)
  })

  it("begins anew when it is cleared, and does not count what had begun before", async () => {
    const made = await rig()
    const door = gate()
    made.server.faults.next({ heldUntil: door.promise })
    const slow = accessAll(made, 1, 1)
    await eventually(() => expect(made.server.log.inFlight).toBe(1))
    made.server.log.clear()
    door.open()
    await slow
    await accessAll(made, 1, 1)
    const { requests, mostInFlight, waves, inFlight } = made.server.log
    expect([requests.length, mostInFlight, waves, inFlight]).toEqual([1, 1, 1, 0])
  })
})

it("every answer takes as long as it is told, from now on", async () => {
  const made = await rig()
  made.server.latencyMs = 60_000
  const answer = await made.call("ListSecrets", { parent: made.project }, { deadlineMs: 50 })
  expect(answer.code).toBe("DEADLINE_EXCEEDED")
  made.server.latencyMs = 0
  expect((await made.call("ListSecrets", { parent: made.project })).code).toBe("OK")
})
