import { describe, expect, it } from "vitest"
import { type RotationJournal, SecretError } from "../../src/core/index.ts"
import type { Credential } from "../../src/rotation/index.ts"
import { failureOf, gate, never } from "../support/rig.ts"
import { GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, type Scene, scene } from "./support/scene.ts"
import { tellingTime } from "./support/telling-time.ts"

const signal = new AbortController().signal

describe("A candidate that can be no new credential", () => {
  it.each<[string, (current: string) => unknown, RegExp]>([
    ["empty", () => ({ value: "" }), /the new credential is empty/],
    ["short", () => ({ value: "1234567" }), /shorter than 8 characters/],
    ["the one in use", current => ({ value: current }), /is the one in use/],
    ["the one in use, as bytes", current => ({ value: Buffer.from(current) }), /is the one in use/],
    ["nothing at all", () => undefined, /the plan made no credential/],
    ["no text", () => ({ value: 12345678 }), /the plan made no credential/],
  ])("(%s) is refused, and the one in use stays", async (_, made, message) => {
    const { tick, value, far, journal, clock } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        create: async ({ current }) => made(String(current?.value)) as Credential,
      }),
    })
    const before = await value()
    expect(await tick()).toMatchObject({
      happened: "failed",
      state: "claimed",
      problem: {
        kind: "failed",
        error: { code: "INVALID_VALUE", secret: NAME, message: expect.stringMatching(message) },
      },
    })
    expect(await value()).toBe(before)
    expect(far.calls).not.toContain("apply")
    expect(await journal()).toMatchObject({ state: "claimed" })
    // And again, as often as it is tried.
    await clock.advance("2m")
    expect(await tick()).toMatchObject({ happened: "failed", state: "claimed" })
    expect(await value()).toBe(before)
  })

  it("that the far side made is removed again by the next attempt", async () => {
    let short = true
    const { tick, far, clock } = await scene({
      plan: far => {
        const plan = mintedPlan(far)
        return {
          ...plan,
          mint: async context => {
            const made = await plan.mint(context)
            return short ? { ...made, value: "short" } : made
          },
        }
      },
    })
    expect(await tick()).toMatchObject({ happened: "failed", state: "minting" })
    expect(far.ids).toHaveLength(2)
    short = false
    await clock.advance("5m")
    expect(await tick()).toMatchObject({ state: "promoted" })
    expect(far.ids).toHaveLength(2)
  })

  it("that the far side refuses is discarded, and another one is made after a pause that grows", async () => {
    let typo = true
    const { tick, far, value, clock, events, rotator } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        verify: async ({ value }) => (typo || !far.accepts(String(value)) ? "refused" : "works"),
      }),
    })
    const before = await value()
    const pauses: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      const outcome = await tick()
      expect(outcome).toMatchObject({
        happened: "failed",
        state: "idle",
        problem: { kind: "failed", command: `latchkey rotate ${NAME} --impatient` },
      })
      expect(await value()).toBe(before)
      expect(far.ids).toEqual([far.idOf(String(before))])
      const pause = (outcome.next?.getTime() ?? 0) - clock.wall()
      pauses.push(pause)
      await clock.advance(`${pause - 1_000}ms`)
      expect(await tick()).toMatchObject({ happened: "waiting", moved: false, problem: { kind: "failed" } })
      expect(rotator.health()).toMatchObject({ status: "degraded", rotations: [{ attempts: attempt + 1 }] })
      await clock.advance("1s")
    }
    expect(pauses[0]).toBeGreaterThan(40_000)
    expect(pauses[0]).toBeLessThan(80_000)
    expect(pauses[2]).toBeGreaterThan((pauses[0] ?? 0) * 2)
    expect(events).toContainEqual(
      expect.objectContaining({ type: "notice", notice: { about: "candidate-refused", attempt: 0 } }),
    )
    typo = false
    expect(await tick()).toMatchObject({ state: "promoted", happened: "waiting" })
    expect(rotator.health()).toMatchObject({ status: "ok" })
  })

  it("is tried again at once by whoever is impatient", async () => {
    let refuses = true
    const { done, rotator, far } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        verify: async ({ value }) => (refuses || !far.accepts(String(value)) ? "refused" : "works"),
      }),
    })
    expect(await done(rotator.rotate(NAME))).toMatchObject({ happened: "failed" })
    refuses = false
    expect(await done(rotator.rotate(NAME))).toMatchObject({ happened: "waiting", state: "idle" })
    expect(await done(rotator.rotate(NAME, { impatient: true }))).toMatchObject({ state: "promoted" })
    expect(far.calls.filter(call => call === "create")).toHaveLength(2)
  })

  it("counts as refused only after several tries: what was just made may not be known everywhere", async () => {
    let known = 0
    const { tick } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        verify: async () => {
          known += 1
          if (known === 1) throw new Error("connection refused")
          return known < 3 ? "refused" : "works"
        },
      }),
    })
    expect(await tick()).toMatchObject({ state: "promoted" })
    expect(known).toBe(3)
  })
})

