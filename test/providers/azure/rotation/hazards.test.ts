import { type AzureOptions, azure } from "latchkey/azure"
import { describe, expect, it, onTestFinished } from "vitest"
import type { RotationLedger } from "../../../../src/core/index.ts"
import type { AzureServer, Judged } from "../../../servers/azure/index.ts"
import { newCanary } from "../../../support/canary.ts"
import { eventually } from "../../../support/eventually.ts"
import { calm, errorOf, reaching, scene } from "../scene.ts"

const NAME = "tally/api-token"
const ID = "tally--api-token"
const CANDIDATE = "latchkey--rotation--tally--api-token--r1"

const isSet = ({ method, path }: Judged): boolean => method === "PUT" && path === `/secrets/${ID}`

/** A vault with a secret, and the ledgers of two programs that rotate it. */
async function rotating(options: Parameters<typeof scene>[0] = {}, more: AzureOptions = {}) {
  const { server, store } = await scene(options, more)
  const first = server.put(ID, "the first value")
  return { server, store, ledger: store.rotation(), other: another(server), first }
}

function another(server: AzureServer, identity = "owner"): RotationLedger {
  const store = azure(reaching(server, server.credential(identity)))
  onTestFinished(async () => await store.close())
  return store.rotation()
}

async function park(ledger: RotationLedger, value: string, rotationId = "r1") {
  return await ledger.park(NAME, { ...calm, rotationId, value })
}

async function promote(ledger: RotationLedger, value: string, expectBase?: string, rotationId = "r1") {
  const journal = () => {
    throw new Error("a vault keeps no journals")
  }
  return await ledger.promote(NAME, {
    ...calm,
    rotationId,
    value,
    journal,
    ...(expectBase && { expectBase }),
  })
}

async function kept(ledger: RotationLedger, reference?: string, rotationId = "r1") {
  return await ledger.kept(NAME, { ...calm, rotationId, ...(reference && { reference }) })
}

async function since(ledger: RotationLedger, base?: string) {
  return (await ledger.since?.(NAME, { ...calm, ...(base && { base }) })) ?? []
}

async function discard(ledger: RotationLedger, reference?: string, rotationId = "r1") {
  await ledger.discard(NAME, { ...calm, rotationId, ...(reference && { reference }) })
}

