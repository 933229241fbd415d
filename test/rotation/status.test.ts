import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { type RotationEvent, Rotator } from "../../src/rotation/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { failureOf } from "../support/rig.ts"
import { FarSide, GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, scene, whileTimeGoesOn } from "./support/scene.ts"

const signal = new AbortController().signal

describe("Events", () => {
  it("tell every change of state and every step, with the rotation and the time, and no value", async () => {
    const { events, tick, clock, canary, journal } = await scene({ plan: far => mintedPlan(far) })
    const start = clock.wall()
    await tick()
    const { rotationId } = (await journal()) ?? {}
    await clock.advance(`${GRACE}ms`)
    await tick()
    const moves = events.flatMap(event => (event.type === "moved" ? [`${event.from} > ${event.to}`] : []))
    expect(moves).toEqual([
      "idle > claimed",
      "claimed > minting",
      "minting > parked",
      "parked > applied",
      "applied > verified",
      "verified > promoted",
      "promoted > retiring",
      "retiring > idle",
    ])
    const steps = new Set(events.flatMap(event => (event.type === "step" ? [event.step] : [])))
    for (const step of [
      "load",
      "check",
      "main",
      "list",
      "mint",
      "park",
      "verify",
      "promote",
      "save",
      "revoke",
      "verifyOld",
      "discard",
    ]) {
      expect(steps).toContain(step)
    }
    expect(events.every(event => event.name === NAME && event.at.getTime() >= start)).toBe(true)
    expect(
      events.filter(event => event.type === "moved").every(event => event.rotationId === rotationId),
    ).toBe(true)
    expect(events.some(event => event.type === "waiting" && event.until.getTime() === start + GRACE)).toBe(
      true,
    )
    canary.watch(events)
  })

  it("are told to each listener until it ends, and cannot be changed", async () => {
    const { rotator, tick, clock } = await scene({ plan: far => generatedPlan(far) })
    const told: RotationEvent[] = []
    const listener = (event: RotationEvent) => void told.push(event)
    const first = rotator.on(listener)
    const second = rotator.on(listener)
    await tick()
    const once = told.length
    expect(once % 2).toBe(0)
    expect(Object.isFrozen(told[0])).toBe(true)
    first[Symbol.dispose]()
    await clock.advance("1m")
    await tick()
    const more = told.length - once
    expect(more).toBeGreaterThan(0)
    second[Symbol.dispose]()
    await tick()
    expect(told.length - once).toBe(more)
  })

  it("harm nobody when a listener throws, at once or later, and that is counted", async () => {
    const { rotator, tick, events, canary } = await scene({ plan: far => generatedPlan(far) })
    rotator.on(() => {
      throw new Error(canary.text)
    })
    rotator.on((async () => {
      throw new Error(canary.text)
    }) as () => void)
    expect(await tick()).toMatchObject({ happened: "waiting", state: "promoted" })
    await new Promise(resolve => setImmediate(resolve))
    expect(rotator.health().listenerFailures).toBe(2 * events.length)
    expect(() => rotator.on("moved" as never)).toThrow(/on\(\) was given no function/)
  })
})

