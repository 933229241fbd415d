import { afterEach, describe, expect, it } from "vitest"
import type { RotationLedger, SecretStore } from "../../src/core/index.ts"
import {
  generatedKey,
  keyringKey,
  type RotationEvent,
  type RotationPlan,
  Rotator,
} from "../../src/rotation/index.ts"
import { load, NAME, scene } from "../providers/gcp/rotation/scene.ts"
import { calm } from "../providers/gcp/support.ts"
import { rotated } from "./support/rotated.ts"

/** Of programs that may have a value for hours. */
const PATIENT = { ttl: "1h", maxStale: "1h", callTimeout: "1s", tokenLifetime: "0s" } as const

const consumers = { ttl: "1ms", maxStale: "0s", callTimeout: "1ms", tokenLifetime: "0s" } as const

describe("On a store that promotes without a condition, a value that a stopped replica writes late", () => {
  const open: Rotator[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map(rotator => rotator.close()))
  })

  const rotatorOf = (
    store: SecretStore,
    plan: RotationPlan = generatedKey({ consumers, bytes: 16, encoding: "hex" }),
  ): { rotator: Rotator; events: RotationEvent[] } => {
    const events: RotationEvent[] = []
    const rotator = new Rotator({ store, rotations: { [NAME]: { plan } } })
    rotator.on(event => events.push(event))
    open.push(rotator)
    return { rotator, events }
  }

  /** Rotated to the end, and then the same rotation's write arrives once more, with the value that was retired. */
  const overtaken = async (store: SecretStore, ledger: RotationLedger, rotator: Rotator): Promise<string> => {
    await rotated(rotator, NAME)
    const { journal } = { journal: await load(ledger) }
    if (journal?.rotationId === undefined || journal.promotedVersion === undefined)
      throw new Error("nothing was promoted")
    const good = String((await store.read(NAME, calm)).value)
    const { rotationId, promotedVersion: expectBase } = journal
    await ledger.promote(NAME, {
      ...calm,
      rotationId,
      value: "the first value",
      expectBase,
      journal: () => journal,
    })
    expect(String((await store.read(NAME, calm)).value)).toBe("the first value")
    return good
  }

  it("is put right by the next one who looks, and rotations go on", async () => {
    const { store, ledger } = await scene({ version: "latest" })
    const { rotator, events } = rotatorOf(store)
    const good = await overtaken(store, ledger, rotator)
    await rotator.tick()
    expect(String((await store.read(NAME, calm)).value)).toBe(good)
    expect(events).toContainEqual(expect.objectContaining({ type: "notice", notice: { about: "repaired" } }))
    await rotated(rotator, NAME)
    expect(String((await store.read(NAME, calm)).value)).not.toBe(good)
  })

  describe.each([
    ["promoted", generatedKey],
    ["published", keyringKey],
  ] as const)("while the next rotation is %s", (state, planOf) => {
    /** A rotation that waits, after one that came to its end; and what that one was called. */
    const waiting = async () => {
      const { store, ledger, put } = await scene({ version: "latest" })
      await rotated(rotatorOf(store, planOf({ consumers, settling: "0s" })).rotator, NAME)
      const { rotationId = "" } = (await load(ledger)) ?? {}
      const { rotator, events } = rotatorOf(store, planOf({ consumers: PATIENT, settling: "0s" }))
      expect(await rotator.rotate(NAME)).toMatchObject({ happened: "waiting", state })
      const read = async () => await store.read(NAME, calm)
      return { store, ledger, put, rotator, events, rotationId, read }
    }

    it("is put right by the next one who looks, and the rotation goes on waiting", async () => {
      const { ledger, rotator, events, rotationId, read } = await waiting()
      const good = await read()
      const before = await load(ledger)
      const journal = () => ({ ...before, seq: 0 }) as never
      const late = { rotationId, value: "an older value", expectBase: good.version, journal }
      await ledger.promote(NAME, { ...calm, ...late })
      expect((await read()).value).toBe("an older value")

      expect(await rotator.tick()).toMatchObject({ outcomes: [{ happened: "waiting", state }] })
      expect((await read()).value).toEqual(good.value)
      expect(events).toContainEqual(
        expect.objectContaining({ type: "notice", notice: { about: "repaired" } }),
      )
      const after = await load(ledger)
      expect(after).toMatchObject({ state, notBefore: before?.notBefore, leaseUntil: 0 })
      // What is put right is not looked at as a change any more, and the end of the grace finds nothing strange.
      expect(await rotator.tick()).toMatchObject({ outcomes: [{ happened: "waiting", moved: false }] })
      expect(await rotator.rotate(NAME, { compromised: true })).toMatchObject({ happened: "rotated" })
    })

    it("is not taken for one, where a person has written: that person is asked at once", async () => {
      const { put, rotator, read } = await waiting()
      put("what a person has written")
      expect(await rotator.tick()).toMatchObject({ outcomes: [{ happened: "blocked" }] })
      expect((await read()).value).toBe("what a person has written")
      expect(await rotator.status(NAME)).toMatchObject({ state: "blocked" })
    })

    it("does not cover what a person has written before it: that person is asked", async () => {
      const { ledger, put, rotator, rotationId, read } = await waiting()
      put("what a person has written")
      const { version } = await read()
      const late = { rotationId, value: "an older value", expectBase: version, journal: () => ({}) as never }
      await ledger.promote(NAME, { ...calm, ...late })
      expect(await rotator.tick()).toMatchObject({ outcomes: [{ happened: "blocked" }] })
    })
  })
})
