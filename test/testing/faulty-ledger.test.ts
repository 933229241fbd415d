import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import {
  isSecretError,
  type RotationJournal,
  type RotationLedger,
  type SecretStore,
} from "../../src/core/index.ts"
import { type Faulty, faulty, type Operation } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { referenceLedger } from "./reference-ledger.ts"

const calm = (): { signal: AbortSignal } => ({ signal: new AbortController().signal })
const journal: RotationJournal = {
  schema: 1,
  seq: 1,
  state: "claimed",
  owner: "o",
  leaseUntil: 0,
  attempt: 0,
}

type Call = (ledger: RotationLedger, options: { readonly signal: AbortSignal }) => Promise<unknown>

const CALLS: Readonly<Partial<Record<Operation, Call>>> = {
  "rotation.load": async (ledger, options) => await ledger.journals?.load("a", options),
  "rotation.save": async (ledger, options) =>
    await ledger.journals?.save("a", journal, { ...options, expectSeq: 0 }),
  "rotation.check": (ledger, options) => ledger.check("a", options),
  "rotation.current": async (ledger, options) => await ledger.current?.("a", options),
  "rotation.placeOf": async (ledger, options) => await ledger.placeOf?.("a", options),
  "rotation.park": (ledger, options) => ledger.park("a", { ...options, rotationId: "r", value: "v" }),
  "rotation.kept": (ledger, options) => ledger.kept("a", { ...options, rotationId: "r" }),
  "rotation.former": (ledger, options) => ledger.former("a", { ...options, rotationId: "r", base: "1" }),
  "rotation.discard": (ledger, options) => ledger.discard("a", { ...options, rotationId: "r" }),
  "rotation.promote": (ledger, options) =>
    ledger.promote("a", { ...options, rotationId: "r", value: "v", journal: () => journal }),
  "rotation.since": async (ledger, options) => await ledger.since?.("a", options),
}

const operations = Object.keys(CALLS) as Operation[]
const CHANGES = new Set(["rotation.save", "rotation.park", "rotation.discard", "rotation.promote"])

/** A faulty store whose ledger has everything. */
function store(): SecretStore & Faulty & { rotation(): RotationLedger } {
  return faulty(referenceLedger({ promises: { promotion: "detected" }, ownVersions: true }).store)
}

async function outcome(call: Promise<unknown> | undefined): Promise<string> {
  try {
    await call
    return "answered"
  } catch (thrown) {
    if (!isSecretError(thrown)) return "thrown"
    return thrown.outcome === undefined ? thrown.code : `${thrown.code}, ${thrown.outcome}`
  }
}

describe("the ledger of a faulty store", () => {
  it("is one, and has just what the store's has", () => {
    const full = store().rotation()
    expect(["journals", "current", "since"].filter(part => part in full)).toHaveLength(3)
    expect([full.promotion, full.journals?.location]).toEqual(["detected", "reference:test/journals"])
    expect(full.permissions("a")).toHaveLength(2)
    const bare = faulty(referenceLedger({ promises: { journals: false } }).store)
    expect(["journals", "current", "since"].filter(part => part in bare.rotation())).toEqual([])
    expect(bare.rotation()).toBe(bare.rotation())
  })

  it("is missing where the store has none", () => {
    const { rotation: _, ...rest } = memory()
    expect("rotation" in faulty(rest as SecretStore)).toBe(false)
  })

  it.each(operations)("is counted: %s", async operation => {
    const faults = store()
    await outcome(CALLS[operation]?.(faults.rotation(), calm()))
    expect([...faults.calls]).toEqual([{ operation, names: ["a"] }])
    expect(faults.calls.count(operation, "a")).toBe(1)
  })

  it("keeps no value in its log", async () => {
    const canary = newCanary()
    const faults = canary.watch(store())
    const parked = { ...calm(), rotationId: "r", value: canary.text }
    await faults.rotation().park("a", parked)
    await faults.rotation().promote("a", { ...parked, journal: () => journal })
    canary.watch([...faults.calls])
  })

  it.each(operations)("fails before it arrives, and after: %s", async operation => {
    const call = CALLS[operation] as Call
    for (const when of ["before", "after"] as const) {
      const faults = store()
      const fault = faults.faults.fail(operation, "UNAVAILABLE", { when, times: 1 })
      const lost = CHANGES.has(operation) ? "UNAVAILABLE, unknown" : "UNAVAILABLE"
      expect(await outcome(call(faults.rotation(), calm()))).toBe(lost)
      expect(fault.struck).toBe(1)
    }
    const faults = store()
    faults.faults.fail(operation, "DENIED")
    expect(await outcome(call(faults.rotation(), calm()))).toBe("DENIED")
  })

  it("loses an answer after the change was made, and only then", async () => {
    const faults = store()
    const ledger = faults.rotation()
    faults.faults.fail("rotation.save", "TIMEOUT", { times: 1 })
    expect(await outcome(CALLS["rotation.save"]?.(ledger, calm()))).toBe("TIMEOUT, unknown")
    expect((await ledger.journals?.load("a", calm()))?.journal).toBeUndefined()
    faults.faults.fail("rotation.save", "TIMEOUT", { times: 1, when: "after" })
    expect(await outcome(CALLS["rotation.save"]?.(ledger, calm()))).toBe("TIMEOUT, unknown")
    expect((await ledger.journals?.load("a", calm()))?.journal).toEqual(journal)
  })

  it("fails with the rest of the store", async () => {
    const faults = store()
    faults.faults.fail("all", "UNAVAILABLE")
    expect(await outcome(CALLS["rotation.load"]?.(faults.rotation(), calm()))).toBe("UNAVAILABLE")
    await faults.faults.heal()
    expect(await outcome(CALLS["rotation.load"]?.(faults.rotation(), calm()))).toBe("answered")
  })

  it("hangs until it is released, or its caller leaves", async () => {
    const faults = store()
    faults.faults.hang("rotation.promote")
    const ledger = faults.rotation()
    const controller = new AbortController()
    const left = outcome(CALLS["rotation.promote"]?.(ledger, { signal: controller.signal }))
    controller.abort()
    expect(await left).toBe("ABORTED, unknown")
    const promoting = outcome(CALLS["rotation.promote"]?.(ledger, calm()))
    expect(faults.calls.underWay("rotation.promote", "a")).toBe(1)
    await faults.faults.release()
    expect(await promoting).toBe("answered")
  })

  it("is late by the clock that the store was given", async () => {
    const clock = checkedFakeClock()
    const faults = faulty(referenceLedger().store, { clock })
    faults.faults.delay("rotation.load", "5s")
    const loading = outcome(CALLS["rotation.load"]?.(faults.rotation(), calm()))
    expect(clock.pending).toHaveLength(1)
    await clock.advance("5s")
    expect(await loading).toBe("answered")
  })

  it("refuses a fault for a call that no ledger has", async () => {
    const faults = store()
    expect(() => faults.faults.fail("rotation.permissions" as never, "DENIED")).toThrow(/rotation\.promote/)
  })
})
