import { afterEach, describe, expect, it } from "vitest"
import type { RotationLedger, SecretStore } from "../../src/core/index.ts"
import { generatedKey, type RotationEvent, Rotator } from "../../src/rotation/index.ts"
import { load, NAME, scene } from "../providers/gcp/rotation/scene.ts"
import { calm } from "../providers/gcp/support.ts"
import { rotated } from "./support/rotated.ts"

const consumers = { ttl: "1ms", maxStale: "0s", callTimeout: "1ms", tokenLifetime: "0s" } as const

describe("On a store that promotes without a condition, a value that a stopped replica writes late", () => {
  const open: Rotator[] = []
  afterEach(async () => {
    await Promise.all(open.splice(0).map(rotator => rotator.close()))
  })

  const rotatorOf = (store: SecretStore): { rotator: Rotator; events: RotationEvent[] } => {
    const events: RotationEvent[] = []
    const plan = generatedKey({ consumers, bytes: 16, encoding: "hex" })
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
})
