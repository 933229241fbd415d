import { describe, expect, it, onTestFinished } from "vitest"
import { memory } from "../../../providers/memory/index.ts"
import type { RotationState } from "../../../src/core/index.ts"
import { type KeyringOptions, keyringKey, withoutOldKeys } from "../../../src/rotation/keyring/index.ts"
import type { Consumers, GeneratedPlan } from "../../../src/rotation/plan.ts"
import { graceOf, propagationOf } from "../../../src/rotation/plan-times.ts"
import { generatedKey } from "../../../src/rotation/plans/generated-key.ts"
import { Rotator } from "../../../src/rotation/rotator.ts"
import type { FakeClock } from "../../../src/testing/index.ts"
import { makeContextOf } from "../plans/contexts.ts"
import { Fleet, MAX_STALE, type Replica, TOKEN_LIFETIME, TTL } from "./fleet.ts"
import { NAME } from "./scene.ts"

const consumers: Consumers = {
  ttl: TTL,
  maxStale: MAX_STALE,
  callTimeout: "5s",
  tokenLifetime: TOKEN_LIFETIME,
}
const DAY = 86_400_000
/** The longest time in which nobody issues or checks anything, while all goes as it should. In milliseconds. */
const STEP = 100_000
const ROTATIONS = 20

/** Numbers from 0 to below 1 that are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

/**
 * Two programs, and one that is started anew again and again, whose clocks are half a minute off to both sides. None may
 * read the store for an id that it does not know: what is accepted was known before.
 *
 * @param plan makes the first key, unless there is one, and is what two Rotators rotate by.
 */
async function sceneOf(
  planOn: (clock: FakeClock) => GeneratedPlan,
  { first, ...options }: KeyringOptions & { readonly first?: string } = {},
) {
  const random = numbers(7)
  const fleet = new Fleet(clock => memory({}, { clock }), random)
  const { clock, store } = fleet
  const plan = planOn(clock)
  await fleet.write(first ?? (await plan.create(makeContextOf(plan))).value)

  const start = async (name: string, skew: number): Promise<Replica> => {
    const replica = await fleet.start(name, skew, { refreshInterval: "100d", ...options })
    await replica.keys.find("made-up")
    return replica
  }
  const replicas = [await start("one", -30_000), await start("two", 30_000)]

  const moves: string[] = []
  const rotators = [0, 1].map(() => {
    const rotator = new Rotator({
      store,
      clock,
      random,
      rotations: { [NAME]: { plan, schedule: { interval: "40m" } } },
    })
    rotator.on(event => {
      if (event.type === "moved") moves.push(event.to)
      if (event.type === "failed" || event.type === "blocked")
        fleet.refused.push(`the rotation ${event.type}`)
    })
    onTestFinished(async () => await rotator.close())
    return rotator
  })
  /** How often the rotations of this fleet came to a state. */
  const count = (state: RotationState): number => moves.filter(to => to === state).length

  /** The store cannot be reached by one of them, for nearly as long as it may be. */
  let outage: { readonly replica: Replica; readonly until: number } | undefined
  let quietUntil = 0
  async function breakAndHeal(longest: number): Promise<void> {
    const now = clock.wall()
    if (outage !== undefined && (outage.until <= now || longest > STEP)) {
      await outage.replica.store.faults.heal()
      outage = undefined
      // Time to read what was missed.
      quietUntil = now + 120_000
    }
    const replica = replicas[Math.floor(random() * 40)]
    // Its end is seen at the end of a step, and must not come too late.
    if (replica === undefined || outage !== undefined || now < quietUntil || longest > STEP) return
    replica.store.faults.fail("all", "UNAVAILABLE")
    outage = { replica, until: now + random() * 150_000 }
  }

  /** Lets time pass under load. @param longest the longest time in which nobody issues or checks anything. */
  async function work(milliseconds: number, longest = STEP): Promise<void> {
    await breakAndHeal(longest)
    for (let left = milliseconds; left > 0; ) {
      const step = Math.min(left, 1_000 + Math.floor(random() * longest))
      left -= step
      await fleet.pass(step)
      await fleet.issue()
      await fleet.check()
      await breakAndHeal(longest)
      if (random() < 0.05) await start("three", Math.floor(random() * 60_000) - 30_000)
    }
  }

  return {
    fleet,
    count,
    work,
    /** Rotates until this many rotations were promoted; `between` comes between two looks of the Rotators. */
    async rotate(times: number, between: (rotator: Rotator) => Promise<void> = async () => undefined) {
      while (count("promoted") < times) {
        for (const rotator of rotators) {
          await rotator.tick()
          await between(rotator)
          await work(60_000)
        }
      }
      await work(graceOf(plan))
    },
  }
}

