import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { type RotationEvent, Rotator } from "../../src/rotation/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { CONSUMERS, FarSide, mintedPlan } from "./support/far-side.ts"
import { NAME, scene, whileTimeGoesOn } from "./support/scene.ts"
import { tellingTime } from "./support/telling-time.ts"

describe("Replicas that come at the same moment", () => {
  it("make one credential: the first one rotates, and the others leave it to that one", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const others = Array.from({ length: 7 }, () => s.replica())
    const events: RotationEvent[] = s.events
    for (const other of others) other.on(event => void events.push(event))
    const reports = await s.done(Promise.all([s.rotator, ...others].map(each => each.tick())))
    const happened = reports.flatMap(({ outcomes }) => outcomes.map(each => each.happened))
    expect(happened.filter(each => each === "waiting")).toHaveLength(1)
    expect(happened.filter(each => each === "held")).toHaveLength(7)
    expect(reports.every(({ ok }) => ok)).toBe(true)
    expect(s.far.ids).toHaveLength(2)
    // To be late is no failure.
    expect(events.filter(({ type }) => type === "failed")).toEqual([])
    expect(events.filter(({ type }) => type === "lost" || type === "held").length).toBeGreaterThanOrEqual(7)
  })

  it("end it once, after the grace", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const other = s.replica()
    await s.tick()
    await s.clock.advance("66m")
    const reports = await s.done(Promise.all([s.rotator.tick(), other.tick()]))
    expect(reports.every(({ ok }) => ok)).toBe(true)
    expect(s.far.calls.filter(call => call === "revoke")).toHaveLength(1)
    expect(s.far.ids).toHaveLength(1)
  })
})

describe("A store that tells the time", () => {
  it("decides when a secret is due and how long a grace lasts, however wrong the clock of the machine is", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const store = checkedTime(clock)
    const far = new FarSide(canary.text)
    const first = far.newValue()
    far.add(first)
    const told = tellingTime(memory({ [NAME]: first }), () => store.wall())
    const plan = mintedPlan(far, { consumers: CONSUMERS })
    const rotations = { [NAME]: { plan, schedule: { interval: "24h" }, jitter: "0%" } } as const
    const make = (): Rotator => new Rotator({ store: told, rotations, clock, random: () => 0.5 })
    const right = clock.wall()
    let rotator = make()
    const happens = async (): Promise<string> => {
      const { outcomes } = await whileTimeGoesOn(clock, rotator.tick())
      return `${outcomes[0]?.happened} ${outcomes[0]?.state}`
    }
    expect(await happens()).toBe("waiting promoted")
    for (const offset of [40 * 86_400_000, -40 * 86_400_000]) {
      clock.setWall(new Date(right + clock.monotonic() + offset))
      // Also for a process that has seen nothing before.
      await rotator.close()
      rotator = make()
      await clock.advance("65m")
      expect(await happens()).toBe("waiting promoted")
      await clock.advance("1m")
      expect(await happens()).toBe("rotated idle")
      await clock.advance("22h")
      expect(await happens()).toBe("nothing idle")
      expect(rotator.health().status).toBe("ok")
      const [status] = rotator.health().rotations
      expect(status?.due?.getTime()).toBeGreaterThan(store.wall())
      expect(status?.due?.getTime()).toBeLessThan(store.wall() + 3_600_000)
      await clock.advance("55m")
      expect(await happens()).toBe("waiting promoted")
    }
    await rotator.close()
  })
})

/** The store's own clock: nobody sets it. */
function checkedTime(clock: { monotonic(): number }): { wall(): number } {
  const start = new Date("2026-01-01T00:00:00Z").getTime()
  return { wall: () => start + clock.monotonic() }
}