describe("What a plan throws", () => {
  it.each([
    [
      "an error of somebody else",
      (text: string) => Object.assign(new TypeError(text), { code: "ECONNRESET", token: text }),
      /apply of the plan failed \(TypeError, ECONNRESET\)/,
    ],
    [
      "a code of PostgreSQL",
      (text: string) => Object.assign(new Error(text), { code: "28P01" }),
      /\(Error, 28P01\)/,
    ],
    ["a status", (text: string) => Object.assign(new Error(text), { status: 503 }), /\(Error, 503\)/],
    [
      "a code that could be anything",
      (text: string) => Object.assign(new Error(text), { code: text }),
      /\(Error\)/,
    ],
    ["a text", (text: string) => text, /\(string\)/],
    ["null", () => null, /\(object\)/],
    [
      "what can only be thrown",
      () =>
        new Proxy(
          {},
          {
            get: () => {
              throw new Error("no")
            },
            getPrototypeOf: () => {
              throw new Error("no")
            },
          },
        ),
      /\(object\)/,
    ],
  ])("(%s) is told by its class and nothing else", async (_, thrown, message) => {
    const { tick, canary, events } = await scene({
      plan: (far, canary) => ({
        ...generatedPlan(far),
        apply: async () => {
          throw thrown(canary.text)
        },
      }),
    })
    const outcome = await tick()
    expect(outcome).toMatchObject({
      happened: "failed",
      state: "parked",
      problem: { error: { code: "UNAVAILABLE", secret: NAME, message: expect.stringMatching(message) } },
    })
    expect(outcome.problem?.error?.cause).toBeUndefined()
    expect(events.at(-1)).toMatchObject({ type: "failed", step: "apply", retryAt: expect.any(Date) })
    canary.watch(outcome.problem, outcome.problem?.error)
  })

  it("is passed on where it is a SecretError, with the pause that it asks for", async () => {
    const { tick, clock } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        apply: async () => {
          throw new SecretError("THROTTLED", { message: "too many", retryAfterMs: 900_000 })
        },
      }),
    })
    const outcome = await tick()
    expect(outcome.problem?.error).toMatchObject({ code: "THROTTLED", secret: NAME })
    expect((outcome.next?.getTime() ?? 0) - clock.wall()).toBe(900_000)
  })

  it("synchronously, before it gives a promise, is a failure like any other", async () => {
    const { tick } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        apply: () => {
          throw new RangeError("at once")
        },
      }),
    })
    expect(await tick()).toMatchObject({
      happened: "failed",
      problem: { error: { message: expect.stringContaining("RangeError") } },
    })
  })

  it.each([
    ["verify", "maybe", /verify of the plan gave something else than "works" or "refused"/],
    ["listMinted", [{ name: "no id" }], /listMinted of the plan gave something else/],
    ["identify", "", /identify of the plan gave something else/],
  ])("or gives instead of what was asked for is refused: %s", async (method, answer, message) => {
    const { tick } = await scene({ plan: far => ({ ...mintedPlan(far), [method]: async () => answer }) })
    expect(await tick()).toMatchObject({
      happened: "failed",
      problem: { error: { code: "INVALID_VALUE", message: expect.stringMatching(message) } },
    })
  })

  it("in publish is told by its class, because it was given the values", async () => {
    const { tick, value } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        publish: (current, candidate) => {
          throw new SyntaxError(`cannot add ${candidate} to ${current}`)
        },
      }),
    })
    const before = await value()
    expect(await tick()).toMatchObject({
      happened: "failed",
      state: "verified",
      problem: {
        error: {
          code: "INVALID_VALUE",
          message: expect.stringContaining("publish of the plan failed (SyntaxError)"),
        },
      },
    })
    expect(await value()).toBe(before)
  })
})

