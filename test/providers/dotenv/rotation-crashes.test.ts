import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { describe, expect, it } from "vitest"
import type { RotationJournal, RotationLedger } from "../../../src/core/index.ts"
import { calm, errorOf, reveal } from "../calls.ts"
import { failingAt } from "../file-system.ts"
import { oldFile } from "../files.ts"

// Each of the changes that a call makes on disk fails in turn, alone or because the process has ended; the next process
// finds what that left.

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
  /** Whether nothing was kept beside the file before. */
  readonly fresh?: boolean
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
  "the key of the versions is made": {
    fresh: true,
    call: async ({ ledger }) => await ledger.current?.("a", calm),
    async after({ ledger }) {
      const current = await ledger.current?.("a", calm)
      expect(current?.value).toBe("1")
      expect(await ledger.current?.("a", calm)).toEqual(current)
    },
  },
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

/**
 * Takes the locks of a process that has ended for what they are: this test goes on under the same number. One is left as
 * well where just its removal fails.
 */
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

/** Lets a step fail at a place, and says whether it came so far. */
async function failAt(step: Step, place: number, rest: "fail" | "work"): Promise<boolean> {
  const path = await oldFile("# head\nA=1\nB=2\n")
  const first = dotenv(path).rotation()
  const base = step.fresh === true ? "" : ((await first.current?.("a", calm))?.version ?? "")
  await step.before?.({ ledger: first, base })

  const disk = failingAt(place, rest)
  const outcome: unknown = await step.call({ ledger: dotenv(path).rotation(), base }).then(
    () => "done",
    (thrown: unknown) => thrown,
  )
  disk.heal()
  if (disk.hasFailed) expect(outcome).toMatchObject({ code: "UNAVAILABLE", secret: "a" })
  else expect(outcome).toBe("done")
  if (rest === "work" && (await inFolder(path)).every(name => !name.endsWith(".lock")))
    expect(await inFolder(path)).not.toContainEqual(expect.stringContaining(".tmp"))
  await certifyDeath(path)

  const store = dotenv(path)
  expect(["1", value]).toContain(await reveal(store, "a"))
  const ledger = store.rotation()
  await step.after({ ledger, base })
  expect(await readFile(path, "utf8")).toMatch(/^# head\nA=(?:1|"?'?the candidate'?"?)\nB=2\n$/)
  // Both locks are taken once more, and with them goes what lay beside.
  await store.write("b", "3", calm)
  await ledger.park("a", { ...calm, rotationId: "another", value: "x" })
  expect(await inFolder(path)).toEqual([".env", ".env.latchkey"])
  expect((await stat(`${path}.latchkey`)).mode & 0o777).toBe(0o600)
  return disk.hasFailed
}

const inFolder = async (path: string): Promise<string[]> => (await readdir(dirname(path))).sort()

describe.each([
  ["a process that rotates in a .env, and ends in the middle", "fail"],
  ["a process that rotates in a .env, and of which one call fails", "work"],
] as const)("%s", (_, rest) => {
  for (const [name, step] of Object.entries(STEPS)) {
    it(`leaves what the next one can go on from, while ${name}`, async () => {
      let places = 0
      while (await failAt(step, places, rest)) places++
      // A lock, its content, the new file, its mode, its content, the disk, the replacement, the lock again.
      expect(places).toBeGreaterThanOrEqual(8)
    }, 60_000)
  }
})
