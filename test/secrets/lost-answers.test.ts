import { describe, expect, it } from "vitest"
import { SecretError } from "../../src/core/index.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

const unknown = (code: "UNAVAILABLE" | "TIMEOUT" = "UNAVAILABLE"): SecretError =>
  new SecretError(code, { outcome: "unknown" })

describe("a write whose answer was lost", () => {
  it("has arrived when it can be read, and is sent once", async () => {
    const { secrets, value, store } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.fail("write", unknown(), { when: "after" })
    expect(await secrets.put(TOKEN, value("second"))).toBe("v2")
    expect(token.reveal()).toBe(value("second"))
    expect(store.calls.count("write")).toBe(1)
  })

  it("has arrived, too, when the time limit ended the waiting", async () => {
    const { secrets, value, store, clock } = tallyRig({ refresh: "on-read", callTimeout: "5s" })
    store.faults.hang("write", { when: "after", deaf: true })
    const putting = secrets.put(TOKEN, value("second"), { expect: "v1" })
    await clock.advance("5s")
    expect(await putting).toBe("v2")
    await store.faults.heal()
  })

  it("has an unknown outcome when another value can be read: it may still come", async () => {
    const { secrets, value, store, failure } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.fail("write", unknown())
    const error = await failure(secrets.put(TOKEN, value("second")))
    expect([error.code, error.outcome, error.secret]).toEqual(["UNAVAILABLE", "unknown", TOKEN])
    expect(token.reveal()).toBe(value("first"))
    expect(store.calls.count("write")).toBe(1)
  })

  it("has an unknown outcome when the version that was to be replaced is still there, with the same value", async () => {
    const { secrets, value, store, failure } = tallyRig({ refresh: "on-read" })
    store.faults.fail("write", unknown())
    const error = await failure(secrets.put(TOKEN, value("first"), { expect: "v1" }))
    expect(error.outcome).toBe("unknown")
  })

  it("has an unknown outcome when it cannot be read either", async () => {
    const { secrets, value, store, failure, clock } = tallyRig({ callTimeout: "5s" })
    store.faults.hang(["write", "read", "readMany"], { deaf: true })
    const putting = failure(secrets.put(TOKEN, value("second")))
    await clock.advance("10s")
    const error = await putting
    expect([error.code, error.outcome]).toEqual(["TIMEOUT", "unknown"])
    expect(error.message).toContain("it may have been done all the same")
    expect(error.hint).toBe("read the secret to see what became of it")
    await store.faults.heal()
  })

  it("has a known outcome when the store says that nothing was sent", async () => {
    const { secrets, value, store, failure } = tallyRig({ refresh: "on-read" })
    store.faults.fail("write", "UNAVAILABLE")
    const error = await failure(secrets.put(TOKEN, value("second")))
    expect([error.code, error.outcome]).toEqual(["UNAVAILABLE", undefined])
    expect(store.calls.count("read")).toBe(0)
  })

  it("has an unknown outcome for a caller who left in its middle, at once", async () => {
    const { secrets, value, store, failure, clock } = tallyRig({ refresh: "on-read" })
    const controller = new AbortController()
    store.faults.hang("write", { deaf: true })
    const putting = failure(secrets.put(TOKEN, value("second"), { signal: controller.signal }))
    await clock.settle()
    controller.abort()
    expect(await putting).toMatchObject({ code: "ABORTED", outcome: "unknown" })
    expect(store.calls.count("read")).toBe(0)
    await store.faults.heal()
  })

  it("was not sent for a caller who left before, also while another write was under way", async () => {
    const { secrets, value, store, failure, clock } = tallyRig({ refresh: "on-read" })
    const gone = await failure(secrets.put(TOKEN, value("x"), { signal: AbortSignal.abort() }))
    expect([gone.code, gone.outcome]).toEqual(["ABORTED", undefined])

    store.faults.hang("write")
    const controller = new AbortController()
    const one = secrets.put(TOKEN, value("second"))
    const other = failure(secrets.put(TOKEN, value("third"), { signal: controller.signal }))
    await clock.settle()
    controller.abort()
    await store.faults.heal()
    expect(await one).toBe("v2")
    const late = await other
    expect([late.code, late.outcome]).toEqual(["ABORTED", undefined])
    expect(store.calls.count("write")).toBe(1)
  })

  it("has an unknown outcome when everything is closed in its middle", async () => {
    const { secrets, value, store, failure, clock } = tallyRig({ refresh: "on-read" })
    store.faults.hang(["write", "delete"], { deaf: true })
    const putting = failure(secrets.put(TOKEN, value("second")))
    const deleting = failure(secrets.delete("other"))
    await clock.settle()
    await secrets.close()
    expect(await putting).toMatchObject({ code: "CLOSED", outcome: "unknown" })
    expect(await deleting).toMatchObject({ code: "CLOSED", outcome: "unknown" })
    await store.faults.heal()
    const late = await failure(secrets.put(TOKEN, value("third")))
    expect([late.code, late.outcome]).toEqual(["CLOSED", undefined])
  })

  it("never shows what a store of its own kind throws", async () => {
    const { secrets, value, store, failure } = tallyRig({ refresh: "on-read" })
    for (const thrown of [new Error(value("body")), value("text"), null, undefined, { value: value("x") }]) {
      const fault = store.faults.throw("write", thrown)
      expect((await failure(secrets.put(TOKEN, value("second")))).code).toBe("UNAVAILABLE")
      fault.end()
    }
  })
})