describe("A step that takes too long", () => {
  it("is given up, also where the plan looks at no signal, and is begun again after a pause", async () => {
    let hangs = true
    const { tick, clock, far, canary } = await scene({
      plan: far => {
        const plan = generatedPlan(far, { deadlines: { apply: "7s" } })
        return {
          ...plan,
          apply: async (candidate, context) => {
            if (hangs) await never()
            await plan.apply?.(candidate, context)
          },
        }
      },
    })
    const before = clock.wall()
    const outcome = await tick()
    expect(clock.wall() - before).toBe(7_000)
    expect(outcome).toMatchObject({
      happened: "failed",
      problem: {
        error: { code: "TIMEOUT", message: expect.stringContaining("apply of the plan took longer than 7s") },
      },
    })
    canary.watch(outcome.problem?.error)
    hangs = false
    await clock.advance("2m")
    expect(await tick()).toMatchObject({ state: "promoted" })
    expect(far.ids).toHaveLength(2)
  })

  it("aborts the signal that the plan was given", async () => {
    const { tick } = await scene({
      plan: far => ({
        ...generatedPlan(far),
        apply: async (_, { signal }) =>
          await new Promise((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason)),
          ),
      }),
    })
    expect(await tick()).toMatchObject({ happened: "failed", problem: { error: { code: "TIMEOUT" } } })
  })

  it("of the store as well", async () => {
    const { tick, clock, store } = await scene({ plan: far => generatedPlan(far), callTimeout: "3s" })
    store.faults.hang("rotation.park", { deaf: true })
    const before = clock.wall()
    expect(await tick()).toMatchObject({
      happened: "failed",
      problem: {
        error: {
          code: "TIMEOUT",
          message: expect.stringContaining("keeping the candidate took longer than 3s"),
        },
      },
    })
    expect(clock.wall() - before).toBe(3_000)
    await store.faults.heal()
  })
})

describe("A failing secret", () => {
  it("is left alone for a while that grows, however often somebody comes by, and at once by a person", async () => {
    const { tick, clock, store, done, rotator } = await scene({ plan: far => generatedPlan(far) })
    store.faults.fail("rotation.load", "UNAVAILABLE")
    const pauses: number[] = []
    for (let failures = 1; failures <= 8; failures++) {
      const { happened, next, state } = await tick()
      expect(happened).toBe("failed")
      expect(state).toBeUndefined()
      const pause = (next?.getTime() ?? 0) - clock.wall()
      pauses.push(pause)
      const calls = store.calls.count()
      await clock.advance(`${pause - 1}ms`)
      expect(await tick()).toMatchObject({ happened: "failed", problem: { error: { code: "UNAVAILABLE" } } })
      expect(store.calls.count()).toBe(calls)
      await clock.advance("1ms")
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map(minutes => minutes * 60_000))
    await store.faults.heal()
    expect(await done(rotator.rotate(NAME))).toMatchObject({ state: "promoted" })
    expect(rotator.health()).toMatchObject({ status: "ok" })
  })
})

describe("A journal", () => {
  const journal: RotationJournal = {
    schema: 1,
    seq: 1,
    state: "idle",
    owner: "somebody",
    leaseUntil: 0,
    attempt: 0,
  }

  it.each<[string, object, string]>([
    ["of a newer release", { ...journal, schema: 2 }, "UNSUPPORTED"],
    ["that is garbled", { ...journal, state: "sleeping" }, "INVALID_VALUE"],
    ["with a field that nobody knows", { ...journal, more: true }, "INVALID_VALUE"],
  ])("%s is not touched, nor is the secret", async (_, written, code) => {
    const { tick, store, value, far, done, rotator } = await scene({ plan: far => generatedPlan(far) })
    await store.rotation().journals?.save(NAME, written as RotationJournal, { signal, expectSeq: 0 })
    const before = await value()
    expect(await tick()).toMatchObject({
      happened: "failed",
      moved: false,
      problem: { error: { code, secret: NAME, hint: expect.any(String) } },
    })
    expect(await done(rotator.rotate(NAME))).toMatchObject({
      happened: "failed",
      problem: { error: { code } },
    })
    expect(await value()).toBe(before)
    expect(far.calls).toEqual([])
    expect(store.calls.count("rotation.save")).toBe(1)
  })
})

