import fc from "fast-check"
import { describe, it } from "vitest"
import { expectNoLeak, newCanary } from "../support/canary.ts"
import { answers, asks, changes, close, how, times } from "./model/commands.ts"
import { runs, TIME_LIMIT } from "./model/runs.ts"
import { NAMES, type Setting } from "./model/setting.ts"
import type { Call } from "./model/store.ts"
import { BEHAVIOURS } from "./model/subscriber.ts"
import { Values, VIEWS } from "./model/values.ts"
import { World } from "./model/world.ts"

const settings: fc.Arbitrary<Setting> = fc.record({
  refresh: fc.constantFrom("background", "background", "on-read"),
  onDenied: fc.constantFrom("withdraw", "withdraw", "maxStale"),
  maxStale: fc.constantFrom(0, 20, 300),
  versionedReads: fc.boolean(),
  batches: fc.boolean(),
  watched: fc.boolean(),
  deaf: fc.boolean(),
  dated: fc.boolean(),
  seed: fc.nat(),
  names: fc.subarray([...NAMES]),
  views: fc.subarray([...VIEWS]),
  behaviours: fc.array(fc.constantFrom(...BEHAVIOURS), { maxLength: 4 }),
})

describe("all of Secrets", () => {
  it(
    "keeps its promises, whatever the store answers in whichever order and at whatever time",
    async () => {
      const canary = newCanary()
      const anything = fc.oneof(
        { weight: 20, arbitrary: changes },
        { weight: 25, arbitrary: asks },
        { weight: 35, arbitrary: answers },
        { weight: 25, arbitrary: times },
        { weight: 1, arbitrary: close },
      )
      const stories = fc.commands([anything.map(command => command.settled())], {
        maxCommands: 60,
        size: "max",
      })
      await fc.assert(
        fc.asyncProperty(settings, stories, async (setting, story) => {
          const world = await new World(setting, new Values(canary.text)).begin()
          await fc.asyncModelRun(() => ({ model: {}, real: world }), story)
          await world.end()
          expectNoLeak(canary, world.given.at(-1))
        }),
        runs(2_500),
      )
    },
    TIME_LIMIT,
  )

  it(
    "keeps them when answers, changes and calls come between any two steps of its own",
    async () => {
      const canary = newCanary()
      const anything = fc.oneof(
        { weight: 20, arbitrary: changes },
        { weight: 40, arbitrary: asks },
        { weight: 1, arbitrary: close },
      )
      const stories = fc.commands([anything], { maxCommands: 40, size: "max" })
      const drawn = fc.array(fc.tuple(how, fc.nat(12)), { minLength: 5, maxLength: 20, size: "max" })
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          settings,
          drawn,
          stories,
          async (scheduler, setting, drawn, story) => {
            const world = await new World(setting, new Values(canary.text)).begin()
            let answered = 0
            world.programmable.scheduled = (call: Call) => {
              const [how, turns] = drawn[answered % drawn.length] as (typeof drawn)[number]
              answered += 1
              const answer = () => call.answer(how, turns)
              void scheduler
                .schedule(Promise.resolve(), `${call.operation} ${call.names}: ${how}`)
                .then(answer)
            }
            await fc.scheduledModelRun(scheduler, () => ({ model: {}, real: world }), story)
            world.programmable.scheduled = undefined
            await world.end()
            expectNoLeak(canary, world.given.at(-1))
          },
        ),
        runs(2_500),
      )
    },
    TIME_LIMIT,
  )
})
