import { expect, it, vi } from "vitest"
import { Chronicle } from "../../examples/tally-mcp-server/demo/rotate/chronicle.ts"
import { isDeadSoon } from "../../examples/tally-mcp-server/demo/rotate/old-credentials.ts"
import type { RunReport } from "../../examples/tally-mcp-server/demo/rotate/run.ts"
import { figures } from "../../examples/tally-mcp-server/demo/rotate/story.ts"
import { DATABASE, KEY, WARM_UP_CALLS } from "../../examples/tally-mcp-server/demo/rotate/times.ts"
import type { RotationState } from "../../src/core/index.ts"

const rotations = [KEY, DATABASE].flatMap(({ name, times }) =>
  Array.from({ length: times }, (_, index) => ({
    name,
    number: index + 1,
    began: 0,
    reached: new Map([["idle", 1]]),
    during: { made: 10, failed: 0, refusals: 0 },
    oldIsDead: true,
  })),
)

const good: RunReport = {
  rotations,
  trouble: [],
  calls: { made: 100, failed: 0, failures: new Map() },
  refusals: 0,
  expired: 0,
  tokens: 5,
  database: { calls: 100 + WARM_UP_CALLS, connections: 7 },
  traces: 0,
  stopped: [
    { code: 0, tookMs: 1 },
    { code: 0, tookMs: 1 },
  ],
}

const broken: readonly [string, Partial<RunReport>][] = [
  ["a call failed", { calls: { made: 100, failed: 1, failures: new Map([["HTTP 500", 1]]) } }],
  [
    "no call was made",
    {
      calls: { made: 0, failed: 0, failures: new Map() },
      database: { calls: WARM_UP_CALLS, connections: 1 },
    },
  ],
  ["a token was refused", { refusals: 1 }],
  ["a rotation is missing", { rotations: rotations.slice(1) }],
  ["an old one still works", { rotations: rotations.map(each => ({ ...each, oldIsDead: each.number > 1 })) }],
  ["a call was not written down", { database: { calls: 99 + WARM_UP_CALLS, connections: 7 } }],
  ["a step failed", { trouble: ["db/url: the store cannot be reached"] }],
  ["a secret stands in the output", { traces: 1 }],
  ["a replica did not end well", { stopped: [{ code: 1, tookMs: 1 }] }],
]

it("says that all is as promised only if it is", () => {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true)
  try {
    expect(figures(good)).toBe(true)
    for (const [what, wrong] of broken) expect(figures({ ...good, ...wrong }), what).toBe(false)
  } finally {
    printed.mockRestore()
  }
})

it("does not call a credential dead that is still accepted", async () => {
  let asked = 0
  expect(await isDeadSoon({ isAccepted: async () => ++asked < 3 })).toBe(true)
  expect(await isDeadSoon({ isAccepted: async () => true })).toBe(false)
})

it("tells of each rotation what was done meanwhile, and how the old one is", async () => {
  let made = 10
  const chronicle = new Chronicle({
    count: () => ({ made, failed: made > 25 ? 1 : 0, refusals: 0 }),
    isOldDead: async () => false,
    told: () => undefined,
  })
  const moved = (from: RotationState, to: RotationState) =>
    chronicle.take({ type: "moved", name: "db/url", state: to, at: new Date(), from, to })
  moved("idle", "claimed")
  made = 20
  moved("claimed", "promoted")
  made = 30
  moved("promoted", "idle")
  await chronicle.settled()
  expect(chronicle.rotations).toMatchObject([
    { name: "db/url", number: 1, during: { made: 20, failed: 1, refusals: 0 }, oldIsDead: false },
  ])
})