describe("A store that has something against it", () => {
  it("is not rotated in, and says why", async () => {
    const { tick, store, value, clock } = await scene({ plan: far => generatedPlan(far) })
    const fault = store.faults.fail(
      "rotation.check",
      new SecretError("MISCONFIGURED", { message: "the service rotates it itself", hint: "switch that off" }),
    )
    const before = await value()
    expect(await tick()).toMatchObject({
      happened: "failed",
      state: "idle",
      moved: false,
      problem: { hint: "switch that off", error: { code: "MISCONFIGURED", secret: NAME } },
    })
    expect(await value()).toBe(before)
    fault.end()
    await clock.advance("2m")
    expect(await tick()).toMatchObject({ state: "promoted" })
  })
})

describe("A caller who leaves", () => {
  it("waits for no turn that has not begun, and the next call goes on from there", async () => {
    const leaving = new AbortController()
    const { rotator, done, far, journal, tick, value } = await scene({ plan: far => mintedPlan(far) })
    const before = await value()
    rotator.on(event => {
      if (event.type === "moved" && event.to === "parked") leaving.abort()
    })
    const error = await failureOf(done(rotator.tick({ signal: leaving.signal })))
    expect(error.code).toBe("ABORTED")
    expect(await journal()).toMatchObject({ state: "parked" })
    expect(await value()).toBe(before)
    expect(far.ids).toHaveLength(2)
    expect(await tick()).toMatchObject({ state: "promoted" })
    expect(far.calls.filter(call => call === "mint")).toHaveLength(1)
  })

  it("lets a credential that is being made come to be written down", async () => {
    const leaving = new AbortController()
    const made = gate()
    const { rotator, done, far, journal } = await scene({ plan: far => mintedPlan(far) })
    far.after = async call => {
      if (call !== "mint") return
      leaving.abort()
      setImmediate(() => made.open())
      await made.promise
    }
    expect(await failureOf(done(rotator.rotate(NAME, { signal: leaving.signal })))).toMatchObject({
      code: "ABORTED",
    })
    expect(await journal()).toMatchObject({ state: "parked" })
  })

  it("waits no longer than five seconds for what hangs, and then leaves it", async () => {
    const leaving = new AbortController()
    const { rotator, done, far, clock, tick, journal } = await scene({ plan: far => mintedPlan(far) })
    far.before = async call => {
      if (call !== "mint") return
      leaving.abort()
      await never()
    }
    const before = clock.wall()
    expect(await failureOf(done(rotator.rotate(NAME, { signal: leaving.signal })))).toMatchObject({
      code: "ABORTED",
    })
    expect(clock.wall() - before).toBe(5_000)
    expect(await journal()).toMatchObject({ state: "minting" })
    expect(rotator.health()).toMatchObject({ status: "ok" })
    far.before = undefined
    expect(await tick()).toMatchObject({ state: "promoted" })
    expect(far.ids).toHaveLength(2)
  })

  it("who has left before asks for nothing", async () => {
    const { rotator, store } = await scene({ plan: far => mintedPlan(far) })
    const gone = AbortSignal.abort()
    for (const call of [
      () => rotator.tick({ signal: gone }),
      () => rotator.rotate(NAME, { signal: gone }),
      () => rotator.abort(NAME, { signal: gone }),
      () => rotator.status(NAME, { signal: gone }),
      () => rotator.status(undefined, { signal: gone }),
      () => rotator.dryRun(NAME, { signal: gone }),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: "ABORTED" })
    }
    expect(store.calls.count()).toBe(0)
  })

  it("who waits for another call to end leaves the queue, and nobody else with it", async () => {
    const leaving = new AbortController()
    const opened = gate()
    const { rotator, done, far } = await scene({ plan: far => mintedPlan(far) })
    far.before = async call => {
      if (call === "mint") await opened.promise
    }
    const first = rotator.tick()
    const second = rotator.rotate(NAME, { signal: leaving.signal })
    const third = rotator.rotate(NAME)
    await new Promise(resolve => setImmediate(resolve))
    leaving.abort()
    expect(await failureOf(second)).toMatchObject({ code: "ABORTED" })
    opened.open()
    expect((await done(first)).outcomes[0]).toMatchObject({ state: "promoted" })
    expect(await done(third)).toMatchObject({ happened: "waiting", state: "promoted" })
  })
})

