import { describe, expect, it } from "vitest"
import { settlingOf } from "../../src/rotation/plan-times.ts"
import { awsAccessKey } from "../../src/rotation/plans/index.ts"
import { CONSUMERS, type FarSide, generatedPlan, mintedPlan } from "./support/far-side.ts"
import { type Scene, scene } from "./support/scene.ts"

/** A far side that goes on saying for so long what was right before a credential was made or revoked. */
function slowly(far: FarSide, clock: () => Scene["clock"], takes: number) {
  const since = new Map<string, number>()
  const changed = (value: unknown) => since.set(String(value), clock().monotonic())
  const settled = (value: unknown) => clock().monotonic() - (since.get(String(value)) ?? 0) >= takes
  const plan = mintedPlan(far)
  return {
    ...plan,
    async mint(context: Parameters<typeof plan.mint>[0]) {
      const made = await plan.mint(context)
      changed(made.value)
      return made
    },
    async verify({ value }: { value: unknown }) {
      return settled(value) && far.accepts(String(value)) ? ("works" as const) : ("refused" as const)
    },
    async revoke(...args: Parameters<typeof plan.revoke>) {
      await plan.revoke(...args)
      changed(args[0].value)
    },
    async verifyOld({ value }: { value?: unknown }) {
      return settled(value) ? ("refused" as const) : ("works" as const)
    },
  }
}

describe("A far side that takes a while until it knows what is new", () => {
  const sceneOf = async (takes: number, settling?: "30s") => {
    const made: { clock?: Scene["clock"] } = {}
    const clock = () => made.clock as Scene["clock"]
    const s = await scene({
      plan: far => ({ ...slowly(far, clock, takes), ...(settling === undefined ? {} : { settling }) }),
    })
    made.clock = s.clock
    return s
  }

  it.each([10_000, 29_900])("knows a new key after %i ms, and is asked until then", async takes => {
    const { tick, far, clock } = await sceneOf(takes, "30s")
    expect(await tick()).toMatchObject({ state: "promoted", happened: "waiting" })
    expect(far.calls.filter(call => call === "mint")).toHaveLength(1)
    await clock.advance("2h")
    expect(await tick()).toMatchObject({ happened: "rotated" })
    expect(far.ids).toHaveLength(1)
  })

  it("is believed at the end of that time, and everything is taken back", async () => {
    const { tick, far, value } = await sceneOf(31_000, "30s")
    const before = await value()
    expect(await tick()).toMatchObject({ state: "idle", happened: "failed" })
    expect([await value(), far.ids]).toEqual([before, [far.idOf(String(before))]])
  })

  it("is asked for some seconds only where its plan says nothing, so that nobody waits long for a typo", async () => {
    const tries: number[] = []
    const made: { clock?: Scene["clock"] } = {}
    const s = await scene({
      plan: far => ({
        ...generatedPlan(far),
        verify: async () => {
          tries.push(made.clock?.monotonic() ?? 0)
          return "refused"
        },
      }),
    })
    made.clock = s.clock
    await s.tick()
    // The time of a test goes on by quarters of a second.
    expect(tries.map(at => at - (tries[0] ?? 0))).toEqual([0, 1_000, 3_000, 5_000])
  })
})

it("IAM has half a minute", () => {
  const iam = { send: async () => undefined }
  const plan = awsAccessKey({ iam, user: "app", consumers: CONSUMERS })
  expect(settlingOf(plan)).toBe(30_000)
  expect(settlingOf(awsAccessKey({ iam, user: "app", consumers: CONSUMERS, settling: "45s" }))).toBe(45_000)
})

it("a short deadline leaves half of it for the last answer", () => {
  expect(settlingOf({ deadlines: { verify: "2s" } })).toBe(1_000)
})
