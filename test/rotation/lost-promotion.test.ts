import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { dotenv } from "../../providers/dotenv/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { type RotationLedger, type StoreWith, systemClock } from "../../src/core/index.ts"
import { assisted, type RotationPlan, Rotator } from "../../src/rotation/index.ts"
import { faulty } from "../../src/testing/index.ts"
import { newCanary } from "../support/canary.ts"
import { FarSide, generatedPlan } from "./support/far-side.ts"

const NAME = "tally/api-token"
const CONSUMERS = { ttl: "1s", maxStale: "0s", callTimeout: "1s", tokenLifetime: "0s" } as const

type Rotatable = StoreWith<"write" | "rotation">

/** A store with one secret that the far side accepts, and a Rotator on a clock that can be put forward. */
async function setting(make: (first: string) => Promise<Rotatable>, plan: (far: FarSide) => RotationPlan) {
  let passed = 0
  const far = new FarSide(newCanary().text)
  const first = far.newValue()
  far.add(first)
  const store = faulty(await make(first))
  const clock = {
    ...systemClock,
    wall: () => systemClock.wall() + passed,
    monotonic: () => systemClock.monotonic() + passed,
  }
  const rotator = new Rotator({
    store,
    rotations: { [NAME]: { plan: plan(far), schedule: { interval: "24h" } } },
    clock,
  })
  onTestFinished(() => rotator.close())
  const loseNext = () => store.faults.fail("rotation.promote", "UNAVAILABLE", { when: "after", times: 1 })
  const later = async () => {
    passed += 600_000
    const [outcome] = (await rotator.tick()).outcomes
    if (outcome === undefined) throw new Error("nothing was looked at")
    return outcome
  }
  const value = async () => String((await store.read(NAME, { signal: new AbortController().signal })).value)
  return { far, first, store, rotator, loseNext, later, value }
}

async function dotenvOf(first: string): Promise<Rotatable> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-lost-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, ".env"), `TALLY__API_TOKEN=${first}\n`)
  return dotenv(join(folder, ".env"))
}

const memoryOf = async (first: string): Promise<Rotatable> => memory({ [NAME]: first })

/** A plan whose far side knows credentials by their values alone. */
function withoutIds(far: FarSide): RotationPlan {
  const { identify: _, ...plan } = generatedPlan(far, { consumers: CONSUMERS, settling: "0s" })
  return { ...plan, create: async () => ({ value: far.newValue() }) }
}

const STORES = { "a .env": dotenvOf, memory: memoryOf }

describe.each(Object.entries(STORES))("A promotion whose answer was lost, in %s", (_, make) => {
  it("is followed by the end of the old credential, though nothing but its value tells it", async () => {
    const { far, loseNext, later, rotator, value } = await setting(make, withoutIds)
    // The first one is a person's, and left to that person.
    await rotator.rotate(NAME)
    await later()
    const old = await value()
    far.calls.length = 0
    loseNext()
    expect((await rotator.rotate(NAME)).happened).toBe("failed")
    expect(await value()).not.toBe(old)
    expect(await later()).toMatchObject({ happened: "waiting", state: "promoted" })
    const last = await later()
    expect(last).toMatchObject({ happened: "rotated", state: "idle" })
    expect(last.notices).toBeUndefined()
    expect(far.accepts(old)).toBe(false)
    expect(far.calls.filter(call => call === "verifyOld")).toHaveLength(1)
  })

  it("can be gone back from, as any other", async () => {
    const { first, loseNext, later, rotator, value } = await setting(make, withoutIds)
    loseNext()
    await rotator.rotate(NAME)
    expect(await later()).toMatchObject({ state: "promoted" })
    expect(await rotator.rollback(NAME)).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(await value()).toBe(first)
  })

  it("is told to the person who has to end the old credential, and waits until it is dead", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-token-"))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, "new-token")
    const { far, first, loseNext, later, rotator } = await setting(make, far =>
      assisted({
        input: { file },
        howToMake: "make one",
        howToRevoke: "end the old one in the settings",
        consumers: CONSUMERS,
        settling: "0s",
        verify: async token => (far.accepts(token) ? "works" : "refused"),
      }),
    )
    const made = far.newValue()
    far.add(made)
    await writeFile(file, made)
    loseNext()
    await rotator.rotate(NAME)
    expect(await later()).toMatchObject({ state: "promoted" })
    const waits = await later()
    expect(waits).toMatchObject({ happened: "awaits", state: "retiring" })
    expect(waits.problem?.hint).toContain("end the old one in the settings")
    far.remove({ value: first })
    expect(await later()).toMatchObject({ happened: "rotated", state: "idle" })
    expect(await readFile(file, "utf8")).toBe(made)
  })
})

describe("An old credential that nobody can tell any more", () => {
  it("is left to a person, and that is said", async () => {
    const { far, first, rotator, later } = await setting(async value => {
      const inner = memory({ [NAME]: value })
      // What was there before is neither kept nor readable.
      const ledger = (): RotationLedger => {
        const own = inner.rotation()
        const promote: RotationLedger["promote"] = async (name, options) => {
          const { version, journaled } = await own.promote(name, options)
          return { version, journaled }
        }
        return { ...own, promote, former: async () => undefined }
      }
      const read: Rotatable["read"] = async (name, { version, signal }) => {
        const now = await inner.read(name, { signal })
        if (version === undefined || version === now.version) return now
        return await inner.read(name, { signal, version: "none" })
      }
      return { ...inner, read, rotation: ledger }
    }, withoutIds)
    expect(await rotator.rotate(NAME)).toMatchObject({ happened: "waiting", state: "promoted" })
    expect(await later()).toMatchObject({
      happened: "rotated",
      notices: [{ about: "old-left-to-person" }],
    })
    expect(far.accepts(first)).toBe(true)
  })
})
