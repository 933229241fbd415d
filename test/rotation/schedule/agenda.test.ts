import { describe, expect, it, onTestFinished } from "vitest"
import { Agenda } from "../../../src/rotation/schedule/agenda.ts"
import { Timeline } from "../../../src/rotation/schedule/timeline.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { gate } from "../../support/rig.ts"

const MINUTE = 60_000

/** Runs an agenda until the test ends, and notes who is gone to and when, in minutes. */
function running(names: readonly string[], delayOf: (name: string) => number | Promise<number>) {
  const clock = checkedFakeClock()
  const agenda = new Agenda(clock, names)
  const visits: string[] = []
  const stopping = new AbortController()
  const ended = agenda.run(stopping.signal, async name => {
    visits.push(`${name} ${Math.round(clock.monotonic() / MINUTE)}`)
    return await delayOf(name)
  })
  const stop = async (): Promise<void> => {
    stopping.abort()
    await ended
  }
  onTestFinished(stop)
  return { clock, agenda, visits, stop, ended }
}

describe("An agenda", () => {
  it("goes to everybody at first, and to each again when it wants to be gone to", async () => {
    const { clock, visits } = running(["a", "b"], name => (name === "a" ? 10 * MINUTE : 25 * MINUTE))
    await clock.advance("30m")
    expect(visits).toEqual(["a 0", "b 0", "a 10", "a 20", "b 25", "a 30"])
  })

  it("goes sooner where that is set, and later too", async () => {
    const { clock, agenda, visits } = running(["a", "b"], () => 60 * MINUTE)
    await clock.advance("10m")
    agenda.set("a", 5 * MINUTE)
    agenda.set("b", 70 * MINUTE)
    agenda.set("nobody", 0)
    await clock.advance("60m")
    expect(visits).toEqual(["a 0", "b 0", "a 15"])
    await clock.advance("10m")
    expect(visits).toEqual(["a 0", "b 0", "a 15", "a 75", "b 80"])
  })

  it("sends nobody to where somebody still is, and heeds what is set meanwhile", async () => {
    const slow = gate<number>()
    let first = true
    const { clock, agenda, visits } = running(["a"], () => {
      if (!first) return 60 * MINUTE
      first = false
      return slow.promise
    })
    await clock.advance("30m")
    expect(visits).toEqual(["a 0"])
    agenda.set("a", 10 * MINUTE)
    slow.open(50 * MINUTE)
    await clock.advance("15m")
    expect(visits).toEqual(["a 0", "a 40"])
  })

  it("makes no loop of a visit that always wants the next one at once", async () => {
    const { clock, visits } = running(["a"], () => -5)
    await clock.advance("1s")
    expect(visits.length).toBeLessThanOrEqual(11)
  })

  it("wakes within a minute after a sleep of the machine in which something fell due", async () => {
    const { clock, visits } = running(["a"], () => 120 * MINUTE)
    await clock.advance("5m")
    await clock.sleep("3h")
    await clock.advance("61s")
    expect(visits).toHaveLength(2)
  })

  it("waits in the end for whoever is on the way, and sends nobody more", async () => {
    const slow = gate<number>()
    const { clock, visits, stop, ended } = running(["a"], () => slow.promise)
    await clock.settle()
    let over = false
    void ended.then(() => {
      over = true
    })
    const stopped = stop()
    await clock.settle()
    expect(over).toBe(false)
    slow.open(0)
    await stopped
    await clock.advance("10m")
    expect(visits).toEqual(["a 0"])
    expect(clock.pending).toEqual([])
  })

  it("can be run again", async () => {
    const { clock, agenda, stop } = running(["a"], () => 10 * MINUTE)
    await clock.advance("1m")
    await stop()
    const again: number[] = []
    const stopping = new AbortController()
    const ended = agenda.run(stopping.signal, async () => again.push(clock.monotonic()) && 10 * MINUTE)
    await clock.advance("20m")
    stopping.abort()
    await ended
    expect(again).toEqual([10 * MINUTE, 20 * MINUTE])
    await agenda.run(AbortSignal.abort(), async () => 0)
  })
})

describe("A timeline", () => {
  it("moves by what the faster clock says, and never goes back", async () => {
    const clock = checkedFakeClock()
    const timeline = new Timeline(clock)
    await clock.advance("10m")
    expect(timeline.now()).toBe(10 * MINUTE)
    await clock.sleep("5m")
    expect(timeline.now()).toBe(15 * MINUTE)
    clock.setWall(new Date(clock.wall() - 90 * MINUTE))
    expect(timeline.now()).toBe(15 * MINUTE)
    await clock.advance("1m")
    expect(timeline.now()).toBe(16 * MINUTE)
  })
})
