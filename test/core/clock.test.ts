import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { elapsed, instant, systemClock } from "../../src/core/index.ts"
import { runChild } from "../support/child.ts"
import { checkedFakeClock } from "../support/clock.ts"

const LONGEST = 2 ** 31 - 1
const DAY = 86_400_000

describe("the clock of the machine", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it("reads a monotonic and a wall clock", () => {
    const before = instant(systemClock)
    vi.advanceTimersByTime(1_500)
    const after = instant(systemClock)
    expect(after.monotonic - before.monotonic).toBe(1_500)
    expect(after.wall - before.wall).toBe(1_500)
    expect(after.wall).toBe(Date.now())
  })

  it("calls back once, after the time and not before", () => {
    const callback = vi.fn()
    systemClock.timer("waited-for", 1_000, callback)
    vi.advanceTimersByTime(999)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(10_000)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  it("does not call back when the timer is cleared, and takes clearing it late or twice calmly", () => {
    const callback = vi.fn()
    const timer = systemClock.timer("background", 1_000, callback)
    timer.clear()
    timer.clear()
    vi.advanceTimersByTime(2_000)
    expect(callback).not.toHaveBeenCalled()
    const fired = systemClock.timer("background", 1, callback)
    vi.advanceTimersByTime(1)
    fired.clear()
    expect(callback).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("takes a time that is over as none", () => {
    const callback = vi.fn()
    systemClock.timer("waited-for", -5, callback)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(0)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  for (const days of [25, 60, 400]) {
    it(`waits ${days} days, although setTimeout cannot`, () => {
      const callback = vi.fn()
      const set = vi.spyOn(globalThis, "setTimeout")
      systemClock.timer("background", days * DAY, callback)
      vi.advanceTimersByTime(days * DAY - 1)
      expect(callback).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(callback).toHaveBeenCalledTimes(1)
      for (const [, delay] of set.mock.calls) expect(delay).toBeLessThanOrEqual(LONGEST)
      set.mockRestore()
    })
  }

  it("waits the longest time that setTimeout holds, and one millisecond more, with as few timers as it takes", () => {
    for (const [length, timers] of [
      [LONGEST, 1],
      [LONGEST + 1, 2],
    ] as const) {
      const callback = vi.fn()
      const set = vi.spyOn(globalThis, "setTimeout")
      systemClock.timer("background", length, callback)
      vi.advanceTimersByTime(length)
      expect(callback).toHaveBeenCalledTimes(1)
      expect(set).toHaveBeenCalledTimes(timers)
      set.mockRestore()
    }
  })

  it("clears a timer that waits for the second time", () => {
    const callback = vi.fn()
    const timer = systemClock.timer("background", LONGEST + 1_000, callback)
    vi.advanceTimersByTime(LONGEST + 1)
    timer.clear()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(callback).not.toHaveBeenCalled()
  })
})

describe("a process", () => {
  it("stays for a timer that somebody waits for, and not for one in the background", async () => {
    const ended = await runChild(`
      import { systemClock } from "latchkey"
      systemClock.timer("background", 60_000, () => console.log("background"))
      systemClock.timer("background", 2 ** 31 + 60_000, () => console.log("far away"))
      systemClock.timer("waited-for", 20, () => console.log("waited for"))`)
    expect(ended).toMatchObject({ code: 0, stdout: "waited for\n", stderr: "" })
  })
})

describe("the time between two instants", () => {
  it("is what both readings say where they agree", async () => {
    const clock = checkedFakeClock()
    const before = instant(clock)
    await clock.advance("5m")
    expect(elapsed(before, instant(clock))).toBe(300_000)
    expect(elapsed(instant(clock), before)).toBe(0)
  })

  it("is the longer one where the machine slept, or the clock was set forward", async () => {
    const clock = checkedFakeClock()
    const before = instant(clock)
    await clock.sleep("8h")
    expect(elapsed(before, instant(clock))).toBe(28_800_000)
    clock.setWall(new Date("2026-01-02T00:00:00Z"))
    expect(elapsed(before, instant(clock))).toBe(DAY)
  })

  it("goes on where the clock was set back, and is never negative", async () => {
    const clock = checkedFakeClock()
    const before = instant(clock)
    clock.setWall(new Date("2020-01-01T00:00:00Z"))
    expect(elapsed(before, instant(clock))).toBe(0)
    await clock.advance("5m")
    expect(elapsed(before, instant(clock))).toBe(300_000)
  })
})
