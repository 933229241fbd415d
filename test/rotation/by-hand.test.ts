import { describe, expect, it } from "vitest"
import type { RotationState } from "../../src/core/index.ts"
import { generatedKey } from "../../src/rotation/plans/generated-key.ts"
import { failureOf } from "../support/rig.ts"
import { CONSUMERS, type FarCall, GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, type Scene, scene } from "./support/scene.ts"

/** Stops a rotation in a state, as a process that dies does: every call after it fails. */
async function stoppedIn(state: RotationState, s: Scene): Promise<void> {
  const rotator = s.replica()
  using _ = rotator.on(event => {
    if (event.type === "moved" && event.to === state) s.store.faults.fail("all", "UNAVAILABLE")
  })
  await s.done(rotator.tick())
  await s.done(rotator.close())
  await s.store.faults.heal()
  expect((await s.journal())?.state).toBe(state)
  // Whoever comes next has to wait until the lease of the one that died is over.
  await s.clock.advance("5m")
}

async function changeByHand({ store, far }: Scene): Promise<string> {
  const value = far.newValue()
  far.add(value)
  await store.write(NAME, value, { signal: new AbortController().signal })
  return value
}

describe("A leaked credential", () => {
  it("is rotated without any grace", async () => {
    for (const plan of [generatedPlan, mintedPlan]) {
      const { rotator, far, done, value, clock } = await scene({ plan: far => plan(far) })
      const before = clock.wall()
      const old = await value()
      expect(await done(rotator.rotate(NAME, { compromised: true }))).toMatchObject({
        happened: "rotated",
        state: "idle",
      })
      expect(clock.wall() - before).toBeLessThan(5_000)
      expect(far.accepts(String(old))).toBe(false)
      expect(far.accepts(String(await value()))).toBe(true)
      expect(far.ids).toHaveLength(1)
    }
  })

  it("is rotated without the propagation of a set of keys", async () => {
    const { rotator, done, value } = await scene({
      plan: far => {
        const { revoke: _, verifyOld: __, identify: ___, apply: ____, ...plan } = generatedPlan(far)
        return {
          ...plan,
          verify: async () => "works",
          publish: (current, candidate) => `${current}+${candidate}`,
        }
      },
    })
    const old = await value()
    expect(await done(rotator.rotate(NAME))).toMatchObject({ state: "published" })
    expect(await done(rotator.rotate(NAME, { compromised: true }))).toMatchObject({ happened: "rotated" })
    expect(await value()).not.toContain(old)
  })

  it("makes a rotation go on without grace that is on its way and has promoted nothing", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const old = await s.value()
    await stoppedIn("parked", s)
    const outcome = await s.done(s.rotator.rotate(NAME, { compromised: true }))
    expect(outcome).toMatchObject({ happened: "rotated", state: "idle" })
    expect(s.far.accepts(String(old))).toBe(false)
    expect(s.far.calls.filter(call => call === "mint")).toHaveLength(1)
  })

  it("ends a grace at once, and rotates what is in use since as well", async () => {
    const { rotator, far, done, value, tick } = await scene({ plan: far => mintedPlan(far) })
    const first = await value()
    await tick()
    const second = await value()
    expect(await done(rotator.rotate(NAME, { compromised: true }))).toMatchObject({ happened: "rotated" })
    expect(far.accepts(String(first)) || far.accepts(String(second))).toBe(false)
    expect(far.accepts(String(await value()))).toBe(true)
  })

  it("is not rotated a second time by the next process that goes on with it", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const rotator = s.replica()
    using _ = rotator.on(event => {
      if (event.type === "moved" && event.to === "promoted") s.store.faults.fail("all", "UNAVAILABLE")
    })
    expect(await s.done(rotator.rotate(NAME, { compromised: true }))).toMatchObject({ happened: "failed" })
    await s.store.faults.heal()
    expect(await s.done(s.rotator.rotate(NAME, { compromised: true }))).toMatchObject({ happened: "rotated" })
    expect(s.far.calls.filter(call => call === "mint")).toHaveLength(1)
  })
})

