import { generateKeyPairSync } from "node:crypto"
import { describe, expect, it } from "vitest"
import { checkCandidate, checkPlan } from "../../../src/rotation/check-plan.ts"
import { type KeyringKeyOptions, keyringKey } from "../../../src/rotation/keyring/index.ts"
import { readKeySet } from "../../../src/rotation/keyring/set.ts"
import type { Consumers, GeneratedPlan } from "../../../src/rotation/plan.ts"
import { newCanary } from "../../support/canary.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { failureOf } from "../../support/rig.ts"
import { makeContextOf, stepContext } from "../plans/contexts.ts"

const MINUTE = 60_000
const consumers: Consumers = { ttl: "10m", maxStale: "20m", callTimeout: "1m", tokenLifetime: "1h" }
/** 1.1 × 10 + 20 minutes. */
const PROPAGATION = 31 * MINUTE
/** The same, and a minute and an hour. */
const GRACE = 92 * MINUTE

function scene(more: Partial<KeyringKeyOptions> = {}) {
  const clock = checkedFakeClock()
  const plan = keyringKey({ consumers, clock, ...more })
  return {
    clock,
    plan,
    /** What the next rotation makes of what the secret holds. */
    async next(value?: string): Promise<string> {
      const current = value === undefined ? {} : { current: { value } }
      return String((await plan.create(makeContextOf(plan, current))).value)
    },
    published: (current: string, candidate: string) => String(plan.publish?.(current, candidate)),
  }
}

