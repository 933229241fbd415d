import { describe, expect, it } from "vitest"
import { memory } from "../../../providers/memory/index.ts"
import { type KeyringOptions, keyringKey } from "../../../src/rotation/keyring/index.ts"
import type { Consumers } from "../../../src/rotation/plan.ts"
import { graceOf, propagationOf } from "../../../src/rotation/plan-times.ts"
import { generatedKey } from "../../../src/rotation/plans/generated-key.ts"
import { makeContext } from "../plans/contexts.ts"
import { Fleet, MAX_STALE, type Replica, TOKEN_LIFETIME, TTL } from "./fleet.ts"

const consumers: Consumers = {
  ttl: TTL,
  maxStale: MAX_STALE,
  callTimeout: "5s",
  tokenLifetime: TOKEN_LIFETIME,
}
const DAY = 86_400_000
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
 */
async function sceneOf(first: string | undefined, options: KeyringOptions = {}) {
  const random = numbers(7)
  const fleet = new Fleet(clock => memory({}, { clock }), random)
  const plan = keyringKey({ consumers, clock: fleet.clock })
  await fleet.write(first ?? (await plan.create(makeContext())).value)
  const start = async (name: string, skew: number): Promise<Replica> => {
    const replica = await fleet.start(name, skew, { refreshInterval: "100d", ...options })
    await replica.keys.find("made-up")
    return replica
  }
  const replicas = [await start("one", -30_000), await start("two", 30_000)]

  /** The store cannot be reached by one of them, for nearly as long as it may be. */
  const outages: { readonly replica: Replica; readonly until: number }[] = []
  async function breakAndHeal(longest: number): Promise<void> {
    const now = fleet.clock.wall()
    const over = outages.filter(({ until }) => until <= now || longest > 60_000)
    for (const outage of over)
      await outages.splice(outages.indexOf(outage), 1)[0]?.replica.store.faults.heal()
    const replica = replicas[Math.floor(random() * 40)]
    // Ends are seen at the ends of steps, and none may come too late.
    if (replica === undefined || outages.length > 0 || longest > 60_000) return
    replica.store.faults.fail("all", "UNAVAILABLE")
    outages.push({ replica, until: now + random() * 200_000 })
  }

  return {
    fleet,
    plan,
    random,
    /** Lets time pass under load. @param longest the longest time in which nobody issues or checks anything. */
    async work(milliseconds: number, longest = 60_000): Promise<void> {
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
    },
  }
}

type Scene = Awaited<ReturnType<typeof sceneOf>>

describe("replicas that share a keyring", () => {
  /** One rotation as the Rotator carries it out, by hand. */
  async function rotate(scene: Scene, rotation: number, publishes = true): Promise<void> {
    const { fleet, plan, work, random } = scene
    const current = await fleet.read()
    const { value: candidate } = await plan.create(makeContext({ current: { value: current } }))
    // Now and then it stands still for a day before it is published, or before it is promoted.
    if (rotation % 7 === 4) await work(DAY, 3_600_000)
    const published = plan.publish?.(current, candidate) ?? candidate
    if (publishes) {
      await fleet.write(published)
      await work(propagationOf(plan))
    }
    if (rotation % 7 === 6) await work(DAY, 3_600_000)
    await fleet.write(candidate)
    if (rotation % 9 === 8) {
      await work(random() * graceOf(plan))
      // Somebody goes back to the key before.
      await fleet.write(published)
    }
    await work(graceOf(plan))
  }

  it("accept each other's tokens at every moment of twenty rotations, and no read is needed for that", async () => {
    const scene = await sceneOf(undefined)
    for (let rotation = 0; rotation < ROTATIONS; rotation++) await rotate(scene, rotation)
    expect(scene.fleet.refused).toEqual([])
    expect(scene.fleet.checked).toBeGreaterThan(5_000)
  }, 120_000)

  it("do not, where a new key is signed with before it was published: this test would notice", async () => {
    const scene = await sceneOf(undefined)
    for (let rotation = 0; rotation < 3; rotation++) await rotate(scene, rotation, false)
    expect(scene.fleet.refused.join("\n")).toContain("no applicable key found")
  }, 60_000)

  it("begin with a plain key that is adopted, and no token is refused", async () => {
    const scene = await sceneOf(String((await generatedKey({ consumers }).create(makeContext())).value))
    for (let rotation = 0; rotation < 3; rotation++) await rotate(scene, rotation)
    expect(scene.fleet.refused).toEqual([])
  }, 60_000)
})

describe("replicas that share a secret whose versions are the keys", () => {
  const plan = generatedKey({ consumers })
  const propagation = "366s"
  const options: KeyringOptions = { propagation, tokenLifetime: TOKEN_LIFETIME }

  async function rotate({ fleet, work, random }: Scene): Promise<void> {
    await fleet.write((await plan.create(makeContext())).value)
    await work(graceOf(plan) + random() * 600_000)
  }

  it("accept each other's tokens at every moment of twenty rotations, and no read is needed for that", async () => {
    const scene = await sceneOf(String((await plan.create(makeContext())).value), options)
    for (let rotation = 0; rotation < ROTATIONS; rotation++) await rotate(scene)
    expect(scene.fleet.refused).toEqual([])
    expect(scene.fleet.checked).toBeGreaterThan(4_000)
  }, 120_000)

  it("do not, where a new version is signed with at once: this test would notice", async () => {
    const first = String((await plan.create(makeContext())).value)
    const scene = await sceneOf(first, { ...options, propagation: "1ms", clockSkew: "0s" })
    for (let rotation = 0; rotation < 3; rotation++) await rotate(scene)
    expect(scene.fleet.refused.join("\n")).toContain("no applicable key found")
  }, 60_000)
})

describe("a replica that sleeps through publish and promote", () => {
  it("finds the new key with one read when it meets a token of it", async () => {
    const random = numbers(3)
    const fleet = new Fleet(clock => memory({}, { clock }), random)
    const plan = keyringKey({ consumers, clock: fleet.clock })
    const first = (await plan.create(makeContext())).value
    await fleet.write(first)
    const awake = await fleet.start("awake")
    const asleep = await fleet.start("asleep")
    const next = (await plan.create(makeContext({ current: { value: first } }))).value
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
