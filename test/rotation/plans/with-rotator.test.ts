import { describe, expect, it, onTestFinished } from "vitest"
import { TallyStandIn } from "../../../examples/tally-mcp-server/stand-in/index.ts"
import { type MemoryStore, memory } from "../../../providers/memory/index.ts"
import { type RotationPlan, Rotator } from "../../../src/rotation/index.ts"
import { generatedKey } from "../../../src/rotation/plans/generated-key.ts"
import { tallyToken } from "../../../src/rotation/plans/tally-token.ts"
import { newCanary } from "../../support/canary.ts"
import { eventually } from "../../support/eventually.ts"
import { rotated } from "../support/rotated.ts"

/** Readers that see the new value at once, so that a grace is over in no time. */
const consumers = { ttl: "1ms", maxStale: "0s", callTimeout: "1ms", tokenLifetime: "0s" } as const
const NAME = "tally/api-token"

function rotating(plan: RotationPlan, value: string) {
  const store = memory({ [NAME]: value })
  const rotator = new Rotator({ store, rotations: { [NAME]: { plan } } })
  onTestFinished(async () => await rotator.close())
  return { store, rotator, rotate: () => rotator.rotate(NAME, { impatient: true }) }
}

const valueIn = async (store: MemoryStore): Promise<string> =>
  String((await store.read(NAME, { signal: new AbortController().signal })).value)

/** Goes on until the rotation has come to its end, which is a few milliseconds of grace away. */
async function ended(rotate: () => Promise<{ happened: string }>): Promise<void> {
  await eventually(async () => expect(await rotate()).toMatchObject({ happened: "rotated" }))
}

describe("a rotator with a ready plan", () => {
  it("rotates a key that nobody else has to know", async () => {
    const { store, rotator } = rotating(
      generatedKey({ consumers, bytes: 64, encoding: "hex" }),
      "a former key",
    )
    await rotated(rotator, NAME)
    expect(await valueIn(store)).toMatch(/^[0-9a-f]{128}$/)
  })

  it("waits for a person, drops a token with a typo, takes a good one, and waits for the end of the old one", async () => {
    const tally = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
    onTestFinished(async () => await tally.close())
    const canary = newCanary()
    const former = `tly-former-${canary.text}`
    const good = `tly-good-${canary.text}`
    for (const token of [former, good]) tally.tokens.add(token)

    let input: string | undefined
    const plan = tallyToken({
      consumers,
      baseUrl: tally.url(),
      input: () => input,
      deadlines: { verify: "2s" },
    })
    const { store, rotator, rotate } = rotating(plan, former)
    const told: unknown[] = []
    rotator.on(event => void told.push(event))
    canary.watch(told)

    expect(await rotate()).toMatchObject({
      happened: "awaits",
      moved: false,
      problem: { kind: "awaits", hint: expect.stringMatching(/make a key in Tally/) },
    })

    input = `${good.slice(0, -2)}xx`
    expect(await rotate()).toMatchObject({ happened: "failed", state: "idle" })
    expect(await valueIn(store)).toBe(former)

    input = good
    await eventually(async () => expect((await rotate()).problem?.hint ?? "").toMatch(/delete the old key/))
    expect(await valueIn(store)).toBe(good)
    expect(tally.tokens.record(former).valid).toBe(true)

    tally.tokens.revoke(former)
    await ended(rotate)
    expect(await valueIn(store)).toBe(good)

    // What was given is the one in use by now.
    expect(await rotate()).toMatchObject({
      happened: "awaits",
      problem: { hint: expect.stringMatching(/holds the token that is in use/) },
    })
    canary.watch(rotator.health())
  })
})
