import { describe, expect, it } from "vitest"
import { type AwsOptions, aws } from "../../providers/aws/index.ts"
import { dotenv } from "../../providers/dotenv/index.ts"
import { env } from "../../providers/env/index.ts"
import { memory } from "../../providers/memory/index.ts"
import { defineStore, type RotationLedger, SecretError } from "../../src/core/index.ts"
import { type RotationPlan, Rotator, type RotatorOptions } from "../../src/rotation/index.ts"
import { Secrets } from "../../src/secrets/index.ts"
import { newCanary } from "../support/canary.ts"
import { failureOf, scripted, without } from "../support/rig.ts"
import { CONSUMERS, FarSide, GRACE, generatedPlan, mintedPlan } from "./support/far-side.ts"

const far = new FarSide("value")
const plan = generatedPlan(far)
const NAME = "tally/api-token"

const make = (options: object): Promise<SecretError> =>
  failureOf(() => new Rotator({ store: memory(), rotations: {}, ...options } as RotatorOptions))

const withRotation = (rotation: object, more: object = {}): Promise<SecretError> =>
  make({ ...more, rotations: { [NAME]: { plan, ...rotation } } })

describe("A Rotator is refused", () => {
  it.each([
    ["an option that does not exist", { atonce: 3 }, /Rotator was given an option "atonce"/],
    ["no number at once", { atOnce: 0 }, /atOnce is not a whole number/],
    ["half a secret at once", { atOnce: 1.5 }, /atOnce is not a whole number/],
    ["a store and Secrets", { secrets: new Secrets(memory()) }, /a store or Secrets, one of the two/],
    ["neither", { store: undefined }, /a store or Secrets, one of the two/],
    ["no store", { store: "vault://127.0.0.1" }, /is no store/],
    ["no rotations", { rotations: undefined }, /rotations is no object/],
    ["a list of rotations", { rotations: [] }, /rotations is no object/],
    ["a lease that is no duration", { lease: "5 minutes" }, /lease is not a duration/],
    ["a time-out that is none", { callTimeout: 5 }, /callTimeout is not a duration/],
    [
      "journals where the store has its own",
      { journals: memory().rotation().journals },
      /keeps the journals of its rotations itself/,
    ],
  ])("with %s", async (_, options, message) => {
    const error = await make(options)
    expect(error).toMatchObject({ code: "MISCONFIGURED", message: expect.stringMatching(message) })
    expect(error.hint).toBeTruthy()
  })

  it.each<[string, object, RegExp, object?]>([
    ["an option that does not exist", { interval: "24h" }, /a rotation was given an option "interval"/],
    ["a jitter above one half", { jitter: "51%" }, /jitter is not a percentage/],
    ["a jitter that is a number", { jitter: 0.1 }, /jitter is not a percentage/],
    ["an odd beginning", { first: "later" }, /first is neither "now" nor "in-turn"/],
    ["a switch that is none", { enabled: "no" }, /enabled is neither true nor false/],
    ["scopes that are no list", { scopes: "forms:read" }, /scopes is no list/],
    ["an empty scope", { scopes: [""] }, /scopes is no list/],
    ["a schedule of no form", { schedule: {} }, /neither an interval nor a cron expression/],
    ["a schedule that is text", { schedule: "24h" }, /neither an interval nor a cron expression/],
    ["two schedules", { schedule: { interval: "24h", cron: "0 3 * * *" } }, /neither an interval nor a cron/],
    ["an interval that is none", { schedule: { interval: "daily" } }, /schedule.interval is not a duration/],
    [
      "a time zone for an interval",
      { schedule: { interval: "24h", timezone: "UTC" } },
      /"timezone" that does not exist/,
    ],
    [
      "an interval shorter than the grace",
      { schedule: { interval: "1h" } },
      /leaves less time than one rotation takes/,
    ],
    [
      "an interval whose jitter is shorter than the grace",
      { schedule: { interval: "70m" }, jitter: "20%" },
      /leaves less time than one rotation takes/,
    ],
    ["a slot every minute", { schedule: { cron: "* * * * *" } }, /the cron expression leaves less time/],
    [
      "two slots of a week that are too close",
      { schedule: { cron: "0 2,3 * * 6" } },
      /the cron expression leaves less time/,
    ],
    [
      "a cron expression that cannot be read",
      { schedule: { cron: "every day" } },
      /cron expression of the schedule cannot be read/,
    ],
    [
      "a minute that no hour has",
      { schedule: { cron: "61 3 * * *" } },
      /cron expression of the schedule cannot be read/,
    ],
    [
      "a cron expression that never fires",
      { schedule: { cron: "0 0 31 2 *" } },
      /cron expression never fires/,
    ],
    [
      "a time zone that does not exist",
      { schedule: { cron: "0 3 * * *", timezone: "Mars/Olympus" } },
      /time zone of the schedule does not exist/,
    ],
    [
      "a lease shorter than twice the longest step",
      { plan: generatedPlan(far, { deadlines: { verify: "2m" } }) },
      /lease is shorter/,
      { lease: "3m" },
    ],
  ])("for a rotation with %s", async (_, rotation, message, more = {}) => {
    const error = await withRotation(rotation, more)
    expect(error).toMatchObject({
      code: "MISCONFIGURED",
      secret: NAME,
      message: expect.stringMatching(message),
    })
    expect(error.hint).toBeTruthy()
  })

  it.each<[string, Partial<Record<string, unknown>> | RotationPlan, RegExp]>([
    ["no verify", { ...plan, verify: undefined }, /the plan has no verify/],
    ["no create", { ...plan, create: undefined }, /the plan has no create/],
    ["no kind", { ...plan, kind: "random" }, /kind of the plan/],
    ["no revoke for what is minted", { ...mintedPlan(far), revoke: undefined }, /the plan has no revoke/],
    [
      "labels that nobody lists",
      { ...mintedPlan(far), listMinted: undefined },
      /labels: true and has no listMinted/,
    ],
    ["neither overlap nor fence", generatedPlan(far, { overlap: false }), /no overlap/],
    [
      "a set that is published with too short a propagation",
      { ...plan, publish: () => "", propagation: "1s" },
      /propagation is shorter/,
    ],
    [
      "consumers who do not say how long they hold it",
      { ...plan, consumers: { ttl: "5m" } },
      /consumers of the plan does not say/,
    ],
    [
      "a grace shorter than its consumers need",
      generatedPlan(far, { grace: "65m" }),
      /grace is shorter than .*, the least/,
    ],
  ])("for a plan with %s", async (_, given, message) => {
    expect(await withRotation({ plan: given })).toMatchObject({
      code: "MISCONFIGURED",
      secret: NAME,
      message: expect.stringMatching(message),
    })
  })

  it("says how long a grace has to be at least", async () => {
    const error = await withRotation({ plan: generatedPlan(far, { grace: "1h" }) })
    expect(GRACE).toBe(3_935_000)
    expect(error.hint).toContain('"3935s"')
  })

  it("for names that the store cannot hold, and for two that mean the same secret", async () => {
    expect(await make({ rotations: { "../key": { plan } } })).toMatchObject({ code: "INVALID_NAME" })
    const store = dotenv("never-read.env")
    const rotations = { "tally-key": { plan }, TALLY_KEY: { plan } }
    expect(await make({ store, rotations })).toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringContaining("there are two rotations of it"),
    })
  })

  it("on a store that cannot be written, or that cannot carry a rotation", async () => {
    expect(await make({ store: env() })).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("cannot be written"),
      hint: expect.stringContaining("rotate in a store that can"),
    })
    const store = without(memory(), "rotation")
    expect(await make({ store })).toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("cannot keep track of a rotation"),
    })
  })

  it("with what the store itself has against it", async () => {
    const store = defineStore({
      ...definition(),
      rotation(): never {
        throw new SecretError("UNSUPPORTED", { message: "KV 1 keeps no versions", hint: "use KV 2" })
      },
    })
    expect(await make({ store })).toMatchObject({ code: "UNSUPPORTED", hint: "use KV 2" })
  })

  it("on a store without compare-and-set, unless its journals are kept elsewhere", async () => {
    const { journals, ...rest } = memory().rotation()
    const store = { ...memory(), rotation: (): RotationLedger => rest }
    expect(await make({ store })).toMatchObject({
      code: "MISCONFIGURED",
      message: expect.stringContaining("no compare-and-set"),
      hint: expect.stringContaining("journals"),
    })
    expect(await make({ store, journals: {} })).toMatchObject({ code: "MISCONFIGURED" })
    expect(() => new Rotator({ store, journals, rotations: {} } as RotatorOptions)).not.toThrow()
  })
})

