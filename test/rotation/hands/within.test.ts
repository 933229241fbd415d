import { describe, expect, it } from "vitest"
import { within } from "../../../src/rotation/hands/within.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { failureOf, gate, never } from "../../support/rig.ts"

function bounds(signal = new AbortController().signal) {
  const clock = checkedFakeClock()
  return { clock, of: { clock, signal, deadline: 5_000, what: "verify of the plan", secret: "a" } }
}

describe("A call with a deadline", () => {
  it("gives its answer, and leaves no timer behind", async () => {
    const { clock, of } = bounds()
    expect(await within(of, async () => 7)).toBe(7)
    expect(clock.pending).toEqual([])
    await expect(within(of, async () => Promise.reject(new Error("its own")))).rejects.toThrow("its own")
    expect(clock.pending).toEqual([])
  })

  it("is over at its deadline, whether it looks at its signal or not", async () => {
    for (const call of [
      never,
      (signal: AbortSignal) =>
        new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(new Error("foreign"))),
        ),
    ]) {
      const { clock, of } = bounds()
      const failure = failureOf(within(of, call))
      await clock.advance("5s")
      expect(await failure).toMatchObject({
        code: "TIMEOUT",
        secret: "a",
        message: expect.stringContaining("verify of the plan took longer than 5s"),
      })
    }
  })

  it("is over when its caller leaves", async () => {
    const leaving = new AbortController()
    const { of } = bounds(leaving.signal)
    const failure = failureOf(within(of, never))
    leaving.abort()
    expect(await failure).toMatchObject({ code: "ABORTED" })
    expect(await failureOf(within(of, async () => 7))).toMatchObject({ code: "ABORTED" })
  })

  it("that fails after it was given up fails quietly", async () => {
    const { clock, of } = bounds()
    const late = gate<never>()
    const failure = failureOf(within(of, () => late.promise))
    await clock.advance("5s")
    expect(await failure).toMatchObject({ code: "TIMEOUT" })
    late.fail(new Error("too late"))
    await clock.settle()
  })
})
