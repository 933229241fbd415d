import { describe, expect, it } from "vitest"
import { memory } from "../../providers/memory/index.ts"
import { Rotator } from "../../src/rotation/index.ts"
import { Secrets } from "../../src/secrets/index.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { CONSUMERS, FarSide, GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { NAME, scene, whileTimeGoesOn } from "./support/scene.ts"

describe("A rotation", () => {
  it("of a value that is made here goes from its beginning to the grace, and after it to its end", async () => {
    const { rotator, far, clock, tick, value, journal } = await scene({ plan: far => generatedPlan(far) })
    const old = await value()
    const begun = await tick()
    expect(begun).toMatchObject({ name: NAME, happened: "waiting", moved: true, state: "promoted" })
    expect(begun.next?.getTime()).toBe(clock.wall() + GRACE)
    const current = await value()
    expect(current).not.toBe(old)
    expect(far.accepts(String(old)) && far.accepts(String(current))).toBe(true)

    await clock.advance("65m")
    expect(await tick()).toMatchObject({ happened: "waiting", moved: false })
    expect(far.accepts(String(old))).toBe(true)

    await clock.advance("35s")
    expect(await tick()).toMatchObject({ happened: "rotated", state: "idle" })
    expect(far.accepts(String(old))).toBe(false)
    expect(await value()).toBe(current)
    expect(await journal()).toMatchObject({ state: "idle", leaseUntil: 0, attempt: 0 })
    expect(await tick()).toMatchObject({ happened: "nothing", moved: false })
    expect(rotator.health()).toMatchObject({ status: "ok" })
  })

  it("of a value that the far side makes goes the same way, and leaves one credential behind", async () => {
    const { far, clock, tick, value } = await scene({ plan: far => mintedPlan(far) })
    const [first] = far.ids
    await tick()
    expect(far.ids).toHaveLength(2)
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(far.ids).toHaveLength(1)
    expect(far.ids).not.toContain(first)
    expect(far.accepts(String(await value()))).toBe(true)
  })

  it("without a far side asks nobody", async () => {
    const { far, clock, tick, value } = await scene({
      plan: far => ({
        kind: "generated",
        overlap: true,
        consumers: CONSUMERS,
        create: async () => ({ value: far.newValue() }),
        verify: async () => "works",
      }),
    })
    const old = await value()
    await tick()
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(await value()).not.toBe(old)
    expect(far.calls).toEqual([])
  })

  it("without an overlap applies the new one with a fence that grows, and revokes nothing that is in use", async () => {
    const fences: number[] = []
    const { far, clock, tick, value } = await scene({
      plan: far => {
        const { revoke: _, verifyOld: __, identify: ___, ...plan } = generatedPlan(far)
        return {
          ...plan,
          overlap: false,
          fenced: true,
          apply: async (candidate, context) => {
            fences.push(context.fence)
            if (context.current !== undefined) far.remove(context.current)
            await plan.apply?.(candidate, context)
          },
        }
      },
    })
    for (let round = 0; round < 3; round++) {
      await tick()
      expect(far.accepts(String(await value()))).toBe(true)
      expect(far.ids).toHaveLength(1)
      await clock.advance("24h")
    }
    expect(fences).toHaveLength(3)
    expect(fences).toEqual(fences.toSorted((one, other) => one - other))
  })

  it("of a set of keys publishes the new one first, and uses it after the propagation", async () => {
    const { clock, tick, value } = await scene({
      plan: far => ({
        kind: "generated",
        overlap: true,
        consumers: CONSUMERS,
        create: async () => ({ value: far.newValue() }),
        publish: (current, candidate) => `${current}+${candidate}`,
        verify: async () => "works",
      }),
    })
    const old = await value()
    expect(await tick()).toMatchObject({ happened: "waiting", state: "published" })
    const published = await value()
    expect(published?.startsWith(`${old}+`)).toBe(true)
    await clock.advance("65m")
    expect(await tick()).toMatchObject({ happened: "waiting", state: "published" })
    await clock.advance("31s")
    expect(await tick()).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(`${old}+${await value()}`).toBe(published)
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
  })

  it("is followed by the next one in one go where somebody comes by once a day", async () => {
    const { far, clock, tick, value } = await scene({ plan: far => mintedPlan(far) })
    const values = new Set([await value()])
    for (let day = 0; day < 5; day++) {
      expect(await tick()).toMatchObject({ happened: "waiting", state: "promoted" })
      expect(far.ids).toHaveLength(2)
      values.add(await value())
      await clock.advance("24h")
    }
    expect(values.size).toBe(6)
  })

  it("makes a secret that was not there", async () => {
    const { far, clock, tick, value } = await scene({ plan: far => mintedPlan(far), empty: true })
    await tick()
    expect(far.accepts(String(await value()))).toBe(true)
    await clock.advance("66m")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(far.ids).toHaveLength(1)
  })

  it("hands the plan what it needs: the name, the scopes, and a label that no other attempt has", async () => {
    const seen: unknown[] = []
    const { clock, tick, journal, value } = await scene({
      plan: far => {
        const plan = mintedPlan(far)
        return {
          ...plan,
          mint: async context => {
            const { current, signal, ...rest } = context
            seen.push({ ...rest, aborted: signal.aborted, current: current?.value })
            return await plan.mint(context)
          },
        }
      },
      rotation: { scopes: ["forms:read"] },
    })
    const old = await value()
    await tick()
    const { rotationId = "" } = (await journal()) ?? {}
    expect(rotationId).toMatch(/^[a-z0-9]{20,26}$/)
    const label = expect.stringMatching(new RegExp(`^latchkey:[a-z0-9]{13}:${rotationId}$`))
    expect(seen).toEqual([
      {
        name: NAME,
        compromised: false,
        rotationId,
        fence: expect.any(Number),
        label,
        scopes: ["forms:read"],
        grace: GRACE,
        propagation: 0,
        aborted: false,
        current: old,
      },
    ])
    await clock.advance("48h")
    await tick()
    expect(new Set(seen.map(each => (each as { label: string }).label)).size).toBe(2)
  })
})