describe("A clock that is set forward", () => {
  const ahead = async ({ clock }: Pick<Scene, "clock">, milliseconds: number) => {
    clock.setWall(new Date(clock.wall() + milliseconds))
    await clock.settle()
  }

  it("ends no grace of a process that has seen it begin, however often that looks", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    const old = String(await s.value())
    expect(await s.tick()).toMatchObject({ happened: "waiting", state: "promoted" })
    await ahead(s, 10 * GRACE)
    for (let look = 0; look < 3; look++) {
      const outcome = await s.tick()
      expect(outcome).toMatchObject({ happened: "waiting", state: "promoted" })
      // It says when, by the clock as it is now.
      const left = (outcome.next?.getTime() ?? 0) - s.clock.wall()
      expect(left).toBeGreaterThan(0)
      expect(left).toBeLessThanOrEqual(GRACE)
    }
    expect(s.far.accepts(old)).toBe(true)
    await s.clock.advance(`${GRACE}ms`)
    expect(await s.tick()).toMatchObject({ happened: "rotated", state: "idle" })
  })

  it("ends it where the store tells the time: by that clock the grace was long enough", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z")
    const s = await scene({ plan: far => generatedPlan(far) })
    const timed = s.replica({ store: tellingTime(s.store, () => now) })
    expect(await s.tick(timed)).toMatchObject({ happened: "waiting", state: "promoted" })
    now += GRACE + 1
    expect(await s.tick(timed)).toMatchObject({ happened: "rotated", state: "idle" })
  })

  it("puts off no person who goes back or is in haste", async () => {
    const s = await scene({ plan: far => generatedPlan(far) })
    await s.tick()
    await ahead(s, GRACE / 2)
    expect(await s.done(s.rotator.rotate(NAME, { compromised: true }))).toMatchObject({ happened: "rotated" })
  })
})

describe("close()", () => {
  it("in the middle of a turn lets it come to its end, and the next process goes on", async () => {
    const opened = gate()
    const s = await scene({ plan: far => mintedPlan(far) })
    s.far.before = async call => {
      if (call === "mint") await opened.promise
    }
    const ticking = failureOf(s.rotator.tick())
    await s.clock.settle()
    const closing = s.rotator.close()
    opened.open()
    expect(await s.done(ticking)).toMatchObject({ code: "CLOSED" })
    await s.done(closing)
    expect(await s.journal()).toMatchObject({ state: "parked" })
    await s.clock.advance("5m")
    expect(await s.tick(s.replica())).toMatchObject({ state: "promoted" })
    expect(s.far.ids).toHaveLength(2)
  })

  it("ends what hangs after five seconds", async () => {
    const s = await scene({ plan: far => mintedPlan(far) })
    s.far.before = async call => {
      if (call === "mint") await never()
    }
    const ticking = failureOf(s.rotator.tick())
    await s.clock.settle()
    const before = s.clock.wall()
    await s.done(s.rotator.close())
    expect(s.clock.wall() - before).toBeLessThanOrEqual(5_250)
    expect(await ticking).toMatchObject({ code: "CLOSED" })
  })

  it("may be called twice, and everything after it is refused but health()", async () => {
    const { rotator, store } = await scene({ plan: far => mintedPlan(far) })
    await Promise.all([rotator.close(), rotator.close()])
    await rotator[Symbol.asyncDispose]()
    for (const call of [
      () => rotator.tick(),
      () => rotator.run(new AbortController().signal),
      () => rotator.rotate(NAME),
      () => rotator.rollback(NAME),
      () => rotator.resume(NAME),
      () => rotator.abort(NAME),
      () => rotator.status(),
      () => rotator.dryRun(NAME),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: "CLOSED" })
    }
    expect(rotator.health()).toMatchObject({ status: "ok" })
    expect(store.calls.count()).toBe(0)
  })
})