describe("health()", () => {
  it("knows nothing before the first look, and asks nobody", async () => {
    const { rotator, store } = await scene({ plan: far => generatedPlan(far) })
    expect(rotator.health()).toEqual({
      status: "ok",
      store: "memory:",
      listenerFailures: 0,
      rotations: [
        { name: NAME, state: undefined, scheduled: true, overdue: false, attempts: 0, problems: [] },
      ],
    })
    expect(store.calls.count()).toBe(0)
  })

  it("says what is due, and until when it waits", async () => {
    const { rotator, tick, clock } = await scene({
      plan: far => generatedPlan(far),
      rotation: { jitter: "0%" },
    })
    await tick()
    const promoted = clock.wall()
    expect(rotator.health().rotations).toEqual([
      {
        name: NAME,
        state: "promoted",
        rotationId: expect.any(String),
        scheduled: true,
        due: new Date(promoted + 86_400_000),
        overdue: false,
        waitingUntil: new Date(promoted + GRACE),
        lastPromoted: new Date(promoted),
        attempts: 0,
        problems: [],
      },
    ])
  })

  it("says what is overdue, with the command that helps", async () => {
    const { rotator, tick, clock, store } = await scene({
      plan: far => generatedPlan(far),
      rotation: { jitter: "0%" },
    })
    await tick()
    await clock.advance("66m")
    await tick()
    await clock.advance("23h")
    expect(rotator.health()).toMatchObject({ status: "ok" })
    await clock.advance("66m")
    const [overdue] = rotator.health().rotations
    expect(rotator.health().status).toBe("degraded")
    expect(overdue).toMatchObject({
      overdue: true,
      problems: [{ kind: "overdue", command: `latchkey rotate ${NAME}`, hint: expect.any(String) }],
    })
    // What keeps it from being rotated stands before.
    store.faults.fail("rotation.check", "DENIED")
    await tick()
    expect(rotator.health().rotations[0]?.problems.map(({ kind }) => kind)).toEqual(["failed", "overdue"])
  })

  it("says that a retirement is overdue", async () => {
    const { rotator, tick, clock } = await scene({ plan: far => generatedPlan(far) })
    await tick()
    await clock.advance("9h")
    expect(rotator.health().rotations[0]).toMatchObject({
      overdue: true,
      problems: [
        { kind: "overdue", message: expect.stringContaining("old credential may still be accepted") },
      ],
    })
  })

  it("says that a value expires before it is rotated, and that it has expired", async () => {
    const { rotator, store, clock, done } = await scene({
      plan: far => generatedPlan(far),
      rotation: { first: "in-turn", jitter: "0%" },
    })
    const expiresAt = new Date(clock.wall() + 20 * 3_600_000)
    await store.write(NAME, "a-value-that-expires", { signal, expiresAt })
    await done(rotator.tick())
    expect(rotator.health().rotations[0]).toMatchObject({
      expires: expiresAt,
      problems: [{ kind: "near-expiry", message: expect.stringContaining("expires before it is rotated") }],
    })
    await clock.advance("21h")
    expect(rotator.health().rotations[0]?.problems).toMatchObject([{ message: "the value has expired" }])
    await done(rotator.rotate(NAME))
    await done(rotator.tick())
    expect((await rotator.status(NAME)).expires).toBeUndefined()
  })

  it("says that a value which nobody rotates on schedule expires within a week", async () => {
    const { rotator, store, clock, done } = await scene({
      plan: far => generatedPlan(far),
      rotation: { schedule: undefined } as object,
    })
    const expiresAt = new Date(clock.wall() + 8 * 86_400_000)
    await store.write(NAME, "a-value-that-expires", { signal, expiresAt })
    await done(rotator.tick())
    expect(rotator.health().status).toBe("ok")
    await clock.advance("25h")
    expect(rotator.health().rotations[0]?.problems).toMatchObject([{ kind: "near-expiry" }])
  })

  it("says that a clock is wrong, or was", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    await s.tick()
    await s.clock.advance("66m")
    await s.tick()
    s.clock.setWall(new Date(s.clock.wall() - 30 * 86_400_000))
    const other = s.replica()
    await s.done(other.status(NAME))
    expect((await other.status(NAME)).problems).toMatchObject([
      { kind: "clock", hint: expect.stringContaining("set it right"), command: `latchkey rotate ${NAME}` },
    ])
  })

  it("quotes names that a shell would take apart", async () => {
    const clock = checkedFakeClock()
    const far = new FarSide("value")
    const name = "my token's; rm -rf"
    const store = memory({ [name]: far.newValue() }, { clock })
    const rotator = new Rotator({
      store,
      rotations: {
        [name]: { plan: { ...generatedPlan(far), apply: async () => Promise.reject(new Error("no")) } },
      },
      clock,
    })
    const outcome = await whileTimeGoesOn(clock, rotator.rotate(name))
    expect(outcome.problem?.command).toBe("latchkey rotate 'my token'\\''s; rm -rf'")
    await rotator.close()
  })
})

describe("status()", () => {
  it("reads the journals as they are now, also those that another process writes", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const other = s.replica()
    await s.tick(other)
    expect(s.rotator.health().rotations[0]?.state).toBeUndefined()
    expect(await s.rotator.status(NAME)).toMatchObject({ state: "promoted", lastPromoted: expect.any(Date) })
    expect(await s.rotator.status()).toMatchObject([{ name: NAME, state: "promoted" }])
    await expect(s.rotator.status("other/name")).rejects.toMatchObject({ code: "MISCONFIGURED" })
  })

  it("changes nothing, waits for nobody, and tells what fails", async () => {
    const { rotator, store, done } = await scene({ plan: far => generatedPlan(far) })
    await rotator.status()
    expect(store.calls.count("rotation.save") + store.calls.count("rotation.check")).toBe(0)
    store.faults.fail("rotation.load", "DENIED", { times: 1 })
    expect(await rotator.status(NAME)).toMatchObject({
      state: undefined,
      problems: [{ kind: "failed", error: { code: "DENIED", secret: NAME } }],
    })
    const ticking = (() => {
      store.faults.hang("rotation.park")
      return rotator.tick()
    })()
    await new Promise(resolve => setImmediate(resolve))
    expect(await rotator.status(NAME)).toMatchObject({ state: "claimed", heldUntil: expect.any(Date) })
    await done(ticking)
    await store.faults.heal()
  })

  it("says why it is blocked, and with which command to go on", async () => {
    const { rotator, store, tick, clock } = await scene({ plan: far => generatedPlan(far) })
    await tick()
    await store.write(NAME, "what-a-person-wrote", { signal })
    await clock.advance("66m")
    await tick()
    expect(await rotator.status(NAME)).toMatchObject({
      state: "blocked",
      problems: [{ kind: "blocked", reason: "changed-by-hand", command: `latchkey rotate ${NAME} --abort` }],
    })
  })
})