describe("Going back", () => {
  it("is a promotion of its own, and retires the newer credential after the grace", async () => {
    const { rotator, far, done, value, tick, clock } = await scene({ plan: far => mintedPlan(far) })
    const old = await value()
    await tick()
    const newer = await value()
    await clock.advance("30m")
    expect(await done(rotator.rollback(NAME))).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(await value()).toBe(old)
    expect(far.accepts(String(newer))).toBe(true)
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(far.accepts(String(old))).toBe(true)
    expect(far.accepts(String(newer))).toBe(false)
    expect(await value()).toBe(old)
  })

  it("is to a key of another form, too, where nobody but the readers has to know it", async () => {
    const { rotator, done, value, tick } = await scene({ plan: () => generatedKey({ consumers: CONSUMERS }) })
    const old = await value()
    await tick()
    expect(await value()).not.toBe(old)
    expect(await done(rotator.rollback(NAME))).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(await value()).toBe(old)
  })

  it("stays with the newer one where the far side refuses the old one", async () => {
    const { rotator, far, done, value, tick, events } = await scene({ plan: far => mintedPlan(far) })
    const old = await value()
    await tick()
    const newer = await value()
    far.remove({ value: String(old) })
    expect(await done(rotator.rollback(NAME))).toMatchObject({
      happened: "failed",
      state: "promoted",
      problem: { kind: "failed", message: expect.stringContaining("refuses the former credential") },
      notices: [{ about: "rollback-refused" }],
    })
    expect(rotator.health()).toMatchObject({ status: "degraded" })
    expect((await tick()).problem).toBeUndefined()
    expect(await value()).toBe(newer)
    expect(events).toContainEqual(
      expect.objectContaining({ type: "notice", notice: { about: "rollback-refused" } }),
    )
  })

  it("that a person came before with another value is let go of, and nothing is said of a far side that there is not", async () => {
    const s = await scene({ plan: () => generatedKey({ consumers: CONSUMERS }) })
    await s.tick()
    const written = await changeByHand(s)
    expect(await s.done(s.rotator.rollback(NAME))).toMatchObject({ happened: "blocked" })
    const outcome = await s.done(s.rotator.abort(NAME))
    expect(outcome).toMatchObject({ happened: "taken-back", state: "idle" })
    expect(outcome.notices).toBeUndefined()
    expect(s.events).not.toContainEqual(expect.objectContaining({ type: "notice" }))
    expect(await s.value()).toBe(written)
    // What it holds is adopted by the next one.
    expect(await s.done(s.rotator.rotate(NAME))).toMatchObject({ happened: "waiting", state: "promoted" })
  })

  it("is refused before a promotion, after the retirement, and a second time", async () => {
    const { rotator, done, tick, clock } = await scene({ plan: far => generatedPlan(far) })
    const refused = async () => await failureOf(done(rotator.rollback(NAME)))
    expect(await refused()).toMatchObject({ code: "CONFLICT", secret: NAME, hint: expect.any(String) })
    await tick()
    await done(rotator.rollback(NAME))
    expect(await refused()).toMatchObject({ code: "CONFLICT" })
    await clock.advance("66m")
    await tick()
    expect(await refused()).toMatchObject({ code: "CONFLICT" })
  })
})

describe("Taking back", () => {
  it.each([
    "claimed",
    "minting",
    "parked",
    "applied",
  ] as const)("from %s leaves the credential that is in use, and no other one", async state => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const old = await s.value()
    await stoppedIn(state, s)
    expect(await s.done(s.rotator.abort(NAME))).toMatchObject({ happened: "taken-back", state: "idle" })
    expect(await s.value()).toBe(old)
    expect(s.far.ids).toEqual([s.far.idOf(String(old))])
    // A schedule begins another one, after a pause.
    expect(await s.tick()).toMatchObject({ happened: "waiting", state: "idle" })
    await s.clock.advance("3m")
    expect(await s.tick()).toMatchObject({ state: "promoted" })
  })

  it("is refused where nothing is on its way, and where the new credential is in use", async () => {
    const { rotator, done, tick, value } = await scene({ plan: far => mintedPlan(far) })
    expect(await failureOf(done(rotator.abort(NAME)))).toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining("no rotation is on its way"),
    })
    await tick()
    const current = await value()
    expect(await failureOf(done(rotator.abort(NAME)))).toMatchObject({
      code: "CONFLICT",
      hint: expect.stringContaining("--rollback"),
    })
    expect(await value()).toBe(current)
  })
})