describe("the candidate of a rotation in a vault", () => {
  it("is one more version of a secret of its own, that says whose it is, and costs one request", async () => {
    const { server, store, ledger } = await rotating()
    await store.read(NAME, calm)
    server.log.clear()
    const { reference, mine } = await park(ledger, "the second value")
    expect([mine, reference.startsWith(`${CANDIDATE}/`)]).toEqual([true, true])
    expect(server.log.requests.map(({ method }) => method)).toEqual(["PUT"])
    expect(server.tags(CANDIDATE)).toEqual({ "latchkey-rotation-of": ID })
    expect((await errorOf(store.read(CANDIDATE, calm))).code).toBe("INVALID_NAME")
  })

  it("is written by each of eight programs that meet, though the vault refuses writes that do", async () => {
    const { server, ledger, other } = await rotating({ writeTakes: 20 })
    const parks = Array.from(
      { length: 4 },
      async (_, place) => await park(place % 2 ? ledger : other, `value ${place}`),
    )
    const told = await Promise.all(parks)
    expect(new Set(told.map(({ reference }) => reference)).size).toBe(4)
    expect(server.log.count(({ status }) => status === 409)).toBeGreaterThan(0)
  })

  it("is the oldest of several whose answers were lost, for all the same one", async () => {
    const { server, ledger, other } = await rotating()
    server.clock.stopAt(1_700_000_000_000)
    server.faults.next({ lost: true, match: ({ method }) => method === "PUT" })
    expect(await errorOf(park(ledger, "lost"))).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    await park(other, "same second")
    server.clock.advance(2_000)
    await park(other, "later")
    const found = await kept(ledger)
    expect(await kept(other)).toEqual(found)
    expect(["lost", "same second"]).toContain(found?.value)
    await discard(ledger, found?.reference)
    expect((await kept(other))?.reference).not.toBe(found?.reference)
  })

  it("of a loser is taken away without that of the winner, and the last one with all of them", async () => {
    const { server, ledger, other } = await rotating()
    const [loser, winner] = [await park(ledger, "loser"), await park(other, "winner")]
    await discard(ledger, loser.reference)
    expect(await kept(ledger, loser.reference)).toBeUndefined()
    expect((await kept(ledger, winner.reference))?.value).toBe("winner")
    expect(await kept(ledger)).toEqual(await kept(ledger, winner.reference))
    await discard(other, winner.reference)
    expect(server.versions(CANDIDATE)).toEqual([])
  })

  it("is purged when it is discarded, and deleted where that is not permitted, or takes too long", async () => {
    const { server, ledger } = await rotating()
    const first = await park(ledger, "a value")
    await discard(ledger, first.reference)
    expect(server.isDeleted(CANDIDATE)).toBe(false)
    server.grant("officer", "get", "list", "set", "delete")
    const officer = another(server, "officer")
    const second = await park(officer, "a value")
    await discard(officer, second.reference)
    expect(server.isDeleted(CANDIDATE)).toBe(true)
    expect(await kept(officer, second.reference)).toBeUndefined()
    expect(await kept(officer)).toBeUndefined()
    const late = await errorOf(park(officer, "late"))
    expect([late.code, late.hint]).toEqual(["CONFLICT", expect.stringContaining("purge")])
    await discard(ledger)
    expect(server.isDeleted(CANDIDATE)).toBe(false)
  })

  it("is discarded all the same where the vault is in trouble over the purge, and not where over the deletion", async () => {
    const { server, ledger } = await rotating()
    const { reference } = await park(ledger, "a value")
    server.faults.next({ status: 503, match: ({ path }) => path.startsWith("/deletedsecrets/"), times: 9 })
    await discard(ledger, reference)
    expect(server.isDeleted(CANDIDATE)).toBe(true)
    server.faults.heal()
    server.purge(CANDIDATE)
    await park(ledger, "another")
    server.faults.next({ status: 503, match: ({ method }) => method === "DELETE" })
    expect(await errorOf(discard(ledger))).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" })
    server.faults.next({ status: 503, match: ({ path }) => path.endsWith("/versions") })
    const [version] = server.versions(CANDIDATE)
    const unsent = await errorOf(discard(ledger, `${CANDIDATE}/${version?.version}`))
    expect([unsent.code, unsent.outcome]).toEqual(["UNAVAILABLE", undefined])
  })

  it("is no value that the vault cannot hold, and no secret of somebody else", async () => {
    const { server, ledger } = await rotating()
    const canary = newCanary()
    const bytes = await errorOf(ledger.park(NAME, { ...calm, rotationId: "r1", value: canary.bytes }))
    expect(canary.watch(bytes).code).toBe("UNSUPPORTED")
    expect((await errorOf(park(ledger, "x".repeat(25_601)))).code).toBe("INVALID_VALUE")
    const version = server.put("other--secret", canary.text)
    for (const reference of [`other--secret/${version}`, "other--secret", "7", `../${version}`])
      expect((await errorOf(kept(ledger, reference))).code).toBe("INVALID_VALUE")
    expect(await kept(ledger, version)).toBeUndefined()
  })
})