describe("dryRun()", () => {
  it("says what would happen and with which permissions, asks what changes nothing, and changes nothing", async () => {
    const { rotator, store, far, done, value, journal } = await scene({
      plan: far => mintedPlan(far, { needs: ["tokens:create", "tokens:revoke"] }),
    })
    const before = await value()
    const dryRun = await done(rotator.dryRun(NAME))
    expect(dryRun).toMatchObject({
      name: NAME,
      ok: true,
      needs: ["tokens:create", "tokens:revoke"],
      status: { name: NAME, state: "idle" },
    })
    expect(dryRun.permissions).toEqual(store.rotation().permissions(NAME))
    expect(dryRun.steps).toEqual([
      "writes down that this process rotates the secret; whoever else wants to waits",
      "has the far side make a new credential, by mint of the plan",
      "keeps it in the store beside the secret, where no reader sees it",
      "sees that the far side accepts it, by verify of the plan; where it is refused, it is removed again",
      "makes it the current version of the secret, if nobody has changed that meanwhile",
      "waits 3935s until nobody uses the old one any more",
      "ends the old one, by revoke of the plan, and sees that it is refused, by verifyOld",
      "removes what it kept beside the secret",
    ])
    expect(dryRun.checks).toEqual([
      { what: "the journal can be read" },
      { what: "the store can carry a rotation of this secret" },
      { what: "the secret can be read" },
      { what: "the far side lists what was made there: 1" },
      { what: "the plan can verify, and the credential in use works" },
      { what: "no person has to do anything first" },
    ])
    expect(await value()).toBe(before)
    expect(await journal()).toBeUndefined()
    expect(far.calls.toSorted()).toEqual(["list", "verify"])
    for (const change of ["save", "park", "promote", "discard"] as const) {
      expect(store.calls.count(`rotation.${change}`)).toBe(0)
    }
  })

  it("says what is left of a rotation that is on its way, and nothing of one that is blocked", async () => {
    const { rotator, tick, clock, store, done } = await scene({ plan: far => generatedPlan(far) })
    await tick()
    expect((await done(rotator.dryRun(NAME))).steps).toEqual([
      "waits 3935s until nobody uses the old one any more",
      "ends the old one, by revoke of the plan, and sees that it is refused, by verifyOld",
      "removes what it kept beside the secret",
    ])
    await store.write(NAME, "what-a-person-wrote", { signal })
    await clock.advance("66m")
    await tick()
    const blocked = await done(rotator.dryRun(NAME))
    expect(blocked.steps).toEqual([])
    expect(blocked.status.problems).toMatchObject([{ kind: "blocked" }])
  })

  it("tells every check that fails, and goes on with the others", async () => {
    const { rotator, store, far, done, canary } = await scene({ plan: far => mintedPlan(far) })
    store.faults.fail("rotation.check", "MISCONFIGURED")
    far.before = () => {
      throw new Error(canary.text)
    }
    const dryRun = canary.watch(await done(rotator.dryRun(NAME)))
    expect(dryRun.ok).toBe(false)
    expect(dryRun.checks.map(({ what, error }) => [what, error?.code])).toEqual([
      ["the journal can be read", undefined],
      ["the store cannot carry a rotation of this secret", "MISCONFIGURED"],
      ["the secret can be read", undefined],
      ["the far side does not list what was made there", "UNAVAILABLE"],
      ["the plan cannot verify", "UNAVAILABLE"],
      ["no person has to do anything first", undefined],
    ])
  })

  it("says of a secret that is not there that it would be made, and what a person has to do first", async () => {
    const { rotator, done } = await scene({
      plan: far => ({ ...generatedPlan(far), awaits: async () => "make a token" }),
      empty: true,
    })
    const dryRun = await done(rotator.dryRun(NAME))
    expect(dryRun.checks).toContainEqual({ what: "there is no such secret yet: the first rotation makes it" })
    expect(dryRun.steps[0]).toBe("waits for a person: make a token")
  })

  it("shows a published set, a fence and what only a person can end", async () => {
    const { rotator, done } = await scene({
      plan: far => {
        const { revoke: _, verifyOld: __, apply, ...plan } = generatedPlan(far)
        return {
          ...plan,
          ...(apply === undefined ? {} : { apply }),
          overlap: false,
          fenced: true,
          publish: (current, candidate) => `${current}+${candidate}`,
        }
      },
    })
    const { steps } = await done(rotator.dryRun(NAME))
    expect(steps).toContain("publishes it for checking, and waits 3930s")
    expect(steps).toContain("ends nothing at the far side: the plan has no revoke")
    expect(steps.join()).toContain("it is applied again, and then a person is asked")
  })

  it("is refused for a name that has no rotation", async () => {
    const { rotator } = await scene({ plan: far => generatedPlan(far) })
    expect(await failureOf(() => rotator.dryRun("other/name"))).toMatchObject({ code: "MISCONFIGURED" })
  })
})

it("Nothing that a Rotator shows of itself holds a value", async () => {
  const canary = newCanary()
  const { rotator, tick } = await scene({ plan: far => mintedPlan(far) })
  canary.watch(await tick(), rotator.health(), await rotator.status(), rotator)
})
