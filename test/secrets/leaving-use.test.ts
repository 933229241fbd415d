import { describe, expect, it } from "vitest"
import { farSide } from "../support/far-side.ts"
import { gate, never, stateOf } from "../support/rig.ts"
import { TOKEN, tallyRig } from "../support/tally-rig.ts"

describe("the caller who leaves use()", () => {
  it("has his signal handed on", async () => {
    const { secrets } = tallyRig()
    const token = await secrets.get(TOKEN)
    const controller = new AbortController()
    const reason = new Error("left")
    const using = token.use(
      async (_, { signal }) => {
        expect(signal).toBe(controller.signal)
        return await new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        )
      },
      { signal: controller.signal },
    )
    controller.abort(reason)
    await expect(using).rejects.toBe(reason)
  })

  it("has nothing called when he has left before", async () => {
    const { secrets, failure, store, clock } = tallyRig({ refresh: "on-read", ttl: "1m" })
    const token = await secrets.get(TOKEN)
    let calls = 0
    const call = async (): Promise<number> => ++calls
    expect((await failure(token.use(call, { signal: AbortSignal.abort() }))).code).toBe("ABORTED")

    await clock.advance("2m")
    store.faults.hang("read")
    const controller = new AbortController()
    const using = failure(token.use(call, { signal: controller.signal }))
    await clock.settle()
    controller.abort()
    expect(await using).toMatchObject({ code: "ABORTED", secret: TOKEN, store: "memory:" })
    expect(calls).toBe(0)
  })

  it("gets his first outcome at once while it is read again, and nothing more is called", async () => {
    const { secrets, store, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    const controller = new AbortController()
    const { call, calls } = farSide()
    const fault = store.faults.hang("read", { deaf: true })
    const using = token.use(call, { signal: controller.signal })
    await clock.settle()
    expect([fault.struck, calls.length]).toEqual([1, 1])
    controller.abort()
    expect(await using).toEqual({ status: 401 })
    expect(calls).toHaveLength(1)
    await store.faults.heal()
  })

  it("leaves the others waiting for what they wait for", async () => {
    const { secrets, change, value, store, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await change(value("second"))
    store.faults.hang("read")
    const { call } = farSide(value("second"))
    const controller = new AbortController()
    const leaving = token.use(call, { signal: controller.signal })
    const staying = token.use(call)
    await clock.settle()
    controller.abort()
    expect(await leaving).toEqual({ status: 401 })
    expect(await stateOf(staying, clock)).toBe("pending")
    await store.faults.heal()
    expect(await staying).toEqual({ status: 200 })
  })
})

describe("use() and close()", () => {
  it("go together: a call that is under way gets its own outcome, and nothing is read", async () => {
    const { secrets, store } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    const held = gate()
    let calls = 0
    const using = token.use(async () => {
      calls += 1
      await held.promise
      return { status: 401 }
    })
    await secrets.close()
    const reads = store.calls.count("read")
    held.open()
    expect(await using).toEqual({ status: 401 })
    expect([calls, store.calls.count("read")]).toEqual([1, reads])
    expect(await token.use(async given => given)).toBe(token.reveal())
  })

  it("end the reading that a refusal led to", async () => {
    const { secrets, store, clock } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    store.faults.hang("read", { deaf: true })
    const { call, calls } = farSide()
    const using = token.use(call)
    await clock.settle()
    await Promise.all([secrets.close(), clock.advance("10s")])
    expect(await using).toEqual({ status: 401 })
    expect(calls).toHaveLength(1)
    await store.faults.heal()
  })

  it("end a call of a withdrawn secret with the code that it ended with", async () => {
    const { secrets, failure } = tallyRig({ refresh: "on-read" })
    const token = await secrets.get(TOKEN)
    await secrets.delete(TOKEN)
    await secrets.close()
    expect((await failure(token.use(never))).code).toBe("NOT_FOUND")
  })
})