describe("keyringKey()", () => {
  it("makes the first set of one key, where there is no secret yet", async () => {
    const { plan } = scene()
    const made = await plan.create(makeContextOf(plan))
    const set = readKeySet(made.value)
    expect(set).toEqual({
      current: made.id,
      keys: [{ id: made.id, value: expect.stringMatching(/^[\w-]{43}$/) }],
    })
    expect(await plan.verify(made, stepContext())).toBe("works")
  })

  it("makes a set whose current key is new, and in which the one before has an end", async () => {
    const { clock, next } = scene()
    const first = await next()
    const second = readKeySet(await next(first))
    const [newest, old] = second.keys
    expect(second.current).toBe(newest?.id)
    expect(newest).toEqual({ id: expect.stringMatching(/^[\w-]{22}$/), value: expect.any(String) })
    expect(old).toEqual({
      ...readKeySet(first).keys[0],
      notAfter: clock.wall() + PROPAGATION + GRACE,
      overlap: GRACE,
    })
  })

  it("takes the grace and the propagation of the plan where they are longer than the least", async () => {
    const { clock, next } = scene({ grace: "5h", propagation: "1h" })
    const [, old] = readKeySet(await next(await next())).keys
    expect(old).toMatchObject({ notAfter: clock.wall() + 6 * 60 * MINUTE, overlap: 5 * 60 * MINUTE })
  })

  it("adopts a plain key under a fixed id", async () => {
    const { next, plan } = scene()
    const set = readKeySet(await next("a-key-from-before"))
    expect(set.keys[1]).toMatchObject({ id: "initial", value: "a-key-from-before", overlap: GRACE })
    expect(await plan.identify?.("a-key-from-before", stepContext())).toBe("initial")
  })

  it("publishes the same keys with the one before as the current one, which then has no end", async () => {
    const { next, published } = scene()
    const first = await next()
    const second = await next(first)
    const { current, keys } = readKeySet(published(first, second))
    expect(current).toBe(readKeySet(first).current)
    expect(keys.map(({ id }) => id)).toEqual(readKeySet(second).keys.map(({ id }) => id))
    expect(keys[1]).toEqual(readKeySet(first).keys[0])
  })

  it("publishes the same text however often it is asked, also when it is published already", async () => {
    const { next, published, clock } = scene()
    const first = await next("a-key-from-before")
    const second = await next(first)
    const text = published(first, second)
    await clock.advance("3d")
    expect(published(first, second)).toBe(text)
    expect(published(text, second)).toBe(text)
  })

  it("makes nothing up where the secret was changed in mid-rotation: the candidate, which is then refused", async () => {
    const { next, published } = scene()
    const candidate = await next(await next())
    for (const strange of ["a key of somebody else", await next(), '{"current":', ""])
      expect(published(strange, candidate)).toBe(candidate)
  })

  it("drops the keys that have ended, and no other one, when it makes the next set", async () => {
    const { clock, next } = scene()
    const first = await next()
    const second = await next(first)
    await clock.advance("2h")
    // Two minutes before the end: an abandoned rotation is followed by another one at once.
    const third = readKeySet(await next(second))
    expect(third.keys.map(({ id }) => id).slice(1)).toEqual([
      readKeySet(second).current,
      readKeySet(first).current,
    ])
    await clock.advance("4m")
    const fourth = readKeySet(await next(second))
    expect(fourth.keys.map(({ id }) => id).slice(1)).toEqual([readKeySet(second).current])
  })

  it("gives a key that was put back, and one that was only published, an end when the next one is made", async () => {
    const { clock, next, published } = scene()
    const first = await next()
    const second = await next(first)
    const putBack = published(first, second)
    await clock.advance("10d")
    const ending = { notAfter: clock.wall() + PROPAGATION + GRACE, overlap: GRACE }
    const [, ...others] = readKeySet(await next(putBack)).keys
    expect(others).toEqual(readKeySet(putBack).keys.map(key => ({ ...key, ...ending })))
  })

  it("keeps the current key, whatever end somebody gave it by hand", async () => {
    const { clock, next } = scene()
    const byHand = `{"current":"a","keys":[{"id":"a","value":"by-hand","notAfter":"2025-12-31T00:00:00Z","overlap":"1s"}]}`
    expect(readKeySet(await next(byHand)).keys[1]).toEqual({
      id: "a",
      value: "by-hand",
      notAfter: clock.wall() + PROPAGATION + GRACE,
      overlap: GRACE,
    })
  })

  it("says of a set that was put back that it works, whatever the form of its key", async () => {
    const { plan, next, published } = scene({ bytes: 64 })
    const putBack = published("short", await next("short"))
    expect(await plan.verify({ value: putBack }, stepContext())).toBe("works")
  })

  it.each([
    ["cut off", (text: string) => text.slice(0, -9)],
    ["with a new key of another form", (text: string) => text.replace(/("value":")./, "$1")],
    ["empty", () => ""],
  ])("refuses a candidate that came back %s", async (_how, damage) => {
    const { plan, next } = scene()
    expect(await plan.verify({ value: damage(await next()) }, stepContext())).toBe("refused")
  })

  it("refuses to make a set from one that is garbled, and quotes nothing of it", async () => {
    const canary = newCanary()
    const { next, plan } = scene()
    const garbled = `{"current":"a","keys":[{"id":"a","value":"${canary.text}"`
    expect(canary.watch(await failureOf(next(garbled)))).toMatchObject({ code: "INVALID_VALUE" })
    const identify = async () => await plan.identify?.(garbled, stepContext())
    expect(canary.watch(await failureOf(identify))).toMatchObject({ code: "INVALID_VALUE" })
  })

  describe("with keys that are made", () => {
    const pem = () =>
      String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }))

    it("takes them as they are, under ids of its own", async () => {
      const { plan, next } = scene({ make: pem })
      const text = await next(await next())
      expect(readKeySet(text).keys.map(({ value }) => value.split("\n")[0])).toEqual(
        Array(2).fill("-----BEGIN PRIVATE KEY-----"),
      )
      expect(await plan.verify({ value: text }, stepContext())).toBe("works")
    })

    it("asks whether the new one works, with a signal", async () => {
      const asked: string[] = []
      const check = async (value: string, { signal }: { signal: AbortSignal }) => {
        asked.push(value)
        return !signal.aborted && asked.length === 1
      }
      const { plan, next } = scene({ make: pem, check })
      const value = await next()
      expect(await plan.verify({ value }, stepContext())).toBe("works")
      expect(await plan.verify({ value }, stepContext())).toBe("refused")
      expect(asked).toEqual(Array(2).fill(readKeySet(value).keys[0]?.value))
    })

    it.each([
      ["nothing", undefined, /made no key/],
      ["an empty text", "", /made no key/],
      ["bytes", new Uint8Array(32), /made no key/],
      ["the key that is in use", "in-use", /in the set already/],
    ])("refuses %s", async (_what, made, message) => {
      const { next } = scene({ make: async () => made as string })
      expect(await failureOf(next("in-use"))).toMatchObject({
        code: "INVALID_VALUE",
        message: expect.stringMatching(message),
      })
    })

    it("refuses a key that is still good for checking, too", async () => {
      const keys = ["key-a", "key-b", "key-a"]
      const { next } = scene({ make: () => keys.shift() ?? "" })
      const second = await next(await next())
      expect(await failureOf(next(second))).toMatchObject({ code: "INVALID_VALUE" })
    })
  })

  it("is a plan that the Rotator takes, and makes candidates that it takes", async () => {
    const plans: GeneratedPlan[] = [
      keyringKey({ consumers }),
      keyringKey({ consumers, alphabet: "0123456789abcdef", grace: "5h", propagation: "1h" }),
      keyringKey({ consumers, make: () => "made", check: () => true, deadlines: { make: "20s" } }),
    ]
    for (const plan of plans) {
      expect(() => checkPlan("auth/jwt-key", plan, { lease: 2 * MINUTE })).not.toThrow()
      const current = { value: "a-key-from-before" }
      const made = await plan.create(makeContextOf(plan, { current }))
      expect(() => checkCandidate(made, current)).not.toThrow()
    }
  })

  it.each([
    ["an unknown option", { byts: 32 }, /an option "byts" that does not exist/],
    ["both a form and make", { bytes: 32, make: () => "" }, /both make and the form/],
    ["a key of bytes", { encoding: "bytes" }, /a set of keys is text/],
    ["a short key", { bytes: 8 }, /bytes of keyringKey\(\)/],
    ["a make that is no function", { make: "key" }, /make of keyringKey\(\) was given no function/],
    ["a check that is no function", { check: true }, /check of keyringKey\(\) was given no function/],
  ])("refuses %s", (_what, options, message) => {
    expect(() => keyringKey({ consumers, ...(options as object) })).toThrow(message)
  })
})