describe("A rotation that was given up", () => {
  it("is told as a failure to whoever rotates, also where somebody else has seen that the far side refuses", async () => {
    const s = await scene({
      plan: far => ({ ...mintedPlan(far), verify: async () => "refused" as const }),
      rotation: { schedule: undefined } as object,
    })
    s.store.faults.fail("rotation.discard", "UNAVAILABLE", { times: 1 })
    expect(await s.done(s.rotator.rotate(NAME))).toMatchObject({ happened: "failed", state: "discarding" })
    await s.clock.advance("10m")
    expect(await s.done(s.replica().rotate(NAME))).toMatchObject({
      happened: "failed",
      state: "idle",
      problem: { kind: "failed", command: `latchkey rotate ${NAME} --impatient` },
    })
  })
})

describe("What is left to a person", () => {
  it("is told with its id by the call, and by the status and the health of that process from then on", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    await s.tick()
    const { newId: id } = (await s.journal()) ?? {}
    await changeByHand(s)
    await s.clock.advance("2h")
    expect((await s.tick()).notices).toBeUndefined()
    const notices = [{ about: "new-left-to-person", id }]
    expect(id).toMatch(/^id-/)
    expect(await s.done(s.rotator.abort(NAME))).toMatchObject({ notices })
    expect(s.rotator.health().rotations[0]).toMatchObject({ notices })
    expect(await s.done(s.rotator.status(NAME))).toMatchObject({ notices })
    expect((await s.tick()).notices).toBeUndefined()
    expect(s.rotator.health().rotations[0]).toMatchObject({ notices })
  })

  it("is no longer told of orphans when the far side has none any more", async () => {
    const s = await scene({
      plan: far => mintedPlan(far, { labels: false, exclusive: true }),
      rotation: { first: "in-turn" } as object,
    })
    await s.done(s.rotator.rotate(NAME))
    await s.clock.advance("2h")
    await s.tick()
    const id = s.far.add(s.far.newValue())
    const notices = [{ about: "orphans-left", ids: [id] }]
    expect(await s.tick()).toMatchObject({ notices })
    expect(s.rotator.health().rotations[0]).toMatchObject({ notices })
    s.far.remove({ id })
    await s.tick()
    expect(s.rotator.health().rotations[0]?.notices).toBeUndefined()
  })
})

describe("A secret that a person changes while it is rotated", () => {
  it.each([
    "parked",
    "applied",
    "verified",
    "promoted",
    "retiring",
  ] as const)("in %s is never written over, and a person is asked", async state => {
    const s = await scene({ plan: far => mintedPlan(far) })
    if (state === "retiring") {
      await s.tick()
      await s.clock.advance("66m")
      await stoppedIn("retiring", s)
    } else await stoppedIn(state, s)
    const old = s.far.ids[0]
    const theirs = await changeByHand(s)
    await s.clock.advance("2h")
    const outcome = await s.tick()
    expect(outcome).toMatchObject({
      happened: "blocked",
      state: "blocked",
      problem: {
        kind: "blocked",
        reason: "changed-by-hand",
        command: `latchkey rotate ${NAME} --abort`,
        hint: expect.stringContaining("see which value is right"),
      },
    })
    expect(outcome.next).toBeUndefined()
    expect(await s.value()).toBe(theirs)
    expect(s.far.accepts(theirs)).toBe(true)
    expect(s.far.ids).toContain(old)
    expect(s.rotator.health()).toMatchObject({ status: "failed" })
    expect(s.events).toContainEqual(expect.objectContaining({ type: "blocked", reason: "changed-by-hand" }))

    // It stays so until the person has decided; then theirs is adopted.
    await s.clock.advance("24h")
    expect(await s.tick()).toMatchObject({ happened: "blocked" })
    expect(await s.done(s.rotator.abort(NAME))).toMatchObject({ state: "idle" })
    expect(await s.value()).toBe(theirs)
    await s.clock.advance("25h")
    expect(await s.tick()).toMatchObject({ state: "promoted" })
    expect(s.far.accepts(theirs)).toBe(true)
    await s.clock.advance("66m")
    await s.tick()
    expect(s.far.accepts(theirs)).toBe(false)
  })
})