describe("replicas that share a keyring", () => {
  const keyringPlan = (clock: FakeClock) => keyringKey({ consumers, clock })

  it("accept each other's tokens at every moment of twenty rotations, and no read is needed for that", async () => {
    const { rotate, work, count, fleet } = await sceneOf(keyringPlan)
    const stops = new Set<string>()
    await rotate(ROTATIONS, async rotator => {
      const { state = "idle" } = await rotator.status(NAME)
      // Now and then nobody rotates for a day, wherever the rotation stands; and once somebody goes back.
      const stop = `${state} ${count("promoted") % 7}`
      if (stop === "promoted 5" && !stops.has(stop)) await rotator.rollback(NAME)
      else if (/published [36]|promoted 2|idle 4/.test(stop) && !stops.has(stop)) await work(DAY, 3_600_000)
      stops.add(stop)
    })
    expect(fleet.refused).toEqual([])
    expect(fleet.checked).toBeGreaterThan(4_000)
    expect([...stops]).toEqual(
      expect.arrayContaining(["published 3", "published 6", "promoted 2", "promoted 5", "idle 4"]),
    )
  }, 180_000)

  it("do not, where a new key is signed with before it was published: this test would notice", async () => {
    const { rotate, fleet } = await sceneOf(clock => {
      const { publish: _, ...rash } = keyringPlan(clock)
      return rash
    })
    await rotate(3)
    expect(fleet.refused.join("\n")).toContain("no applicable key found")
  }, 60_000)

  it("begin with a plain key that is adopted, and no token is refused", async () => {
    const { rotate, fleet } = await sceneOf(keyringPlan, {
      first: "cGxhaW4ta2V5LWZyb20tYmVmb3JlLWxhdGNoa2V5LWNhbWU",
    })
    await rotate(3)
    expect(fleet.refused).toEqual([])
  }, 60_000)
})

describe("replicas that share a secret whose versions are the keys", () => {
  const options: KeyringOptions = { propagation: "366s", tokenLifetime: TOKEN_LIFETIME }
  const plainPlan = () => generatedKey({ consumers })

  it("accept each other's tokens at every moment of twenty rotations, and no read is needed for that", async () => {
    const { rotate, fleet } = await sceneOf(plainPlan, options)
    await rotate(ROTATIONS)
    expect(fleet.refused).toEqual([])
    expect(fleet.checked).toBeGreaterThan(4_000)
  }, 180_000)

  it("do not, where a new version is signed with at once: this test would notice", async () => {
    const { rotate, fleet } = await sceneOf(plainPlan, { ...options, propagation: "1ms", clockSkew: "0s" })
    await rotate(3)
    expect(fleet.refused.join("\n")).toContain("no applicable key found")
  }, 60_000)
})

describe("a replica that sleeps through publish and promote", () => {
  it("finds the new key with one read when it meets a token of it", async () => {
    const random = numbers(3)
    const fleet = new Fleet(clock => memory({}, { clock }), random)
    const plan = keyringKey({ consumers, clock: fleet.clock })
    const first = (await plan.create(makeContextOf(plan))).value
    await fleet.write(first)
    const awake = await fleet.start("awake")
    const asleep = await fleet.start("asleep")
    const next = (await plan.create(makeContextOf(plan, { current: { value: first } }))).value
    await fleet.write(plan.publish?.(first, next) ?? "")
    await fleet.pass(propagationOf(plan), asleep)
    await fleet.write(next)
    await fleet.pass(120_000, asleep)
    asleep.store.calls.clear()
    const { id } = awake.keys.current()
    expect((await asleep.keys.find(id))?.reveal()).toBe(awake.keys.current().reveal())
    expect(asleep.store.calls.count("read")).toBe(1)
    // And what it signed with the old key is still accepted by the other one.
    await fleet.issue()
    await fleet.check()
    expect(fleet.refused).toEqual([])
  })
})

describe("a key that somebody else has", () => {
  it("is refused by every program that has read the set since; the new one costs a read where it is met first", async () => {
    const fleet = new Fleet(clock => memory({}, { clock }), numbers(5))
    const { clock, store } = fleet
    const plan = keyringKey({ consumers, clock })
    await using rotator = new Rotator({ store, clock, random: numbers(5), rotations: { [NAME]: { plan } } })
    await rotator.rotate(NAME)
    const [one, two] = [await fleet.start("one"), await fleet.start("two")]
    await fleet.pass(graceOf(plan))
    await rotator.tick()
    const leaked = one.keys.current()

    expect(await rotator.rotate(NAME, { compromised: true })).toMatchObject({ happened: "rotated" })
    await fleet.write(withoutOldKeys(await fleet.read()))
    await one.keys.refresh()
    expect(await one.keys.find(leaked.id)).toBeUndefined()
    const fresh = one.keys.current()
    expect(fresh.reveal()).not.toBe(leaked.reveal())
    two.store.calls.clear()
    expect((await two.keys.find(fresh.id))?.reveal()).toBe(fresh.reveal())
    expect(two.store.calls.count("read")).toBe(1)
    for (const { keys } of [one, two]) expect(keys.keys().map(({ id }) => id)).toEqual([fresh.id])
  })
})
