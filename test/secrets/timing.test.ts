import { describe, expect, it } from "vitest"
import { bounded, pause, promised } from "../../src/secrets/timing.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { gate, never, stateOf } from "../support/rig.ts"

describe("a pause", () => {
  it("lasts as long as it says, and keeps the process alive only for those who wait", async () => {
    const clock = checkedFakeClock()
    const { signal } = new AbortController()
    const pauses = [pause(clock, "waited-for", 100, signal), pause(clock, "background", 100, signal)]
    expect(clock.pending.map(({ kind }) => kind)).toEqual(["waited-for", "background"])
    await clock.advance("99ms")
    expect(await stateOf(Promise.race(pauses), clock)).toBe("pending")
    await clock.advance("1ms")
    await Promise.all(pauses)
  })

  it("ends early, without an error and without a timer, when its signal aborts", async () => {
    const clock = checkedFakeClock()
    const leaving = new AbortController()
    const pausing = pause(clock, "waited-for", 100, leaving.signal)
    leaving.abort()
    await pausing
    expect(clock.pending).toEqual([])
    await pause(clock, "waited-for", 100, leaving.signal)
    expect(clock.pending).toEqual([])
  })
})

describe("a bounded wait", () => {
  it("ends with what it waited for", async () => {
    const clock = checkedFakeClock()
    const error = new Error("failed")
    expect(await bounded(clock, "waited-for", 100, Promise.resolve(7))).toEqual({ done: 7 })
    expect(await bounded(clock, "waited-for", 100, Promise.reject(error))).toEqual({ threw: error })
    expect(clock.pending).toEqual([])
  })

  it("ends when the time is over, and leaves no late rejection unhandled", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const late = gate<number>()
    const waiting = bounded(clock, "waited-for", 100, late.promise)
    await clock.advance("100ms")
    expect(await waiting).toBe("late")
    late.fail(canary.watch(new Error("late")))
    await clock.settle()
  })

  it("ends when the signal aborts, also if it had before", async () => {
    const clock = checkedFakeClock()
    const leaving = new AbortController()
    const waiting = bounded(clock, "waited-for", 100, never(), leaving.signal)
    leaving.abort()
    expect(await waiting).toBe("aborted")
    expect(await bounded(clock, "waited-for", 100, never(), leaving.signal)).toBe("aborted")
    expect(clock.pending).toEqual([])
  })
})

describe("a call made as a promise", () => {
  it("rejects where the call throws", async () => {
    const thrown = promised(() => {
      throw null
    })
    await expect(thrown).rejects.toBeNull()
    expect(await promised(() => 7)).toBe(7)
  })
})
