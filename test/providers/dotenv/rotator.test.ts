import { readdir, readFile } from "node:fs/promises"
import { dirname } from "node:path"
import { dotenv } from "latchkey/dotenv"
import { env } from "latchkey/env"
import { layered } from "latchkey/layered"
import { describe, expect, it, onTestFinished } from "vitest"
import { type RotationOutcome, Rotator } from "../../../src/rotation/index.ts"
import { FarSide, mintedPlan } from "../../rotation/support/far-side.ts"
import { newCanary } from "../../support/canary.ts"
import { calm, reveal } from "../calls.ts"
import { oldFile } from "../files.ts"

// Files take the time that they take, so these run by the clock of the machine, with a grace of milliseconds.
const consumers = { ttl: "10ms", maxStale: "0s", callTimeout: "10ms", tokenLifetime: "0s" } as const

const NAME = "tally/api-token"

describe("Rotators over a .env", () => {
  it.each([
    ["the file", (path: string) => dotenv(path)],
    ["layers with it", (path: string) => layered([env({ env: { OTHER: "x" } }), dotenv(path)])],
  ])("carry a secret through one rotation between them: %s", async (_, open) => {
    const canary = newCanary()
    const far = new FarSide(canary.text)
    const first = far.newValue()
    far.add(first)
    const path = await oldFile(`# head\nTALLY__API_TOKEN=${first}\nB=2\n`)
    const rotators = Array.from({ length: 3 }, () => {
      const plan = { ...mintedPlan(far), consumers }
      const rotations = { [NAME]: { plan, schedule: { interval: "24h" } } } as const
      return canary.watch(new Rotator({ store: open(path), rotations }))
    })
    onTestFinished(async () => {
      for (const rotator of rotators) await rotator.close()
    })

    const journalOf = async () => (await dotenv(path).rotation().journals?.load(NAME, calm))?.journal
    const outcomes: RotationOutcome[] = []
    const isDone = async () => {
      const journal = await journalOf()
      return journal?.state === "idle" && journal.lastPromotedAt !== undefined
    }
    for (let round = 0; round < 500 && !(await isDone()); round++) {
      for (const { outcomes: told } of await Promise.all(rotators.map(rotator => rotator.tick())))
        outcomes.push(...told)
    }

    expect(await isDone()).toBe(true)
    expect(far.calls.filter(call => call === "mint")).toHaveLength(1)
    expect(outcomes.filter(({ happened }) => happened === "rotated").length).toBeGreaterThanOrEqual(1)
    const value = await reveal(dotenv(path), NAME)
    expect([value === first, far.accepts(String(value)), far.accepts(first)]).toEqual([false, true, false])
    expect(far.ids).toHaveLength(1)
    expect(await readFile(path, "utf8")).toBe(`# head\nTALLY__API_TOKEN=${value}\nB=2\n`)
    expect((await readdir(dirname(path))).sort()).toEqual([".env", ".env.latchkey"])
    const kept = JSON.parse(await readFile(`${path}.latchkey`, "utf8")).secrets.TALLY__API_TOKEN
    expect(kept).toMatchObject({ candidates: {}, former: {} })
    canary.watch(kept, outcomes)
  })
})
