import { describe, expect, it } from "vitest"
import { TallyStandIn } from "../../examples/tally-mcp-server/stand-in/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { type RotationOutcome, Rotator, tallyToken } from "../../src/rotation/index.ts"
import { calm } from "../providers/calls.ts"
import { newCanary } from "../support/canary.ts"
import { checkedFakeClock } from "../support/clock.ts"
import { counted, seeThrough } from "./far-side/ordeal.ts"
import { WIRE_FAULTS, type WireFault, wireTo } from "./far-side/wire-faults.ts"

const NAME = "tally/api-token"
const consumers = { ttl: "5m", maxStale: "0s", callTimeout: "5s", tokenLifetime: "0s" } as const

interface Seen {
  readonly outcomes: readonly RotationOutcome[]
  /** How often Tally was asked. */
  readonly asked: number
}

/**
 * Rotates a token of Tally, for which a person makes the new one and deletes the old one, from the first call to the last,
 * while a consumer uses what the secret holds.
 */
async function rotated(blow?: { readonly number: number; readonly fault: WireFault }): Promise<Seen> {
  await using open = new AsyncDisposableStack()
  const clock = checkedFakeClock()
  const canary = newCanary()
  const [first, second] = [`tly-${canary.text}-1`, `tly-${canary.text}-2`]
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  open.defer(async () => await standIn.close())
  for (const token of [first, second]) standIn.tokens.add(token)
  const wire = await wireTo(standIn.url(), () => clock.wall())
  open.defer(async () => await wire.proxy.close())
  const store = memory({ [NAME]: first }, { clock })
  open.defer(async () => await store.close())
  const { plan, running } = counted(
    tallyToken({ input: async () => second, baseUrl: wire.url, consumers, deadlines: { verify: "30s" } }),
  )
  const rotator = new Rotator({
    store,
    rotations: { [NAME]: { plan, schedule: { interval: "24h" } } },
    clock,
    random: () => 0.5,
  })
  open.defer(async () => await rotator.close())
  if (blow !== undefined) wire.strike(blow.number, blow.fault)

  const read = async (): Promise<string> => String((await store.read(NAME, calm)).value)
  const isSilent = (): boolean =>
    wire.proxy.log.requests.some(({ endedAt, struckBy }) => endedAt === undefined && struckBy === "silence")
  const outcomes = await seeThrough({
    clock,
    rotator,
    async consume() {
      const headers = { authorization: `Bearer ${await read()}`, "user-agent": "a consumer" }
      const answer = await fetch(`${standIn.url("consumer")}/users/me`, { headers })
      await answer.arrayBuffer()
      expect(answer.status).toBe(200)
    },
    journal: async () => (await store.rotation().journals?.load(NAME, calm))?.journal,
    underWay: () => (isSilent() ? 0 : running()),
    async person({ happened, problem }) {
      if (happened !== "awaits") return
      expect(problem?.hint).toContain("delete the old key in Tally")
      standIn.tokens.revoke(first)
    },
  })
  canary.watch(outcomes)
  expect((await read()) === second).toBe(true)
  expect(standIn.tokens.valid.map(({ id }) => id)).toEqual([standIn.tokens.idOf(second)])
  if (blow !== undefined) expect(wire.struck).toBe(1)
  return { outcomes, asked: wire.proxy.log.requests.length }
}

describe("A rotation of a Tally token, which a person makes and deletes", () => {
  it.each(Object.keys(WIRE_FAULTS) as WireFault[])("comes to its end when any one call %s", {
    timeout: 60_000,
  }, async fault => {
    const good = await rotated()
    expect(good.outcomes.map(({ happened }) => happened)).toEqual(["waiting", "awaits", "rotated"])
    expect(good.asked).toBeGreaterThanOrEqual(2)
    for (let number = 0; number < good.asked; number += 1) {
      const { outcomes } = await rotated({ number, fault })
      expect(outcomes.at(-1)?.happened, `call ${number}`).toBe("rotated")
      expect(outcomes.filter(({ happened }) => happened === "failed").length).toBeLessThanOrEqual(1)
    }
  })
})
