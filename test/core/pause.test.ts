import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { pause } from "../../src/core/index.ts"
import { checkedFakeClock } from "../support/clock.ts"

describe("a pause", () => {
  it("ends after its time by the clock, and leaves the signal alone after that", async () => {
    const clock = checkedFakeClock()
    const { signal } = new AbortController()
    let over = false
    const pausing = pause(clock, 50, signal).then(() => {
      over = true
    })
    expect(clock.pending).toEqual([{ kind: "waited-for", dueIn: 50 }])
    await clock.advance("49ms")
    expect(over).toBe(false)
    await clock.advance("1ms")
    await pausing
    expect(over).toBe(true)
    expect(getEventListeners(signal, "abort")).toEqual([])
  })

  it("ends with ABORTED when its signal aborts, and leaves no timer", async () => {
    const clock = checkedFakeClock()
    const controller = new AbortController()
    const pausing = pause(clock, 50, controller.signal)
    controller.abort(new Error("a reason of the caller"))
    await expect(pausing).rejects.toMatchObject({ code: "ABORTED" })
    expect(clock.pending).toEqual([])
    expect(getEventListeners(controller.signal, "abort")).toEqual([])
  })

  it("does not begin with a signal that has aborted", async () => {
    const clock = checkedFakeClock()
    await expect(pause(clock, 50, AbortSignal.abort())).rejects.toMatchObject({ code: "ABORTED" })
    expect(clock.pending).toEqual([])
  })
})
