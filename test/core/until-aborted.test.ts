import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { untilAborted } from "../../src/core/index.ts"

const ENDS = [
  ["the caller's signal aborts", "ABORTED", 0],
  ["the store is closed", "CLOSED", 1],
] as const

const two = () => [new AbortController(), new AbortController()] as const
const listenersOf = (controllers: readonly AbortController[]) =>
  controllers.map(({ signal }) => getEventListeners(signal, "abort").length)

describe("a call until its signal aborts", () => {
  it("ends with what it says, and leaves the signals alone after that", async () => {
    const [caller, store] = two()
    const calls = [async () => "answer", async () => Promise.reject(new TypeError("its own"))]
    const [answer, failure] = await Promise.allSettled(
      calls.map(async call => await untilAborted(caller.signal, call, store.signal)),
    )
    expect(answer).toMatchObject({ status: "fulfilled", value: "answer" })
    expect(failure).toMatchObject({ status: "rejected", reason: expect.any(TypeError) })
    expect(listenersOf([caller, store])).toEqual([0, 0])
  })

  it.each(ENDS)("is left when %s, and told by its own signal", async (_, code, which) => {
    const ends = two()
    const signals: AbortSignal[] = []
    const call = untilAborted(
      ends[0].signal,
      async own => {
        signals.push(own)
        return await new Promise<never>(() => undefined)
      },
      ends[1].signal,
    )
    expect([signals[0]?.aborted, ...listenersOf(ends)]).toEqual([false, 1, 1])
    ends[which].abort(new Error("a reason of the caller"))
    await expect(call).rejects.toMatchObject({ code })
    expect([signals[0]?.aborted, ...listenersOf(ends)]).toEqual([true, 0, 0])
  })

  it("drops what a call that was left ends with, also if that is a failure", async () => {
    const caller = new AbortController()
    let fail = (_: Error): void => undefined
    const late = new Promise<never>((_, reject) => {
      fail = reject
    })
    const call = untilAborted(caller.signal, async () => await late)
    caller.abort()
    await expect(call).rejects.toMatchObject({ code: "ABORTED" })
    // An unhandled rejection would fail the test.
    fail(new Error("too late"))
    await new Promise(resolve => setImmediate(resolve))
  })

  it.each(ENDS)("does not begin once %s", async (_, code, which) => {
    const ends = two()
    ends[which].abort()
    let begun = 0
    const call = untilAborted(ends[0].signal, async () => begun++, ends[1].signal)
    await expect(call).rejects.toMatchObject({ code })
    expect([begun, ...listenersOf(ends)]).toEqual([0, 0, 0])
  })

  it("of a caller who has left a store that is closed says that he has left", async () => {
    const call = untilAborted(AbortSignal.abort(), async () => "answer", AbortSignal.abort())
    await expect(call).rejects.toMatchObject({ code: "ABORTED" })
  })
})