describe("rotate()", () => {
  it("begins whether a rotation is due or not, also where there is no schedule or it is switched off", async () => {
    for (const rotation of [{ schedule: undefined }, { enabled: false }]) {
      const { rotator, done, tick, value } = await scene({
        plan: far => generatedPlan(far),
        rotation: rotation as object,
      })
      const old = await value()
      expect(await tick()).toMatchObject({ happened: "nothing" })
      expect(await value()).toBe(old)
      expect(await done(rotator.rotate(NAME))).toMatchObject({ happened: "waiting", state: "promoted" })
      expect(await value()).not.toBe(old)
    }
  })

  it("carries on what is on its way, and begins no other one after it", async () => {
    const { rotator, done, clock, far, value, store, tick } = await scene({ plan: far => generatedPlan(far) })
    store.faults.fail("rotation.promote", "UNAVAILABLE", { times: 1 })
    expect(await tick()).toMatchObject({ happened: "failed", state: "verified" })
    expect(await done(rotator.rotate(NAME))).toMatchObject({ happened: "waiting", state: "promoted" })
    const current = await value()
    await clock.advance("30m")
    expect(await done(rotator.rotate(NAME))).toMatchObject({ happened: "waiting", moved: false })
    expect(await value()).toBe(current)
    expect(far.calls.filter(call => call === "create")).toHaveLength(1)
  })

  it("rotates every time for whoever comes by once a day, and finds the last one at the end of its grace", async () => {
    const { done, clock, far, replica } = await scene({
      plan: far => generatedPlan(far),
      rotation: { schedule: undefined } as object,
    })
    for (let day = 1; day <= 3; day++) {
      const outcome = await done(replica().rotate(NAME))
      expect(outcome).toMatchObject({ happened: "waiting", state: "promoted" })
      expect(far.calls.filter(call => call === "create")).toHaveLength(day)
      expect(far.ids).toHaveLength(2)
      await clock.advance("24h")
    }
  })

  it("only sees that the old credential is dead where a person has to end it", async () => {
    const { rotator, done, clock, far, value } = await scene({
      plan: far => {
        const { revoke: _, ...plan } = generatedPlan(far)
        return { ...plan, revokedByHand: "end it in the settings" }
      },
    })
    const old = String(await value())
    await done(rotator.rotate(NAME))
    far.remove({ value: old })
    await clock.advance("2h")
    expect(await done(rotator.rotate(NAME))).toMatchObject({ happened: "rotated", state: "idle" })
    expect(far.calls.filter(call => call === "create")).toHaveLength(1)
  })

  it("tells whoever joined what became of the rotation, and not what the last call came to", async () => {
    const { rotator, done, far, clock } = await scene({
      plan: far =>
        generatedPlan(far, { consumers: { ...CONSUMERS, ttl: "1ms", maxStale: "0s", callTimeout: "1ms" } }),
      rotation: { schedule: undefined } as object,
    })
    await done(rotator.rotate(NAME))
    await clock.advance("1s")
    far.before = async () => await new Promise(resolve => setImmediate(resolve))
    const calls = [rotator.tick(), rotator.tick(), rotator.rotate(NAME)] as const
    const [first, second, joined] = await done(Promise.all(calls))
    expect(first.outcomes[0]).toMatchObject({ happened: "rotated" })
    expect(second.outcomes[0]).toMatchObject({ happened: "nothing" })
    expect(joined).toMatchObject({ happened: "rotated" })
  })

  it("joins the rotation that a tick has begun", async () => {
    const { rotator, done, far } = await scene({
      plan: far =>
        generatedPlan(far, { consumers: { ...CONSUMERS, ttl: "1ms", maxStale: "0s", callTimeout: "1ms" } }),
    })
    far.before = async () => await new Promise(resolve => setImmediate(resolve))
    const [report, outcome, second] = await done(
      Promise.all([rotator.tick(), rotator.rotate(NAME), rotator.rotate(NAME)]),
    )
    expect(report.outcomes[0]).toMatchObject({ happened: "waiting", state: "promoted" })
    expect([outcome.happened, second.happened]).toContain("waiting")
    expect(far.calls.filter(call => call === "create")).toHaveLength(1)
  })

  it("is refused for a name that has no rotation, with those that there are", async () => {
    const { rotator } = await scene({ plan: far => generatedPlan(far) })
    await expect(rotator.rotate("tally/api-tokn")).rejects.toMatchObject({
      code: "MISCONFIGURED",
      hint: `there are ${NAME}`,
    })
    await expect(rotator.rotate(NAME, { compromized: true } as object)).rejects.toMatchObject({
      code: "MISCONFIGURED",
    })
  })
})