describe("a promotion in a vault", () => {
  it("keeps what stands beside the value, and says whose it is and what was before", async () => {
    const { server, ledger, first } = await rotating()
    const base = server.put(ID, "the second value", {
      contentType: "text/plain",
      tags: { team: "forms", "latchkey-rotation": `r0/${first}`, "latchkey-rotation-before": "0badc0de" },
    })
    server.clock.advance(5_000)
    const { version, previous } = await promote(ledger, "the third value", base)
    expect(previous).toBe(base)
    expect(server.tags(ID)).toEqual({
      team: "forms",
      "latchkey-rotation": `r1/${base}`,
      "latchkey-rotation-before": first.slice(0, 8),
    })
    expect(server.contentType(ID)).toBe("text/plain")
    expect(await since(ledger, base)).toEqual([{ version, rotationId: "r1" }])
    expect((await kept(ledger, previous))?.value).toBe("the second value")
  })

  it("tells what came after which, also where all versions were made in one second", async () => {
    const { server, ledger, other, first } = await rotating()
    server.clock.stopAt(1_700_000_000_000)
    server.remove(ID)
    const before = ["one", "two", "three"].map(value => server.put(ID, value))
    const base = before.at(-1) ?? ""
    expect(await since(ledger, base)).toEqual([])
    const promoted = await promote(ledger, "the promoted value", base)
    const foreign = server.put(ID, "by hand")
    const last = await promote(other, "the last value", foreign, "r2")
    expect(await since(ledger, base)).toEqual([
      { version: promoted.version, rotationId: "r1" },
      { version: foreign },
      { version: last.version, rotationId: "r2" },
    ])
    expect(await since(ledger, promoted.version)).toEqual([
      { version: foreign },
      { version: last.version, rotationId: "r2" },
    ])
    expect(await since(ledger, foreign)).toEqual([{ version: last.version, rotationId: "r2" }])
    expect(await since(ledger, last.version)).toEqual([])
    expect(await since(ledger, first)).toHaveLength(6)
  })

  it("is shown with what somebody wrote in the window of one write", async () => {
    const { server, ledger, first } = await rotating()
    let go: (value?: unknown) => void = () => undefined
    server.faults.next({
      slow: new Promise(resolve => {
        go = resolve
      }),
      match: isSet,
    })
    const promoted = promote(ledger, "the second value", first)
    await eventually(() => expect(server.faults.waiting).toBe(0))
    const byHand = server.put(ID, "by hand")
    go()
    const { version } = await promoted
    const versions = (await since(ledger, first)).toSorted((a, b) =>
      (a.rotationId ?? "").localeCompare(b.rotationId ?? ""),
    )
    expect(versions).toEqual([{ version: byHand }, { version, rotationId: "r1" }])
  })

  it("is refused again after its answer was lost, and known by its tags", async () => {
    const { server, store, ledger, first } = await rotating()
    server.faults.next({ lost: true, match: isSet })
    expect(await errorOf(promote(ledger, "the second value", first))).toMatchObject({ outcome: "unknown" })
    expect((await errorOf(promote(ledger, "the second value", first))).code).toBe("CONFLICT")
    const { version } = await store.read(NAME, calm)
    expect(await since(ledger, first)).toEqual([{ version, rotationId: "r1" }])
  })

  it("changes nothing where it cannot look first, or meets another write, and says so", async () => {
    const { server, ledger, first } = await rotating()
    for (const match of [
      ({ path }: Judged) => path.endsWith("/versions"),
      ({ method, path }: Judged) => method === "GET" && path === `/secrets/${ID}/`,
    ]) {
      server.faults.next({ status: 503, match })
      const error = await errorOf(promote(ledger, "a value", first))
      expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    }
    server.faults.next({ status: 409, match: isSet })
    const met = await errorOf(promote(ledger, "a value", first))
    expect([met.code, met.outcome]).toEqual(["CONFLICT", undefined])
    server.disable(ID)
    expect((await errorOf(promote(ledger, "a value", first))).code).toBe("DISABLED")
    expect(server.versions(ID)).toHaveLength(1)
  })

  it("goes one after the other with writes of the same store", async () => {
    const { server, store, ledger, first } = await rotating({ writeTakes: 30 })
    const written = store.write(NAME, "by hand", calm)
    const promoted = errorOf(promote(ledger, "a value", first))
    const { version } = await written
    expect((await promoted).code).toBe("CONFLICT")
    expect((await store.read(NAME, calm)).version).toBe(version)
    expect(server.log.count(({ status }) => status === 409)).toBe(0)
  })

  it("is not what a person wrote who copied its tags, and is what it wrote twice", async () => {
    const { server, ledger, first } = await rotating()
    const { version } = await promote(ledger, "the second value", first)
    const tags = server.tags(ID) ?? {}
    server.clock.advance(3_000)
    const copied = server.put(ID, "by hand", { tags })
    const again = server.put(ID, "the second value", { tags })
    const told = new Map((await since(ledger, first)).map(one => [one.version, one.rotationId]))
    expect([told.get(version), told.get(copied), told.get(again)]).toEqual(["r1", undefined, "r1"])
    server.disable(ID, version)
    const unsure = await since(ledger, first)
    expect(unsure.map(({ rotationId }) => rotationId)).toEqual([undefined, undefined, undefined])
  })

  it("is nobody's where tags were copied within its second, and values differ", async () => {
    const { server, ledger, first } = await rotating()
    server.clock.stopAt(server.clock.seconds() * 1000 + 5_000)
    await promote(ledger, "the second value", first)
    server.put(ID, "by hand", { tags: server.tags(ID) ?? {} })
    expect((await since(ledger, first)).map(({ rotationId }) => rotationId)).toEqual([undefined, undefined])
  })

  it("shows all versions where the secret is switched off, and none where it is gone", async () => {
    const { server, ledger, first } = await rotating()
    server.clock.advance(2_000)
    const off = server.put(ID, "switched off", { enabled: false })
    expect(await since(ledger, first)).toEqual([{ version: off }])
    server.remove(ID)
    expect(await since(ledger, first)).toEqual([])
    expect((await errorOf(promote(ledger, "late", first))).code).toBe("CONFLICT")
    await promote(ledger, "made anew")
    expect(await since(ledger)).toMatchObject([{ rotationId: "r1" }])
  })

  it("shows the newest version also where the clock of the vault has gone back", async () => {
    const { server, ledger } = await rotating()
    server.clock.stopAt(1_900_000_000_000)
    const base = server.put(ID, "the base")
    server.clock.stopAt(1_800_000_000_000)
    const newest = server.put(ID, "by hand")
    expect(await since(ledger, base)).toEqual([{ version: newest }])
  })

  it("reads a former value, unless somebody has switched that off", async () => {
    const { server, ledger, first } = await rotating()
    await promote(ledger, "the second value", first)
    server.disable(ID, first)
    expect((await errorOf(kept(ledger, first))).code).toBe("DISABLED")
  })
})

