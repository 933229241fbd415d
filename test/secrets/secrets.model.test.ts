import fc from "fast-check"
import { describe, it } from "vitest"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { everything } from "./model/commands.ts"
import { runs, TIME_LIMIT } from "./model/runs.ts"
import { BEHAVIOURS } from "./model/subscriber.ts"
import { Values, VIEWS } from "./model/values.ts"
import { type Setting, World } from "./model/world.ts"

const settings: fc.Arbitrary<Setting> = fc.record({
  refresh: fc.constantFrom("background", "background", "on-read"),
  onDenied: fc.constantFrom("withdraw", "withdraw", "maxStale"),
  maxStale: fc.constantFrom(0, 20, 300),
  versionedReads: fc.boolean(),
  batches: fc.boolean(),
  deaf: fc.boolean(),
  dated: fc.boolean(),
  seed: fc.nat(),
  views: fc.subarray([...VIEWS]),
  behaviours: fc.array(fc.constantFrom(...BEHAVIOURS), { maxLength: 4 }),
})

describe("all of Secrets", () => {
  it(
    "is what the model says, whatever the store answers in whichever order and at whatever time",
    async () => {
      const canary = newCanary()
      await fc.assert(
        fc.asyncProperty(
          settings,
          fc.commands(everything, { maxCommands: 50, size: "max" }),
          async (setting, story) => {
            const world = await new World(setting, new Values(canary.text)).begin()
            await fc.asyncModelRun(() => ({ model: {}, real: world }), story)
            await world.end()
            expectNoLeak(canary, world.given.at(-1))
          },
        ),
        runs(500),
      )
    },
    TIME_LIMIT,
  )
})
