import { describe, expect, it, onTestFinished } from "vitest"
import { type MemoryStore, memory } from "../../../providers/memory/index.ts"
import type { PromoteOptions, RotationLedger, SecretStore } from "../../../src/core/index.ts"
import { configuredRotation, keyringKey, Rotator } from "../../../src/rotation/index.ts"
import { readKeySet } from "../../../src/rotation/keyring/set.ts"
import { checkedFakeClock } from "../../support/clock.ts"
import { NAME } from "./scene.ts"

const MINUTE = 60_000
/** Published for 31 minutes, and an old key is good for 92. */
const consumers = { ttl: "10m", maxStale: "20m", callTimeout: "1m", tokenLifetime: "1h" } as const
const { signal } = new AbortController()

/** A store that changes the secret and the journal in one step, as where both stand on one object. */
function inOneStep(store: MemoryStore): SecretStore {
  const ledger = store.rotation()
  const { journals } = ledger
  if (journals === undefined) throw new Error("the ledger keeps no journals")
  const promote = async (name: string, options: PromoteOptions) => {
    const promoted = await ledger.promote(name, options)
    const journal = options.journal(promoted)
    await journals.save(name, journal, { signal: options.signal, expectSeq: journal.seq - 1 })
    return { ...promoted, journaled: true }
  }
  return { ...store, rotation: (): RotationLedger => ({ ...ledger, promote }) }
}

describe.each([
  ["writes the journal after the secret", (store: MemoryStore): SecretStore => store],
  ["changes both in one step", inOneStep],
])("a keyring on a store that %s", (_how, on) => {
  function scene() {
    const clock = checkedFakeClock()
    const store = on(memory({}, { clock }))
    const plan = keyringKey({ consumers, clock })
    const rotator = new Rotator({ store, clock, random: () => 0.5, rotations: { [NAME]: { plan } } })
    onTestFinished(async () => await rotator.close())
    const set = async () => readKeySet((await store.read(NAME, { signal })).value)
    return { clock, rotator, set }
  }

  it("publishes a new key for the whole propagation before it is promoted, and then keeps the old one for the grace", async () => {
    const { clock, rotator, set } = scene()
    await rotator.rotate(NAME)
    await clock.advance("93m")
    await rotator.tick()
    const { current: first } = await set()
    await rotator.rotate(NAME)
    const begun = clock.monotonic()
    const seen: [string, number][] = []
    for (let state = "published"; state !== "idle"; ) {
      const { current, keys } = await set()
      state = (await rotator.status(NAME)).state ?? ""
      expect([keys.length, current === first]).toEqual([state === "idle" ? 1 : 2, state === "published"])
      if (seen.at(-1)?.[0] !== state) seen.push([state, Math.round((clock.monotonic() - begun) / MINUTE)])
      await clock.advance("1m")
      await rotator.tick()
    }
    expect(seen).toEqual([
      ["published", 0],
      ["promoted", 31],
      ["idle", 31 + 92],
    ])
  })
})

it("keeps an old key for as long as its tokens live where only the configuration says how long that is", async () => {
  const clock = checkedFakeClock()
  const store = memory({}, { clock })
  const rotation = configuredRotation(keyringKey({ consumers, clock }), {
    rotation: { enabled: true, interval: "24h" },
    expiration: "8h",
  })
  const rotator = new Rotator({ store, clock, random: () => 0.5, rotations: { [NAME]: rotation } })
  onTestFinished(async () => await rotator.close())
  const set = async () => readKeySet((await store.read(NAME, { signal })).value)
  await rotator.tick()
  await clock.advance("9h")
  await rotator.tick()
  const begun = clock.wall()
  await rotator.rotate(NAME)
  await clock.advance("31m")
  await rotator.tick()
  // The grace is 8 hours now, beside the 32 minutes in which somebody may still sign with it.
  const grace = (8 * 60 + 32) * MINUTE
  expect((await set()).keys[1]).toMatchObject({ notAfter: begun + 31 * MINUTE + grace, overlap: grace })
})