describe("what a rotation in a vault needs", () => {
  it("is refused beforehand where it is not there", async () => {
    const { server, ledger } = await rotating()
    await ledger.check("nothing/yet", calm)
    server.putCertificate("a-certificate")
    server.put("deleted", "a value")
    server.softDelete("deleted")
    server.put("tagged", "a value", {
      tags: Object.fromEntries(Array.from({ length: 14 }, (_, n) => [`t${n}`, "x"])),
    })
    for (const [name, hint] of [
      ["a-certificate", "certificate"],
      ["deleted", "purge"],
      ["tagged", "tags"],
    ] as const) {
      const error = await errorOf(ledger.check(name, calm))
      expect([error.code, error.hint]).toEqual(["MISCONFIGURED", expect.stringContaining(hint)])
    }
    server.disable(ID)
    expect((await errorOf(ledger.check(NAME, calm))).code).toBe("DISABLED")
    server.enable(ID)
    server.grant("reader-only", "get")
    const denied = await errorOf(another(server, "reader-only").check(NAME, calm))
    expect([denied.code, denied.hint]).toEqual(["DENIED", expect.stringContaining("list")])
  })

  it("is no journal of its own: the Rotator must be given another place", async () => {
    const { ledger } = await rotating()
    expect(ledger.journals).toBeUndefined()
  })
})