describe("A Rotator of many secrets", () => {
  const names = Array.from({ length: 12 }, (_, index) => `service-${index + 10}/key`)

  function many(atOnce?: number) {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const far = new FarSide(canary.text)
    const store = memory(Object.fromEntries(names.map(name => [name, far.newValue()])), { clock })
    let [working, most] = [0, 0]
    far.before = async () => {
      working += 1
      most = Math.max(most, working)
      await new Promise(resolve => setImmediate(resolve))
    }
    far.after = () => {
      working -= 1
    }
    const { apply: _, identify: __, ...plan } = generatedPlan(far)
    const rotations = Object.fromEntries(
      names.map(name => [
        name,
        { plan: { ...plan, verify: async () => "works" as const }, schedule: { interval: "24h" as const } },
      ]),
    )
    const rotator = new Rotator({ store, rotations, clock, ...(atOnce === undefined ? {} : { atOnce }) })
    return { canary, clock, far, store, rotator, most: () => most }
  }

  it("works on so many at once and no more", async () => {
    for (const [atOnce, expected] of [
      [undefined, 4],
      [2, 2],
      [100, 12],
    ] as const) {
      const { rotator, clock, most } = many(atOnce)
      const report = await whileTimeGoesOn(clock, rotator.tick())
      expect(report.outcomes.map(({ name, state }) => `${name} ${state}`)).toEqual(
        names.map(name => `${name} promoted`),
      )
      expect(most()).toBe(expected)
      await rotator.close()
    }
  })

  it("lets no failing one harm another, and says which it was", async () => {
    const { rotator, clock, far, canary } = many()
    far.before = call => {
      if (call === "create" && far.calls.filter(each => each === "create").length === 3) {
        throw new Error(`no luck with ${canary.text}`)
      }
    }
    const report = canary.watch(await whileTimeGoesOn(clock, rotator.tick()))
    expect(report.ok).toBe(false)
    expect(report.outcomes.filter(({ happened }) => happened === "failed")).toHaveLength(1)
    expect(report.outcomes.filter(({ state }) => state === "promoted")).toHaveLength(11)
    expect(rotator.health()).toMatchObject({ status: "degraded" })
    await rotator.close()
  })

  it("looks at those alone that it is told of, each once, and knows when there is none of that name", async () => {
    const { rotator, clock, far } = many()
    const [first = "", second = ""] = names
    const look = rotator.tick({ names: [second, first, second] })
    const report = await whileTimeGoesOn(clock, look)
    expect(report.outcomes.map(({ name, state }) => `${name} ${state}`)).toEqual([
      `${second} promoted`,
      `${first} promoted`,
    ])
    const asked = far.calls.length
    await expect(rotator.tick({ names: [first, "no/such"] })).rejects.toMatchObject({ code: "MISCONFIGURED" })
    await expect(rotator.tick({ name: first } as object)).rejects.toMatchObject({ code: "MISCONFIGURED" })
    expect((await rotator.tick({ names: [] })).outcomes).toEqual([])
    expect(far.calls.length).toBe(asked)
    await rotator.close()
  })
})

