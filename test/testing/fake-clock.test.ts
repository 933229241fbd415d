import { afterEach, describe, expect, it, vi } from "vitest"
import { elapsed, instant } from "../../src/core/index.ts"
import { type FakeClock, fakeClock } from "../../src/testing/index.ts"
import { checkedFakeClock } from "../support/clock.ts"

/** Writes down when something happens. */
function recorder(clock: FakeClock): { readonly events: string[]; at(what: string): () => void } {
  const events: string[] = []
  return { events, at: what => () => void events.push(`${what} at ${clock.monotonic()}`) }
}

describe("the fake clock", () => {
  it("starts at zero on one hand and at the start of 2026 on the other", () => {
    const clock = checkedFakeClock()
    expect(clock.monotonic()).toBe(0)
    expect(new Date(clock.wall())).toEqual(new Date("2026-01-01T00:00:00Z"))
    expect(new Date(fakeClock(new Date("2030-05-05")).wall())).toEqual(new Date("2030-05-05"))
  })

  it("moves only when it is told to", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", 1, at("timer"))
    await clock.settle()
    expect(events).toEqual([])
    await clock.advance("1ms")
    expect(events).toEqual(["timer at 1"])
  })

  it("moves both readings on alike", async () => {
    const clock = checkedFakeClock()
    const start = clock.wall()
    await clock.advance("6m")
    expect(clock.monotonic()).toBe(360_000)
    expect(clock.wall() - start).toBe(360_000)
  })

  it("fires what falls due in the order of time, and of setting where times are equal", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", 20, at("third"))
    clock.timer("waited-for", 10, at("first"))
    clock.timer("background", 10, at("second"))
    await clock.advance("1s")
    expect(events).toEqual(["first at 10", "second at 10", "third at 20"])
  })

  it("leaves alone what is not due yet", async () => {
    const clock = fakeClock()
    const { events, at } = recorder(clock)
    clock.timer("waited-for", 1_001, at("late"))
    await clock.advance("1s")
    expect(events).toEqual([])
    expect(clock.pending).toEqual([{ kind: "waited-for", dueIn: 1 }])
  })

  it("fires a timer that another one set on the way, at its time", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", 10, () => clock.timer("background", 5, at("inner")))
    clock.timer("background", 20, at("outer"))
    await clock.advance("20ms")
    expect(events).toEqual(["inner at 15", "outer at 20"])
  })

  it("lets everything that follows from one timer happen before the next", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", 10, async () => {
      for (let turn = 0; turn < 50; turn++) await undefined
      await new Promise(resolve => setImmediate(resolve))
      at("consequence")()
    })
    clock.timer("background", 20, at("next"))
    await clock.advance("1s")
    expect(events).toEqual(["consequence at 10", "next at 20"])
  })

  it("returns while something waits for what does not answer", async () => {
    const clock = checkedFakeClock()
    let answered = false
    const never = new Promise<void>(() => undefined).then(() => {
      answered = true
    })
    await clock.advance("1h")
    expect(never).toBeInstanceOf(Promise)
    expect(answered).toBe(false)
    expect(clock.monotonic()).toBe(3_600_000)
  })

  it("does not fire what was cleared, and takes a second clearing calmly", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    const timer = clock.timer("background", 10, at("cleared"))
    timer.clear()
    await clock.advance("1s")
    timer.clear()
    expect(events).toEqual([])
  })

  it("fires a timer of no length, or of a negative one, when time next moves, and not before", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", -5, at("negative"))
    clock.timer("background", 0, at("zero"))
    expect(events).toEqual([])
    await clock.advance("0ms")
    expect(events).toEqual(["negative at 0", "zero at 0"])
  })

  it("holds a timer that is due in a hundred years, and one that is never due", async () => {
    const clock = fakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", 100 * 365 * 86_400_000, at("century"))
    const never = clock.timer("background", Number.POSITIVE_INFINITY, at("never"))
    await clock.advance("36499d")
    expect(events).toEqual([])
    await clock.advance("1d")
    expect(events).toEqual(["century at 3153600000000"])
    never.clear()
    expect(clock.pending).toEqual([])
  })

  it("refuses a timer whose length is no number", () => {
    expect(() => checkedFakeClock().timer("background", Number.NaN, () => undefined)).toThrow(RangeError)
  })

  it("ends a timer that sets itself anew without any delay, instead of going round for ever", async () => {
    const clock = fakeClock()
    const again = (): void => void clock.timer("background", 0, again)
    again()
    await expect(clock.advance("1s")).rejects.toThrow(/more than 1000 timers fired at the same time/)
  })

  it("lets very many timers fire one after another", async () => {
    const clock = checkedFakeClock()
    let rounds = 0
    const again = (): void => {
      rounds++
      if (rounds < 1_500) clock.timer("background", 1, again)
    }
    again()
    await clock.advance("2s")
    expect(rounds).toBe(1_500)
  })

  it("rejects with what a callback throws, and can be moved on after it", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    clock.timer("background", 10, () => {
      throw new Error("callback failed")
    })
    clock.timer("background", 20, at("next"))
    await expect(clock.advance("1s")).rejects.toThrow("callback failed")
    await clock.advance("1s")
    expect(events).toEqual(["next at 20"])
  })

  it("refuses a duration without a unit", async () => {
    await expect(checkedFakeClock().advance("5" as "5s")).rejects.toMatchObject({ code: "MISCONFIGURED" })
  })

  it("never goes back when two callers move it at once", async () => {
    const clock = checkedFakeClock()
    const readings: number[] = []
    await Promise.all([
      clock.advance("10s").then(() => readings.push(clock.monotonic())),
      clock.advance("1s").then(() => readings.push(clock.monotonic())),
    ])
    expect(readings).toEqual([10_000, 10_000])
  })

  it("lets somebody set the wall clock without time passing", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    const timer = clock.timer("background", 1_000, at("timer"))
    clock.setWall(new Date("2020-01-01T00:00:00Z"))
    await clock.settle()
    expect(clock.monotonic()).toBe(0)
    expect(new Date(clock.wall())).toEqual(new Date("2020-01-01T00:00:00Z"))
    expect(events).toEqual([])
    await clock.advance("500ms")
    expect(new Date(clock.wall())).toEqual(new Date("2020-01-01T00:00:00.500Z"))
    timer.clear()
  })

  it("lets the machine sleep: the wall clock moves, the other one and the timers stand still", async () => {
    const clock = checkedFakeClock()
    const { events, at } = recorder(clock)
    const timer = clock.timer("background", 1_000, at("timer"))
    const before = instant(clock)
    await clock.sleep("1h")
    expect(events).toEqual([])
    expect(clock.pending).toEqual([{ kind: "background", dueIn: 1_000 }])
    expect(clock.monotonic()).toBe(0)
    expect(elapsed(before, instant(clock))).toBe(3_600_000)
    timer.clear()
  })

  describe("beside fake timers of a test framework", () => {
    afterEach(() => void vi.useRealTimers())

    it("still moves", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate", "Date", "performance"] })
      const clock = checkedFakeClock()
      const { events, at } = recorder(clock)
      clock.timer("background", 10, at("timer"))
      await clock.advance("1s")
      expect(events).toEqual(["timer at 10"])
    })
  })
})
