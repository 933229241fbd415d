import { describe, expect, it, onTestFinished } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { type RotationEvent, Rotator } from "../../src/rotation/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { failureOf } from "../support/rig.ts"
import { FarSide, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, type Scene, scene, whileTimeGoesOn } from "./support/scene.ts"

const HOUR = 3_600_000

/** Lets a Rotator run until the test ends. */
function running({ clock }: Pick<Scene, "clock">, rotator: Rotator): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const ended = rotator.run(stopping.signal)
  const stop = async (): Promise<void> => {
    stopping.abort()
    await whileTimeGoesOn(clock, ended)
  }
  onTestFinished(stop)
  return { stop }
}

/** When secrets were promoted and retired, in hours from the beginning. */
function timesOf(events: readonly RotationEvent[], to: "promoted" | "idle", from: number): number[] {
  return events.flatMap(event =>
    event.type === "moved" && event.to === to ? [(event.at.getTime() - from) / HOUR] : [],
  )
}

describe("run()", () => {
  it("rotates each secret when its time comes, and retires the old one after the grace", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const start = s.clock.wall()
    running(s, s.rotator)
    await s.clock.advance("10d")
    const promoted = timesOf(s.events, "promoted", start)
    const gaps = promoted.map((time, index) => time - (promoted[index - 1] ?? Number.NaN)).slice(1)
    // The first one is spread over an hour, as what was missed is.
    expect(promoted[0]).toBeLessThanOrEqual(1)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(24.01)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(21.6)
    const retired = timesOf(s.events, "idle", start)
    const graces = retired.map((time, index) => Math.round((time - (promoted[index] ?? 0)) * 3_600))
    expect(Math.min(...graces)).toBeGreaterThanOrEqual(3_935)
    expect(Math.max(...graces)).toBeLessThan(3_996)
    expect(s.far.ids.length).toBeLessThanOrEqual(2)
    expect(s.far.accepts(String(await s.value()))).toBe(true)
  })

  it("looks at what is not due once in an hour, and at nothing in between", async () => {
    const s = await scene({ plan: far => mintedPlan(far), rotation: { schedule: undefined } as object })
    running(s, s.rotator)
    await s.clock.advance("1m")
    const looks = () => s.store.calls.count("rotation.load")
    expect(looks()).toBe(1)
    await s.clock.advance("58m")
    expect(looks()).toBe(1)
    await s.clock.advance("10h")
    expect(looks()).toBe(11)
    expect(s.far.calls.filter(call => call === "list")).toHaveLength(11)
  })

  it("comes to what fell due while the machine slept soon after it wakes, and does not make up for every day of it", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    running(s, s.rotator)
    await s.clock.advance("3h")
    const start = s.clock.wall()
    const before = timesOf(s.events, "promoted", start).length
    await s.clock.sleep("5d")
    await s.clock.advance("65m")
    const promoted = timesOf(s.events, "promoted", start).slice(before)
    expect(promoted).toHaveLength(1)
    expect(promoted[0]).toBeLessThanOrEqual(5 * 24 + 1.1)
  })

  it("goes on in time when the clock is set back, and does not rotate twice when it is set right", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    running(s, s.rotator)
    await s.clock.advance("3h")
    const made = () => s.far.calls.filter(call => call === "mint").length
    expect(made()).toBe(1)
    const right = s.clock.wall() - s.clock.monotonic()
    s.clock.setWall(new Date(right - 40 * 24 * HOUR))
    await s.clock.advance("23h")
    expect(made()).toBe(2)
    await s.clock.advance("2h")
    s.clock.setWall(new Date(right + s.clock.monotonic()))
    await s.clock.advance("2h")
    expect(made()).toBeLessThanOrEqual(3)
    await s.clock.advance("10d")
    expect(made()).toBeLessThanOrEqual(14)
    expect(made()).toBeGreaterThanOrEqual(12)
  })

  it("never ends because a secret fails, and comes back to it after pauses that grow", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    s.store.faults.fail("all", "UNAVAILABLE")
    const { stop } = running(s, s.rotator)
    await s.clock.advance("5h")
    const failures = s.events.filter(({ type }) => type === "failed").length
    expect(failures).toBeGreaterThan(6)
    expect(failures).toBeLessThan(14)
    await s.store.faults.heal()
    await s.clock.advance("2h")
    expect(s.far.calls).toContain("mint")
    await stop()
  })

  it("hears of what was asked for by hand: the grace that begins then ends in time", async () => {
    const s = await scene({
      plan: far => mintedPlan(far),
      rotation: { schedule: undefined } as object,
      lookEvery: "10d",
    })
    running(s, s.rotator)
    await s.clock.advance("5m")
    await s.done(s.rotator.rotate(NAME))
    expect(s.far.ids).toHaveLength(2)
    await s.clock.advance("66m")
    expect(s.far.ids).toHaveLength(1)
    expect((await s.journal())?.state).toBe("idle")
  })

  it("in two processes rotates once, and one goes on with what the other one has left", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const other = s.replica()
    const first = running(s, s.rotator)
    running(s, other)
    await s.clock.advance("5d")
    const made = () => s.far.calls.filter(call => call === "mint").length
    expect(made()).toBeGreaterThanOrEqual(5)
    expect(made()).toBeLessThanOrEqual(6)
    await first.stop()
    const before = made()
    await s.clock.advance("5d")
    expect(made() - before).toBeGreaterThanOrEqual(5)
    expect(s.far.ids.length).toBeLessThanOrEqual(2)
  })

  it("waits for the next slot with a secret that was never rotated, unless it is told to begin at once", async () => {
    const schedule = { cron: "0 3 * * *" }
    const s = await scene({ plan: far => mintedPlan(far), rotation: { schedule, jitter: "0%" } })
    running(s, s.rotator)
    const made = () => s.far.calls.filter(call => call === "mint").length
    await s.clock.advance("2h")
    expect(made()).toBe(0)
    expect(await s.journal()).toMatchObject({ state: "idle", seq: 1, lastPromotedAt: expect.any(Number) })
    expect((await s.rotator.status(NAME)).lastPromoted).toBeUndefined()
    await s.clock.advance("61m")
    expect(made()).toBe(1)
    await s.clock.advance("3d")
    expect(made()).toBe(4)

    const now = await scene({
      plan: far => mintedPlan(far),
      rotation: { schedule, jitter: "0%", first: "now" },
    })
    expect(await now.tick()).toMatchObject({ state: "promoted" })
  })

  it("counts an interval from when it first saw a secret, where that is wanted, also over restarts", async () => {
    const s = await scene({ plan: far => mintedPlan(far), rotation: { first: "in-turn", jitter: "0%" } })
    expect(await s.tick()).toMatchObject({ happened: "nothing", state: "idle" })
    await s.clock.advance("23h")
    expect(await s.tick(s.replica())).toMatchObject({ happened: "nothing" })
    await s.clock.advance("1h")
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
  })

  it("ends when its signal aborts, and can be called again after that, but not twice at once", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const { stop } = running(s, s.rotator)
    expect(await failureOf(s.rotator.run(new AbortController().signal))).toMatchObject({ code: "CONFLICT" })
    await s.clock.advance("2h")
    await stop()
    expect(s.clock.pending).toEqual([])
    running(s, s.rotator)
    await s.clock.advance("24h")
    expect(s.far.calls.filter(call => call === "mint")).toHaveLength(2)
    await s.done(s.rotator.run(AbortSignal.abort()).catch(() => undefined))
  })

  it("ends when the Rotator is closed, also in the middle of a turn", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const ended = s.rotator.run(new AbortController().signal)
    await s.clock.advance("10s")
    const closing = s.rotator.close()
    await s.done(Promise.all([ended, closing]))
    expect(s.clock.pending).toEqual([])
  })

  it("keeps the process alive by one timer that never sleeps for longer than a minute", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    running(s, s.rotator)
    await s.clock.advance("3h")
    expect(s.clock.pending).toHaveLength(1)
    expect(s.clock.pending[0]).toMatchObject({ kind: "waited-for" })
    expect(s.clock.pending[0]?.dueIn).toBeLessThanOrEqual(60_000)
  })
})

describe("Many secrets that were missed together", () => {
  it("are not made up together", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const far = new FarSide(canary.text)
    const names = Array.from({ length: 40 }, (_, index) => `service-${index}/key`)
    const store = memory(Object.fromEntries(names.map(name => [name, far.newValue()])), { clock })
    const { apply: _, identify: __, revoke: ___, verifyOld: ____, ...plan } = generatedPlan(far)
    const rotation = {
      plan: { ...plan, verify: async () => "works" as const },
      schedule: { interval: "24h" as const },
    }
    const rotations = Object.fromEntries(names.map(name => [name, rotation]))
    const rotator = new Rotator({ store, rotations, clock })
    const at: number[] = []
    rotator.on(event => {
      if (event.type === "moved" && event.to === "promoted") at.push(event.at.getTime())
    })
    const { stop } = running({ clock }, rotator)
    await clock.advance("2h")
    expect(at).toHaveLength(40)
    const perMinute = new Map<number, number>()
    for (const time of at) {
      const minute = Math.floor(time / 60_000)
      perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1)
    }
    expect(Math.max(...perMinute.values())).toBeLessThanOrEqual(6)
    await stop()
    await rotator.close()
  })
})