describe("A blocked rotation", () => {
  it("goes on where it was, when a person who has looked says so", async () => {
    const s = await scene({ plan: far => mintedPlan(far, { labels: false, exclusive: false }) })
    const { listMinted: _, ...plan } = mintedPlan(s.far, { labels: false })
    const rotator = s.replica({ rotations: { [NAME]: { plan, schedule: { interval: "24h" } } } })
    s.far.after = call => {
      if (call === "mint") throw new Error("the answer is lost")
    }
    expect(await s.done(rotator.tick())).toMatchObject({ ok: false })
    s.far.after = undefined
    await s.clock.advance("10m")
    expect(await s.tick(rotator)).toMatchObject({
      happened: "blocked",
      problem: { reason: "possible-orphan", command: `latchkey rotate ${NAME} --resume` },
    })
    // It is there indeed; the person removes it.
    const orphan = s.far.ids.find(id => id !== s.far.ids[0])
    s.far.remove({ id: String(orphan) })
    expect(await s.done(rotator.resume(NAME))).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(s.far.ids).toHaveLength(2)
    expect(rotator.health()).toMatchObject({ status: "ok" })
  })

  it("says so of a candidate that is gone", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    await stoppedIn("parked", s)
    const { rotationId = "" } = (await s.journal()) ?? {}
    await s.store.rotation().discard(NAME, { rotationId, signal: new AbortController().signal })
    expect(await s.tick()).toMatchObject({ happened: "blocked", problem: { reason: "candidate-gone" } })
  })

  it("says so of a far side that refuses the new credential where there is no overlap", async () => {
    const { tick, clock, rotator, done, far } = await scene({
      plan: far => {
        const { revoke: _, verifyOld: __, ...plan } = generatedPlan(far)
        return {
          ...plan,
          overlap: false,
          fenced: true,
          apply: async (_candidate, context) => void (await far.call("apply", context, () => undefined)),
        }
      },
    })
    expect(await tick()).toMatchObject({
      happened: "blocked",
      problem: { reason: "refused-without-overlap", command: `latchkey rotate ${NAME} --resume` },
    })
    expect(far.calls.filter(call => call === "apply")).toHaveLength(3)
    await clock.advance("1h")
    expect(await tick()).toMatchObject({ happened: "blocked" })
    expect(await done(rotator.resume(NAME))).toMatchObject({ happened: "blocked" })
    expect(far.calls.filter(call => call === "apply")).toHaveLength(6)
  })
})

describe("A rotation that a replica holds which is gone", () => {
  it("is left alone until its lease is over, unless a person who knows that says otherwise", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const rotator = s.replica()
    using _ = rotator.on(event => {
      if (event.type === "moved" && event.to === "parked") s.store.faults.fail("all", "UNAVAILABLE")
    })
    await s.done(rotator.tick())
    await s.store.faults.heal()
    await s.clock.advance("1m")
    const held = await s.tick()
    expect(held).toMatchObject({ happened: "held", state: "parked", moved: false })
    expect(held.next?.getTime()).toBeGreaterThan(s.clock.wall() + 60_000)
    expect(await s.done(s.rotator.resume(NAME))).toMatchObject({ happened: "held" })
    expect(await s.done(s.rotator.resume(NAME, { force: true }))).toMatchObject({ state: "promoted" })
    // The other one comes back, and finds that it has lost it.
    await s.clock.advance("10m")
    expect(await s.tick(rotator)).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(s.far.ids).toHaveLength(2)
  })

  it("is taken over half a minute after its lease", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    const rotator = s.replica()
    using _ = rotator.on(event => {
      if (event.type === "moved" && event.to === "parked") s.store.faults.fail("all", "UNAVAILABLE")
    })
    await s.done(rotator.tick())
    await s.store.faults.heal()
    const { leaseUntil = 0 } = (await s.journal()) ?? {}
    await s.clock.advance(`${leaseUntil + 29_000 - s.clock.wall()}ms`)
    expect(await s.tick()).toMatchObject({ happened: "held" })
    await s.clock.advance("2s")
    expect(await s.tick()).toMatchObject({ state: "promoted" })
  })
})

describe("Adoption", () => {
  it("of a secret that latchkey did not make retires what was there, as the plan identifies it", async () => {
    const { far, tick, clock, value } = await scene({ plan: far => mintedPlan(far) })
    const [first = ""] = far.ids
    await tick()
    await clock.advance("66m")
    await tick()
    expect(far.ids).not.toContain(first)
    expect(far.accepts(String(await value()))).toBe(true)
  })

  it("leaves it to a person where nobody can tell what it is, and says so", async () => {
    const { far, tick, clock, events } = await scene({
      plan: far => {
        const { identify: _, ...plan } = mintedPlan(far)
        return plan
      },
    })
    const [first = ""] = far.ids
    await tick()
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(far.ids).toContain(first)
    expect(events).toContainEqual(
      expect.objectContaining({ type: "notice", notice: { about: "old-left-to-person" } }),
    )
  })

  it("of what a person wrote between two rotations takes place at the next one", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    await s.tick()
    await s.clock.advance("66m")
    await s.tick()
    const theirs = await changeByHand(s)
    await s.clock.advance("24h")
    expect(await s.tick()).toMatchObject({ state: "promoted" })
    expect(s.far.accepts(theirs)).toBe(true)
    await s.clock.advance("66m")
    await s.tick()
    expect(s.far.accepts(theirs)).toBe(false)
  })
})

