import { describe, expect, it } from "vitest"
import { stateOf } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("delete()", () => {
  it("ends the secret for all handles at once", async () => {
    const { secrets, saidOf, failure } = tallyRig()
    const token = await secrets.get(TOKEN)
    await secrets.delete(TOKEN)
    expect((await failure(() => token.reveal())).code).toBe("NOT_FOUND")
    expect((await failure(secrets.get(TOKEN, { startupDeadline: "1s" }))).code).toBe("NOT_FOUND")
    expect(saidOf("withdrawn")).toEqual([{ is: "withdrawn", secret: TOKEN, code: "NOT_FOUND" }])
  })

  it("is NOT_FOUND where there is none, and changes nothing where it fails", async () => {
    const { secrets, store, failure, value } = tallyRig()
    const token = await secrets.get(TOKEN)
    expect((await failure(secrets.delete("missing"))).code).toBe("NOT_FOUND")
    store.faults.fail("delete", "DENIED")
    expect((await failure(secrets.delete(TOKEN))).code).toBe("DENIED")
    expect(token.reveal()).toBe(value("first"))
  })

  it("waits for a write of the same name", async () => {
    const { secrets, value, store, clock, failure } = tallyRig({ refresh: "on-read" })
    store.faults.hang("write", { times: 1 })
    const putting = secrets.put(TOKEN, value("second"))
    const deleting = secrets.delete(TOKEN)
    expect(await stateOf(deleting, clock)).toBe("pending")
    await store.faults.heal()
    expect(await putting).toBe("v2")
    await deleting
    expect((await failure(secrets.get(TOKEN))).code).toBe("NOT_FOUND")
  })

  it("drops the answer of a read that began before, also of the first one", async () => {
    const { secrets, store, clock, failure } = tallyRig({ refresh: "on-read" })
    store.faults.hang("read", { when: "after" })
    const reading = failure(secrets.get(TOKEN))
    await clock.settle()
    await secrets.delete(TOKEN)
    await store.faults.heal()
    expect((await reading).code).toBe("NOT_FOUND")
  })

  it("has an unknown outcome when its answer was lost", async () => {
    const { secrets, store, failure, clock } = tallyRig({ callTimeout: "5s" })
    store.faults.hang("delete", { deaf: true })
    const deleting = failure(secrets.delete(TOKEN))
    await clock.advance("5s")
    expect(await deleting).toMatchObject({ code: "TIMEOUT", outcome: "unknown" })
    await store.faults.heal()
  })
})

describe("a deletion beside changes of others", () => {
  it("ends the secret although a read that began after it brought the value that was there before", async () => {
    const { secrets, store, clock, failure } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("delete", { times: 1 })
    const deleting = secrets.delete(TOKEN)
    await clock.settle()
    await secrets.refresh()
    await store.faults.release()
    await deleting
    expect((await failure(() => token.reveal())).code).toBe("NOT_FOUND")
  })

  it("leaves what somebody has written since where the store holds that", async () => {
    const { secrets, store, clock, change, value } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("delete", { when: "after", times: 1 })
    const deleting = secrets.delete(TOKEN)
    await clock.settle()
    await change(value("theirs"))
    await secrets.refresh()
    await store.faults.release()
    await deleting
    expect(token.reveal()).toBe(value("theirs"))
  })
})
