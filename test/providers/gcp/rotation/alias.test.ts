import { describe, expect, it, test } from "vitest"
import { newCanary } from "../../../support/canary.ts"
import { calm, errorOf } from "../support.ts"
import { askedOf, discard, heldAt, ID, kept, load, NAME, park, promote, save, scene } from "./scene.ts"

const options = { version: "current" }

/** The numbers of the versions that hold a value. */
const standing = (held: readonly { readonly version: string; readonly state: string }[]): readonly string[] =>
  held.filter(({ state }) => state === "ENABLED").map(({ version }) => version)

describe("a rotation for readers of an alias", () => {
  it("moves the alias and the journal in one update, and leaves other aliases alone", async () => {
    const { server, store, ledger } = await scene(options)
    server.aliases(ID, { current: "1", stable: "1" })
    await save(ledger, 1)
    const { reference } = await park(ledger, "the second value")
    await save(ledger, 2, { candidate: reference })
    askedOf(server)
    const promoted = await promote(ledger, { value: "the second value", reference, expectBase: "1", seq: 3 })
    expect(promoted).toEqual({ version: "2", previous: "1", journaled: true })
    expect(askedOf(server)).toEqual(["AccessSecretVersion", "GetSecret", "UpdateSecret"])
    expect(await load(ledger)).toMatchObject({ seq: 3, promotedVersion: "2" })
    expect((await store.read(NAME, calm)).value === "the second value").toBe(true)
    expect((await ledger.kept(NAME, { ...calm, rotationId: "r1", reference: "1" }))?.value).toBe(
      "the first value",
    )
  })

  it("destroys the version of each loser of a race for the candidate, and no other", async () => {
    const { server, ledger, other } = await scene(options)
    const parks = Array.from(
      { length: 8 },
      async (_, place) => await park(place % 2 ? ledger : other, `value ${place}`),
    )
    const told = await Promise.all(parks)
    const [reference = ""] = new Set(told.map(one => one.reference))
    expect(new Set(told.map(one => one.reference)).size).toBe(1)
    expect(standing(server.held(ID))).toEqual([reference, "1"])
  })

  it("answers a loser also where it cannot destroy its own version", async () => {
    const { server, ledger, other } = await scene(options)
    const { call: slow, go } = await heldAt(server, "UpdateSecret", () => park(ledger, "slow"))
    const first = await park(other, "quick")
    server.deny(ID, "secretmanager.versions.destroy")
    go()
    expect(await slow).toEqual({ reference: first.reference, mine: false })
    expect(standing(server.held(ID))).toHaveLength(3)
  })

  it("finds the candidate again whose answer was lost, and parks once more where it was lost before it had a name", async () => {
    const { server, ledger } = await scene(options)
    server.faults.next({ method: "UpdateSecret", code: "UNAVAILABLE", afterEffect: true })
    expect((await errorOf(park(ledger, "a value"))).outcome).toBe("unknown")
    expect(await park(ledger, "a value")).toEqual({ reference: "2", mine: true })
    server.faults.next({ method: "AddSecretVersion", code: "UNAVAILABLE", afterEffect: true })
    expect((await errorOf(park(ledger, "another", "r2"))).outcome).toBe("unknown")
    expect(await kept(ledger, undefined, "r2")).toBeUndefined()
    expect(await park(ledger, "another", "r2")).toEqual({ reference: "4", mine: true })
  })

  it("is refused when the answer to its promotion was lost and it is promoted again, and the secret is the candidate", async () => {
    const { server, store, ledger } = await scene(options)
    await save(ledger, 1)
    const { reference } = await park(ledger, "the second value")
    server.faults.next({ method: "UpdateSecret", code: "UNAVAILABLE", afterEffect: true })
    const asked = { value: "the second value", reference, expectBase: "1", seq: 2 }
    expect(await errorOf(promote(ledger, asked))).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    expect((await errorOf(promote(ledger, asked))).code).toBe("CONFLICT")
    expect((await store.read(NAME, calm)).version).toBe("2")
    expect((await load(ledger))?.state).toBe("promoted")
  })

  it("takes no look at a copy that is behind for a change by hand", async () => {
    const { server, ledger } = await scene(options)
    await save(ledger, 1)
    const { reference } = await park(ledger, "the second value")
    const release = server.holdBack(ID)
    await promote(ledger, {
      value: "the second value",
      reference,
      expectBase: "1",
      seq: 2,
    })
    // The service still tells of the alias and of the journal as they were.
    const error = await errorOf(promote(ledger, { value: "a third", expectBase: "2", seq: 3 }))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    expect((await errorOf(ledger.current?.(NAME, calm) ?? Promise.resolve())).code).toBe("UNAVAILABLE")
    release()
    expect((await ledger.current?.(NAME, calm))?.version).toBe("2")
  })

  it("leaves nothing behind of a value that was never parked and is refused", async () => {
    const { server, ledger, put } = await scene(options)
    await save(ledger, 1)
    put("by hand")
    askedOf(server)
    const error = await errorOf(promote(ledger, { value: "a value", expectBase: "1", seq: 2 }))
    expect(error.code).toBe("CONFLICT")
    expect(askedOf(server)).not.toContain("AddSecretVersion")
    expect(standing(server.held(ID))).toEqual(["2", "1"])
  })

  it("destroys a version that it added itself, when somebody moves the alias at the last moment", async () => {
    const { server, ledger, put } = await scene(options)
    await save(ledger, 1)
    const asked = { value: "a value", expectBase: "1", seq: 2 }
    const { call, go } = await heldAt(server, "UpdateSecret", () => errorOf(promote(ledger, asked)))
    const byHand = put("by hand")
    go()
    expect((await call).code).toBe("CONFLICT")
    expect(standing(server.held(ID))).toEqual([byHand, "1"].sort().reverse())
  })

  it("destroys nothing but its own candidate: not what was promoted, nor before, nor what an alias names", async () => {
    const { server, ledger } = await scene(options)
    await save(ledger, 1)
    const { reference } = await park(ledger, "the second value")
    await promote(ledger, { value: "the second value", reference, expectBase: "1", seq: 2 })
    for (const named of [reference, "1", undefined]) await discard(ledger, "r1", named)
    const other = await park(ledger, "a third", "r2")
    server.aliases(ID, { current: "2", mine: other.reference })
    await discard(ledger, "r2", other.reference)
    expect(standing(server.held(ID))).toEqual(["3", "2", "1"])
    const last = await park(ledger, "a fourth", "r3")
    await discard(ledger, "r3", "1")
    expect(standing(server.held(ID))).toEqual(["3", "2", "1"])
    expect(await kept(ledger, last.reference, "r3")).toBeUndefined()
  })

  it("has no candidate any more that somebody destroyed, and one that is switched off it cannot read", async () => {
    const { server, ledger } = await scene(options)
    const { reference } = await park(ledger, "a value")
    server.disable(ID, reference)
    expect((await errorOf(kept(ledger, reference))).code).toBe("DISABLED")
    expect((await errorOf(park(ledger, "another"))).code).toBe("DISABLED")
    server.enable(ID, reference)
    server.destroy(ID, reference)
    expect(await kept(ledger, reference)).toBeUndefined()
    expect(await kept(ledger)).toBeUndefined()
    expect(await park(ledger, "another")).toEqual({ reference: "3", mine: true })
  })

  it("goes on where the journals are somewhere else", async () => {
    const { store, ledger } = await scene(options)
    const { reference } = await park(ledger, "the second value")
    const promoted = await promote(ledger, { value: "the second value", reference, expectBase: "1", seq: 9 })
    expect(promoted.journaled).toBe(false)
    expect(await load(ledger)).toBeUndefined()
    expect((await store.read(NAME, calm)).version).toBe("2")
  })

  it("makes a secret that is missing where no journal has made it", async () => {
    const { store, ledger } = await scene(options, { empty: true })
    const { reference } = await park(ledger, "the first value")
    await promote(ledger, { value: "the first value", reference })
    expect((await store.read(NAME, calm)).value === "the first value").toBe(true)
    expect((await ledger.current?.(NAME, calm))?.version).toBe("1")
  })

  it("is refused for a secret that has versions, and not the alias: that may be misspelled", async () => {
    const { server, ledger } = await scene({ version: "curent" }, { empty: true })
    await ledger.check(NAME, calm)
    server.put(ID, "a value")
    server.aliases(ID, { current: "1" })
    const error = await errorOf(ledger.check(NAME, calm))
    expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining("version")])
    server.deny(ID, "secretmanager.versions.access")
    expect((await errorOf(ledger.check(NAME, calm))).code).toBe("DENIED")
  })

  test.for([
    ["a reference of another store", "vault/somewhere"],
    ["the name of another secret", "other--secret"],
    ["a path", "latchkey/rotation"],
  ] as const)("does not read %s for a candidate", async ([, reference]) => {
    const { server, ledger } = await scene(options)
    server.put("other--secret", newCanary().text)
    expect((await errorOf(kept(ledger, reference))).code).toBe("INVALID_VALUE")
  })
})