describe("With Secrets", () => {
  it("the handles of this process show the new value as soon as it is promoted, and nothing else is read for that", async () => {
    const canary = newCanary()
    const clock = checkedFakeClock()
    const far = new FarSide(canary.text)
    const first = far.newValue()
    far.add(first)
    const store = memory({ [NAME]: first, "other/key": canary.text }, { clock })
    const secrets = new Secrets(store, { clock, ttl: "2h" })
    const handle = await secrets.get(NAME)
    const rotation = { plan: generatedPlan(far), schedule: { interval: "24h" as const } }
    const rotator = new Rotator({ secrets, rotations: { [NAME]: rotation, "other/key": rotation }, clock })
    await whileTimeGoesOn(clock, rotator.tick())
    expect(handle.reveal() === first).toBe(false)
    expect(far.accepts(handle.reveal())).toBe(true)
    expect(secrets.health().secrets.map(({ name }) => name)).toEqual([NAME])
    await rotator.close()
    await secrets.close()
  })

  it("a read that fails then is told, and fails nothing else", async () => {
    const { store, clock, rotator, far, canary } = await scene({ plan: far => generatedPlan(far) })
    const secrets = new Secrets(store, { clock, callTimeout: "1s" })
    await secrets.get(NAME)
    await rotator.close()
    const other = new Rotator({
      secrets,
      rotations: { [NAME]: { plan: generatedPlan(far), schedule: { interval: "24h" } } },
      clock,
    })
    const told: unknown[] = []
    other.on(event => {
      if (event.type === "moved" && event.to === "promoted")
        store.faults.fail(["read", "readMany"], "UNAVAILABLE")
      if (event.type === "failed") told.push(event)
    })
    const report = await whileTimeGoesOn(clock, other.tick())
    expect(report.outcomes[0]).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(told).toMatchObject([{ type: "failed", step: "refresh", error: { code: "UNAVAILABLE" } }])
    canary.watch(told)
    await other.close()
    await secrets.close()
  })
})