describe("A Rotator quotes nothing of what it refuses", () => {
  it.each([
    (text: string) => ({ schedule: { cron: text } }),
    (text: string) => ({ schedule: { interval: text } }),
    (text: string) => ({ schedule: { cron: "0 3 * * *", timezone: text } }),
    (text: string) => ({ jitter: text }),
    (text: string) => ({ first: text }),
    (text: string) => ({ [text]: true }),
    (text: string) => ({ plan: { ...plan, [text]: 1 } }),
  ])("%s", async rotation => {
    const canary = newCanary()
    canary.watch(await withRotation(rotation(canary.text)))
  })
})

it("A lease is two minutes, or twice the longest step where that is longer", async () => {
  const store = memory({ [NAME]: "first-value" })
  const journals = store.rotation().journals
  for (const [deadlines, milliseconds] of [
    [{}, 120_000],
    [{ make: "3m" }, 360_000],
  ] as const) {
    const at = Date.now()
    const rotator = new Rotator({
      store,
      rotations: {
        [NAME]: {
          plan: {
            kind: "generated",
            overlap: true,
            consumers: CONSUMERS,
            deadlines,
            create: async () => {
              throw new Error("not today")
            },
            verify: async () => "works",
          },
        },
      },
    })
    await rotator.rotate(NAME)
    const found = await journals?.load(NAME, { signal: new AbortController().signal })
    expect((found?.journal?.leaseUntil ?? 0) - at).toBeGreaterThanOrEqual(milliseconds)
    expect((found?.journal?.leaseUntil ?? 0) - at).toBeLessThan(milliseconds + 60_000)
    await rotator.abort(NAME)
    await rotator.close()
  }
})

