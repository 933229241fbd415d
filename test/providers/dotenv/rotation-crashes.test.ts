import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { describe, expect, it } from "vitest"
import type { RotationJournal, RotationLedger } from "../../../src/core/index.ts"
import { calm, errorOf, reveal } from "../calls.ts"
import { type Dying, dyingAt } from "../file-system.ts"
import { oldFile } from "../files.ts"

// The process ends before each of the changes that a call makes on disk, in turn; the next one finds what it left.

const rotationId = "0123456789abcdef"
const value = "the candidate"

const journal = (seq: number): RotationJournal => ({
  schema: 1,
  seq,
  state: "parked",
  owner: `nonce ${seq}`,
  leaseUntil: 1,
  attempt: 0,
})

interface Scene {
  readonly ledger: RotationLedger
  readonly base: string
}

interface Step {
  /** What was done before the call. */
  before?(scene: Scene): Promise<unknown>
  call(scene: Scene): Promise<unknown>
  /** What the next process finds, and what becomes of the same call when it makes it again. */
  after(scene: Scene): Promise<void>
}

const save = async ({ ledger }: Scene, seq: number): Promise<void> =>
  await ledger.journals?.save("a", journal(seq), { ...calm, expectSeq: seq - 1 })
const park = async ({ ledger }: Scene) => await ledger.park("a", { ...calm, rotationId, value })
const discard = async ({ ledger }: Scene) => await ledger.discard("a", { ...calm, rotationId })
const promote = async ({ ledger, base }: Scene) =>
  await ledger.promote("a", { ...calm, rotationId, value, expectBase: base, journal: () => journal(1) })

const saving = (seq: number): Pick<Step, "call" | "after"> => ({
  call: async scene => await save(scene, seq),
  async after(scene) {
    const found = (await scene.ledger.journals?.load("a", calm))?.journal
    if (found?.seq === seq) expect((await errorOf(save(scene, seq))).code).toBe("CONFLICT")
    else {
      expect(found).toEqual(seq === 1 ? undefined : journal(seq - 1))
      await save(scene, seq)
    }
    expect((await scene.ledger.journals?.load("a", calm))?.journal).toEqual(journal(seq))
  },
})

const STEPS: Readonly<Record<string, Step>> = {
  "the first journal is written": saving(1),
  "a journal is changed": { before: async scene => await save(scene, 1), ...saving(2) },
  "a candidate is parked": {
    call: park,
    async after(scene) {
      const kept = await scene.ledger.kept("a", { ...calm, rotationId })
      expect([undefined, value]).toContain(kept?.value)
      expect((await park(scene)).mine).toBe(true)
      expect((await scene.ledger.kept("a", { ...calm, rotationId }))?.value).toBe(value)
    },
  },
  "a candidate is promoted": {
    before: park,
    call: promote,
    async after(scene) {
      const now = (await scene.ledger.current?.("a", calm))?.value
      if (now === value) expect((await errorOf(promote(scene))).code).toBe("CONFLICT")
      else {
        expect(now).toBe("1")
        await promote(scene)
      }
      expect((await scene.ledger.current?.("a", calm))?.value).toBe(value)
      const reference = `former/${rotationId}/${scene.base}`
      expect((await scene.ledger.kept("a", { ...calm, rotationId, reference }))?.value).toBe("1")
    },
  },
  "a candidate is discarded": {
    before: async scene => {
      await park(scene)
      await promote(scene)
    },
    call: discard,
    async after(scene) {
      await discard(scene)
      expect(await scene.ledger.kept("a", { ...calm, rotationId })).toBeUndefined()
      const reference = `former/${rotationId}/${scene.base}`
      expect(await scene.ledger.kept("a", { ...calm, rotationId, reference })).toBeUndefined()
      expect((await scene.ledger.current?.("a", calm))?.value).toBe(value)
    },
  },
}

/** Takes the locks of a process that has ended for what they are: this test goes on under the same number. */
async function certifyDeath(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.endsWith(".lock")) continue
    const lock = join(dirname(path), name)
    const said = await readFile(lock, "utf8")
    if (said !== "") await writeFile(lock, JSON.stringify({ ...JSON.parse(said), started: "0" }))
    // Nobody knows whose a lock is that says nothing, so it has to grow old.
    else await utimes(lock, 0, 0)
  }
}

/** Lets a step's process end at a place, and says whether it came so far. */
async function endAt(step: Step, place: number): Promise<boolean> {
  const path = await oldFile("# head\nA=1\nB=2\n")
  const first = dotenv(path).rotation()
  const base = (await first.current?.("a", calm))?.version ?? ""
  await step.before?.({ ledger: first, base })

  const process: Dying = dyingAt(place)
  const outcome = await step.call({ ledger: dotenv(path).rotation(), base }).then(
    () => "done",
    () => "failed",
  )
  process.bury()
  expect(outcome).toBe(process.isDead ? "failed" : "done")
  await certifyDeath(path)

  const store = dotenv(path)
  expect(["1", value]).toContain(await reveal(store, "a"))
  const ledger = store.rotation()
  await step.after({ ledger, base })
  expect(await readFile(path, "utf8")).toMatch(/^# head\nA=(?:1|"?'?the candidate'?"?)\nB=2\n$/)
  // Both locks are taken once more, and with them goes what lay beside.
  await store.write("b", "3", calm)
  await ledger.park("a", { ...calm, rotationId: "another", value: "x" })
  expect((await readdir(dirname(path))).sort()).toEqual([".env", ".env.latchkey"])
  expect((await stat(`${path}.latchkey`)).mode & 0o777).toBe(0o600)
  return process.isDead
}

describe("a process that rotates in a .env, and ends in the middle", () => {
  for (const [name, step] of Object.entries(STEPS)) {
    it(`leaves what the next one can go on from, while ${name}`, async () => {
      let places = 0
      while (await endAt(step, places)) places++
      // A lock, its content, the new file, its mode, its content, the disk, the replacement, the lock again.
      expect(places).toBeGreaterThanOrEqual(8)
    })
  }
})