describe("What a replica that came too late has left behind", () => {
  it("is cleared up by whoever comes by, also where nothing is due", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    await s.tick()
    await s.clock.advance("66m")
    await s.tick()
    const [label] = s.far.labels
    const late = s.far.newValue()
    s.far.add(late, label?.replace(/[^:]+$/, "rlate"))
    s.far.add(s.far.newValue(), "latchkey:rother:rrotation")
    s.far.add(s.far.newValue(), "made by a person")
    expect(await s.tick()).toMatchObject({ happened: "nothing" })
    expect(s.far.accepts(late)).toBe(false)
    expect(s.far.labels).toEqual([label, "latchkey:rother:rrotation", "made by a person"])
    expect(s.events).toContainEqual(
      expect.objectContaining({
        type: "notice",
        notice: expect.objectContaining({ about: "orphan-revoked" }),
      }),
    )
  })
})

describe("The old credential", () => {
  it("that is still accepted after it was revoked keeps the rotation open, and is asked for again", async () => {
    const { far, tick, clock, rotator } = await scene({
      plan: far =>
        mintedPlan(far, {
          revoke: async (_, context) => void (await far.call("revoke", context, () => undefined)),
        }),
    })
    const [first = ""] = far.ids
    await tick()
    await clock.advance("66m")
    const stuck = await tick()
    expect(stuck).toMatchObject({
      happened: "failed",
      state: "retiring",
      problem: { kind: "still-accepted", command: `latchkey rotate ${NAME}` },
    })
    expect((stuck.next?.getTime() ?? 0) - clock.wall()).toBe(60_000)
    expect(rotator.health()).toMatchObject({ status: "degraded" })
    const asked = far.calls.length
    await clock.advance("30s")
    expect(await tick()).toMatchObject({ happened: "failed", problem: { kind: "still-accepted" } })
    expect(far.calls).toHaveLength(asked)
    far.remove({ id: first })
    await clock.advance("31s")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(rotator.health()).toMatchObject({ status: "ok" })
  })

  it("that only a person can end is told with how, until it is dead", async () => {
    const { far, tick, clock } = await scene({
      plan: far => {
        const { revoke: _, ...plan } = generatedPlan(far)
        return { ...plan, revokedByHand: "open the settings of the service and revoke it" }
      },
    })
    const [first = ""] = far.ids
    await tick()
    await clock.advance(`${GRACE}ms`)
    for (let round = 0; round < 2; round++) {
      expect(await tick()).toMatchObject({
        happened: "awaits",
        state: "retiring",
        problem: { kind: "awaits", hint: "open the settings of the service and revoke it" },
      })
      await clock.advance("30s")
    }
    far.remove({ id: first })
    await clock.advance("2m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
  })
})

describe("A plan that waits for a person", () => {
  it("holds nothing up, says what it waits for, and begins when that is there", async () => {
    let waiting: string | undefined = "make a new token under Settings"
    const asked: FarCall[] = []
    const { far, tick, clock, rotator, events, journal } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        awaits: async ({ name, current }) => {
          expect(name).toBe(NAME)
          expect(far.accepts(String(current?.value))).toBe(true)
          asked.push("awaits")
          return waiting
        },
      }),
    })
    expect(await tick()).toMatchObject({
      happened: "awaits",
      moved: false,
      state: "idle",
      problem: {
        kind: "awaits",
        hint: "make a new token under Settings",
        command: `latchkey rotate ${NAME}`,
      },
    })
    expect(await journal()).toBeUndefined()
    expect(far.calls).toEqual([])
    expect(rotator.health()).toMatchObject({
      status: "degraded",
      rotations: [{ problems: [{ kind: "awaits" }] }],
    })
    expect(events).toContainEqual(
      expect.objectContaining({ type: "awaits", what: "make a new token under Settings" }),
    )
    waiting = undefined
    await clock.advance("1m")
    expect(await tick()).toMatchObject({ state: "promoted" })
    expect(rotator.health()).toMatchObject({ status: "ok" })
    expect(asked).toHaveLength(2)
  })
})