function definition() {
  const { kind, location, capabilities, read, ping, close } = scripted({})
  return {
    kind,
    location,
    capabilities,
    read,
    ping,
    close,
    write: async () => ({ version: "1", current: true, readable: true }),
    names: {
      rule: "any name",
      toNative: (portable: string) => portable,
      toPortable: (native: string) => native,
      holds: () => true,
    },
  }
}

describe("On a store that has room for so many rotations a day", () => {
  const inner = memory()
  const store = {
    ...inner,
    rotation: (): RotationLedger => ({ ...inner.rotation(), rotationsPerDay: 8 }),
  }
  const short = generatedPlan(far, { consumers: { ...CONSUMERS, ttl: "1m", maxStale: "0s" } })
  const rotating = (rotation: object) =>
    new Rotator({ store, rotations: { [NAME]: { plan: short, ...rotation } } })

  it.each([
    [{ schedule: { interval: "1h" } }],
    // The jitter makes some of them shorter than three hours.
    [{ schedule: { interval: "3h" } }],
    [{ schedule: { interval: "199m" } }],
    [{ schedule: { cron: "0 */2 * * *" } }],
    // On one day a week only.
    [{ schedule: { cron: "0 * * * 1" } }],
    [{ schedule: { cron: "*/5 * * * *" } }],
  ])("a schedule that asks for more is refused, with the interval that fits: %j", async rotation => {
    const error = await failureOf(() => rotating(rotation))
    expect(error).toMatchObject({
      code: "MISCONFIGURED",
      secret: NAME,
      message: expect.stringContaining("more than 8 rotations within 24 hours"),
      hint: expect.stringMatching(/at least 200m .*rotationsPerDay of the store/),
    })
  })

  it.each([
    [{ schedule: { interval: "200m" } }],
    [{ schedule: { interval: "3h" }, jitter: "0%" }],
    [{ schedule: { cron: "0 */3 * * *" } }],
    [{ schedule: { cron: "0,10,20,30 3 * * *" } }],
    [{}],
  ])("one that does not is taken: %j", async rotation => {
    await rotating(rotation).close()
  })
})

it("the ledger of AWS says how many rotations a day it has room for", () => {
  const place = { region: "eu-west-1", credentials: { accessKeyId: "id", secretAccessKey: "key" } }
  for (const [more, perDay] of [
    [{}, 8],
    [{ rotationsPerDay: 20 }, 20],
  ] as const)
    expect(aws({ ...place, ...more } as AwsOptions).rotation().rotationsPerDay).toBe(perDay)
})
