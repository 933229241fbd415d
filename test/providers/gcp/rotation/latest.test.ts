import { describe, expect, it } from "vitest"
import { newCanary } from "../../../support/canary.ts"
import { calm, collect, errorOf } from "../support.ts"
import { askedOf, discard, heldAt, ID, kept, load, NAME, park, promote, save, scene } from "./scene.ts"

const CANDIDATE = "latchkey--rotation--tally--api-token--r1"
const COPIES = `${CANDIDATE}-copies`
const NOTES = "latchkey-rotation-notes"

/** The versions since another one, as they are told. */
const since = async ({ ledger }: Awaited<ReturnType<typeof scene>>, base?: string) =>
  (await ledger.since?.(NAME, { ...calm, ...(base !== undefined && { base }) })) ?? []

describe("a rotation for readers of the newest version", () => {
  it("keeps a candidate in the first version of a secret of its own, that says whose it is", async () => {
    const { server, store, ledger } = await scene()
    askedOf(server)
    expect(await park(ledger, "the second value")).toEqual({ reference: CANDIDATE, mine: true })
    expect(askedOf(server)).toEqual(["CreateSecret", "AddSecretVersion"])
    expect(server.annotations(CANDIDATE)).toEqual({ "latchkey-rotation-of": ID })
    expect((await collect(store.list(calm))).map(({ name }) => name)).toEqual([NAME])
    expect((await errorOf(store.read(CANDIDATE, calm))).code).toBe("INVALID_NAME")
  })

  it("fills the secret of a candidate that somebody made and was interrupted over", async () => {
    const { server, ledger, other } = await scene()
    server.faults.next({ method: "AddSecretVersion", code: "UNAVAILABLE" })
    expect((await errorOf(park(ledger, "lost"))).outcome).toBe("unknown")
    expect(await kept(ledger)).toBeUndefined()
    expect(await park(other, "a value")).toEqual({ reference: CANDIDATE, mine: true })
  })

  it("does not count a version that a paused loser adds later", async () => {
    const { server, ledger, other } = await scene()
    const { call: paused, go } = await heldAt(server, "AddSecretVersion", () => park(ledger, "paused"))
    await park(other, "elected")
    go()
    expect(await paused).toEqual({ reference: CANDIDATE, mine: false })
    expect((await kept(ledger))?.value === "elected").toBe(true)
    expect(server.held(CANDIDATE).map(({ state }) => state)).toEqual(["DESTROYED", "ENABLED"])
  })

  it("answers a loser also where it may not destroy its version, which counts no more for that", async () => {
    const { server, ledger, other } = await scene()
    const { call: paused, go } = await heldAt(server, "AddSecretVersion", () => park(ledger, "paused"))
    await park(other, "elected")
    server.deny(CANDIDATE, "secretmanager.versions.destroy")
    go()
    expect((await paused).mine).toBe(false)
    expect((await kept(ledger))?.value === "elected").toBe(true)
  })

  it("parks nothing beside a candidate that is switched off, and says so", async () => {
    const { server, ledger } = await scene()
    await park(ledger, "a value")
    server.disable(CANDIDATE)
    for (const call of [park(ledger, "another"), kept(ledger)])
      expect((await errorOf(call)).code).toBe("DISABLED")
    server.destroy(CANDIDATE)
    expect(await kept(ledger)).toBeUndefined()
  })

  it("is refused where somebody has added a version, also one that is switched off", async () => {
    const { server, ledger, put } = await scene()
    const { reference } = await park(ledger, "the second value")
    put("by hand")
    server.disable(ID)
    const asked = { value: "the second value", reference }
    expect((await errorOf(promote(ledger, { ...asked, expectBase: "1" }))).code).toBe("CONFLICT")
    for (const expectBase of ["7", "no number", undefined])
      expect((await errorOf(promote(ledger, { ...asked, ...(expectBase && { expectBase }) }))).code).toBe(
        "CONFLICT",
      )
    expect(server.held(ID)).toHaveLength(2)
  })

  it("knows a version whose answer was lost by its value, and by its number once the candidate is discarded", async () => {
    const made = await scene()
    const { server, ledger } = made
    const { reference } = await park(ledger, "the second value")
    server.faults.next({ method: "AddSecretVersion", code: "UNAVAILABLE", afterEffect: true })
    const asked = { value: "the second value", reference, expectBase: "1" }
    expect(await errorOf(promote(ledger, asked))).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    const ours = [{ version: "2", rotationId: "r1" }]
    expect(await since(made, "1")).toEqual(ours)
    expect((await errorOf(promote(ledger, asked))).code).toBe("CONFLICT")
    for (let times = 0; times < 2; times++) {
      await discard(ledger)
      expect(await since(made, "1")).toEqual(ours)
    }
    expect(await kept(ledger)).toBeUndefined()
    expect(JSON.parse(server.annotations(ID)[NOTES] ?? "")).toEqual({
      parked: [],
      sent: [],
      ours: [["2", "r1"]],
    })
  })

  it("tells the version that it wrote where its number could not be written down", async () => {
    const made = await scene()
    const { server, ledger } = made
    const { reference } = await park(ledger, "the second value")
    const { call, go } = await heldAt(server, "AddSecretVersion", () =>
      promote(ledger, { value: "the second value", reference, expectBase: "1" }),
    )
    server.faults.next({ method: "UpdateSecret", code: "PERMISSION_DENIED" })
    go()
    expect(await call).toEqual({ version: "2", previous: "1", journaled: false })
    expect(await since(made, "1")).toEqual([{ version: "2", rotationId: "r1" }])
  })

  it("changes nothing where it cannot write down first what it is about to write", async () => {
    const { server, ledger } = await scene()
    const { reference } = await park(ledger, "the second value")
    server.faults.next({ method: "UpdateSecret", code: "UNAVAILABLE" })
    const error = await errorOf(promote(ledger, { value: "the second value", reference, expectBase: "1" }))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    expect(server.held(ID)).toHaveLength(1)
  })

  it("shows a version that somebody adds in the window of one write, and tells it from its own", async () => {
    const made = await scene()
    const { server, ledger, put } = made
    const { reference } = await park(ledger, "the second value")
    const { call, go } = await heldAt(server, "AddSecretVersion", () =>
      promote(ledger, { value: "the second value", reference, expectBase: "1" }),
    )
    put("by hand")
    go()
    expect((await call).version).toBe("3")
    expect(await since(made, "1")).toEqual([{ version: "2" }, { version: "3", rotationId: "r1" }])
  })

  it("knows both of two writes of one promotion, the first of which landed late", async () => {
    const made = await scene()
    const { server, ledger } = made
    const { reference } = await park(ledger, "the second value")
    const asked = { value: "the second value", reference, expectBase: "1" }
    const { call: late, go } = await heldAt(server, "AddSecretVersion", () => promote(ledger, asked))
    await promote(made.other, asked)
    go()
    expect((await late).version).toBe("3")
    expect(await since(made, "1")).toEqual([
      { version: "2", rotationId: "r1" },
      { version: "3", rotationId: "r1" },
    ])
  })

  it("tells a replica's write that comes a rotation late, and not a person who goes back to a former value", async () => {
    const made = await scene()
    const { server, ledger, other, put } = made
    const first = await park(ledger, "the second value")
    const asked = { value: "the second value", reference: first.reference, expectBase: "1" }
    const { call: late, go } = await heldAt(server, "AddSecretVersion", () => promote(other, asked))
    await promote(ledger, asked)
    await discard(ledger)
    go()
    expect((await late).version).toBe("3")
    expect(await since(made, "2")).toEqual([{ version: "3", rotationId: "r1" }])
    await discard(ledger)
    put("the second value")
    expect(await since(made, "3")).toEqual([{ version: "4" }])
  })

  it("keeps a copy of a value that was never parked, until the rotation is over", async () => {
    const made = await scene()
    const { server, ledger } = made
    await park(ledger, "a key")
    server.faults.next({ method: "AddSecretVersion", resource: COPIES, code: "UNAVAILABLE" })
    const asked = { value: "a set with the key", expectBase: "1" }
    expect((await errorOf(promote(ledger, asked))).outcome).toBeUndefined()
    server.faults.next({
      method: "AddSecretVersion",
      resource: `secrets/${ID}`,
      code: "UNAVAILABLE",
      afterEffect: true,
    })
    await errorOf(promote(ledger, asked))
    expect(await since(made, "1")).toEqual([{ version: "2", rotationId: "r1" }])
    await promote(ledger, { value: "a set that signs with it", expectBase: "2" })
    expect(server.held(COPIES)).toHaveLength(2)
    await discard(ledger)
    expect(await since(made, "1")).toEqual([
      { version: "2", rotationId: "r1" },
      { version: "3", rotationId: "r1" },
    ])
    expect([server.held(COPIES), server.held(CANDIDATE)]).toEqual([[], []])
  })

  it("copies nothing when it puts back what is known already, or goes back to what it held", async () => {
    const made = await scene()
    const { server, ledger } = made
    const { reference } = await park(ledger, "the second value")
    const { previous } = await promote(ledger, { value: "the second value", reference, expectBase: "1" })
    await promote(ledger, { value: "the first value", reference: previous ?? "", expectBase: "2" })
    await discard(ledger)
    await promote(ledger, { value: "the second value", expectBase: "3" })
    expect(server.held(COPIES)).toEqual([])
    expect((await since(made, "1")).map(({ rotationId }) => rotationId)).toEqual(["r1", "r1", "r1"])
  })

  it("reads the newest version by its number, also while the service still tells of the one before", async () => {
    const { server, store, ledger } = await scene()
    await save(ledger, 1)
    const { reference } = await park(ledger, "the second value")
    const release = server.holdBack(ID)
    await promote(ledger, { value: "the second value", reference, expectBase: "1" }).catch(() => undefined)
    expect((await store.read(NAME, calm)).version).toBe("1")
    expect((await ledger.current?.(NAME, calm))?.version).toBe("2")
    release()
    server.disable(ID)
    expect((await errorOf(ledger.current?.(NAME, calm) ?? Promise.resolve())).code).toBe("DISABLED")
    server.put(ID, "a third")
    server.disable(ID)
    server.enable(ID, "2")
    expect((await errorOf(ledger.current?.(NAME, calm) ?? Promise.resolve())).code).toBe("DISABLED")
  })

  it("takes no version of ours for somebody else's while notes are told as they were", async () => {
    const made = await scene()
    const { server, ledger } = made
    const { reference } = await park(ledger, "the second value")
    const release = server.holdBack(ID)
    await promote(ledger, { value: "the second value", reference, expectBase: "1" })
    const error = await errorOf(since(made, "1"))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    release()
    expect(await since(made, "1")).toEqual([{ version: "2", rotationId: "r1" }])
  })

  it("lists all versions where the base is gone, because the secret was removed and made anew", async () => {
    const made = await scene()
    const { server, ledger, put } = made
    for (const value of ["two", "three"]) put(value)
    server.remove(ID)
    expect(await since(made, "3")).toEqual([])
    put("made anew")
    expect(await since(made, "3")).toEqual([{ version: "1" }])
    expect(await since(made)).toEqual([{ version: "1" }])
    expect((await errorOf(promote(ledger, { value: "late", expectBase: "3" }))).code).toBe("CONFLICT")
    expect(server.held(ID)).toHaveLength(1)
  })

  it("makes a secret that is missing where no journal has made it", async () => {
    const { store, ledger } = await scene({}, { empty: true })
    const { reference } = await park(ledger, "the first value")
    await promote(ledger, { value: "the first value", reference })
    expect((await store.read(NAME, calm)).version).toBe("1")
    expect(await load(ledger)).toBeUndefined()
  })

  it("holds bytes and the largest values, and refuses what the service does", async () => {
    const { ledger } = await scene()
    const canary = newCanary()
    const { reference } = await park(ledger, canary.bytes)
    expect(Buffer.compare(Buffer.from((await kept(ledger))?.value ?? ""), canary.bytes)).toBe(0)
    await promote(ledger, { value: canary.bytes, reference, expectBase: "1" })
    for (const value of ["", "x".repeat(65_537)])
      expect((await errorOf(park(ledger, value, "r2"))).code).toBe("INVALID_VALUE")
  })

  it("of a secret with a long name keeps its candidate under a name that fits, and that nobody else has", async () => {
    const { server, ledger } = await scene({}, { empty: true })
    const names = ["x", "y"].map(last => `${"long-".repeat(40)}${last}`)
    for (const name of names) {
      server.put(name, "a value")
      await ledger.park(name, { ...calm, rotationId: "r1", value: name })
    }
    for (const name of names)
      expect((await ledger.kept(name, { ...calm, rotationId: "r1" }))?.value).toBe(name)
  })
})
