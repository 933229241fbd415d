import { type GcpClient, gcp } from "latchkey/gcp"
import { describe, expect, it, test } from "vitest"
import { newCanary } from "../../../support/canary.ts"
import { calm, collect, errorOf } from "../support.ts"
import { askedOf, heldAt, ID, journalOf, load, NAME, save, scene } from "./scene.ts"

const JOURNAL = "latchkey-rotation"

describe("a journal in an annotation", () => {
  it("costs a read and a write, to be loaded as well: that what was read is the newest only a write tells", async () => {
    const { server, ledger } = await scene()
    await save(ledger, 1)
    expect(askedOf(server)).toEqual(["GetSecret", "UpdateSecret"])
    expect((await load(ledger))?.seq).toBe(1)
    expect(askedOf(server)).toEqual(["GetSecret", "UpdateSecret"])
  })

  it("is never told as it was, while the service is behind its own writes", async () => {
    const { server, ledger } = await scene()
    await save(ledger, 1)
    const release = server.holdBack(ID)
    server.annotate(ID, JOURNAL, JSON.stringify(journalOf(2)))
    const error = await errorOf(load(ledger))
    expect([error.code, error.transient, error.outcome]).toEqual(["UNAVAILABLE", true, undefined])
    release()
    expect((await load(ledger))?.seq).toBe(2)
  })

  it("is not said to be another's, and not written, while the service is behind its own writes", async () => {
    const { server, ledger } = await scene()
    await save(ledger, 1)
    const release = server.holdBack(ID)
    server.annotate(ID, JOURNAL, JSON.stringify(journalOf(2, { owner: "me" })))
    for (const seq of [2, 3]) {
      const error = await errorOf(save(ledger, seq, { owner: "late" }))
      expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    }
    release()
    expect((await load(ledger))?.owner).toBe("me")
    await save(ledger, 3)
  })

  test.for([
    "ABORTED",
    "FAILED_PRECONDITION",
  ] as const)("is carried on where another one changes the secret in between, which is told by %s", async etagMismatch => {
    const { server, ledger } = await scene({ version: "current" }, { standIn: { etagMismatch } })
    await save(ledger, 1)
    const { call, go } = await heldAt(server, "UpdateSecret", () => save(ledger, 2))
    server.annotate(ID, "team", "forms")
    go()
    await call
    expect((await load(ledger))?.seq).toBe(2)
    expect(server.annotations(ID).team).toBe("forms")
  })

  it("makes a secret that is missing as the store makes secrets, and that reads as missing", async () => {
    const options = { labels: { team: "forms" }, replication: ["europe-west1"] }
    const { store, ledger } = await scene(options, { empty: true })
    expect(await load(ledger)).toBeUndefined()
    await save(ledger, 1)
    expect((await errorOf(store.read(NAME, calm))).code).toBe("NOT_FOUND")
    const [info] = await collect(store.list(calm))
    expect([info?.name, info?.labels]).toEqual([NAME, { team: "forms" }])
    expect((await errorOf(save(ledger, 1))).code).toBe("CONFLICT")
  })

  it("of a secret that is missing is written by one of eight", async () => {
    const { ledger, other } = await scene({}, { empty: true })
    const saves = Array.from({ length: 8 }, async (_, place) => {
      await save(place % 2 === 0 ? ledger : other, 1, { owner: `racer-${place}` })
      return `racer-${place}`
    })
    const ended = await Promise.allSettled(saves)
    const won = ended.flatMap(one => (one.status === "fulfilled" ? one.value : []))
    const lost = ended.flatMap(one =>
      one.status === "rejected" ? [one.reason.code, one.reason.outcome] : [],
    )
    expect(won).toEqual([(await load(ledger))?.owner])
    expect(new Set(lost)).toEqual(new Set(["CONFLICT", undefined]))
  })

  it("leaves open what became of it when the answer is lost, and not when it was never sent", async () => {
    const { server, ledger } = await scene()
    server.faults.next({ method: "UpdateSecret", code: "UNAVAILABLE", afterEffect: true })
    expect(await errorOf(save(ledger, 1))).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    expect((await load(ledger))?.seq).toBe(1)
    server.faults.next({ method: "GetSecret", code: "UNAVAILABLE" })
    expect((await errorOf(save(ledger, 2))).outcome).toBeUndefined()
    server.faults.next({ method: "UpdateSecret", code: "UNAVAILABLE" })
    expect((await errorOf(load(ledger))).outcome).toBeUndefined()
    expect((await load(ledger))?.seq).toBe(1)
  })

  it("that does not fit beside other annotations is refused, and nothing is written", async () => {
    const { server, ledger } = await scene()
    await save(ledger, 1)
    const error = await errorOf(save(ledger, 2, { knownIds: ["x".repeat(16 * 1024)] }))
    expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("another place")])
    expect((await load(ledger))?.seq).toBe(1)
    server.annotate(ID, "mine", "x".repeat(13 * 1024))
    expect((await errorOf(ledger.check(NAME, calm))).code).toBe("MISCONFIGURED")
  })

  it("cannot be kept without etags, nor where permission is lacking, and says so", async () => {
    const client = { getSecret: async () => [{ name: "projects/1/secrets/tally--api-token" }] }
    const store = gcp({ project: "p", client: client as unknown as GcpClient })
    expect((await errorOf(save(store.rotation(), 1))).code).toBe("UNSUPPORTED")
    const { server, ledger } = await scene()
    server.deny(ID, "secretmanager.secrets.update")
    for (const call of [load(ledger), save(ledger, 1)]) {
      const error = await errorOf(call)
      expect([error.code, error.outcome]).toEqual(["DENIED", undefined])
      expect(error.hint).toContain("secretmanager.secrets.update")
    }
  })

  it("is told garbled, and so are notes, without a word of what stands there", async () => {
    const canary = newCanary()
    const { server, ledger } = await scene({ version: "current" })
    for (const text of [
      `{ "${canary.text}`,
      '{ "parked": 1, "sent": [], "ours": [] }',
      "null",
      '{ "parked": [["a"]] }',
    ]) {
      server.annotate(ID, "latchkey-rotation-notes", text)
      const error = await errorOf(ledger.park(NAME, { ...calm, rotationId: "r1", value: canary.text }))
      expect(canary.watch(error).code).toBe("INVALID_VALUE")
      expect((await errorOf(ledger.check(NAME, calm))).code).toBe("INVALID_VALUE")
    }
  })
})
