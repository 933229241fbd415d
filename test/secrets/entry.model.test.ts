import fc from "fast-check"
import { describe, it } from "vitest"
import type { Instant } from "../../src/core/index.ts"
import {
  type Effect,
  type EntryEvent,
  type EntryPolicy,
  type EntryState,
  emptyEntry,
  isWithdrawn,
  step,
} from "../../src/secrets/entry.ts"
import { newCanary } from "../support/canary.ts"
import { holds } from "./model/promises.ts"
import { runs, TIME_LIMIT } from "./model/runs.ts"
import { type Gone, SecretModel } from "./model/secret-model.ts"

const TTL = 10_000
const CALL_TIMEOUT = 2_000

/** A call that has begun and has not been answered. */
interface Begun {
  readonly order: number
  readonly at: Instant
  /** Set for a read of the held version itself. */
  readonly held?: { readonly version: string; readonly code: Gone }
}

/** The machine, the model beside it, and the world around both. */
class World {
  readonly policy: EntryPolicy
  readonly model: SecretModel
  readonly canary: string
  state: EntryState = emptyEntry
  begun: Begun[] = []
  #order = 0
  #monotonic = 0
  #wall = 1_000_000

  constructor(policy: EntryPolicy, canary: string) {
    this.policy = policy
    this.canary = canary
    const { ttl, maxStale, versionedReads, onDenied } = policy
    this.model = new SecretModel({ oldest: ttl + maxStale, versionedReads, onDenied })
  }

  get now(): Instant {
    return { monotonic: this.#monotonic, wall: this.#wall }
  }

  begin(held?: Begun["held"]): Begun {
    this.#order += 1
    const begun = { order: this.#order, at: this.now, ...(held && { held }) }
    this.begun.push(begun)
    return begun
  }

  pass(milliseconds: number, wall: number): void {
    this.#monotonic += milliseconds
    this.#wall += milliseconds + wall
  }

  /** Hands the same event to the machine and to the model, and compares what they make of it. */
  happens(event: EntryEvent): void {
    const { state: before, model, policy } = this
    const late = "order" in event && model.isLate(event.order)
    const { state, effects } = step(before, event, policy)
    this.state = state
    tell(model, event)
    if (late) holds("ordered", state === before && effects.length === 0, () => JSON.stringify(event))
    compare(state, model, this.now, policy)
    compareEffects(before, state, effects)
    for (const effect of effects) {
      if (effect.type !== "read-held") continue
      holds("withdrawn", model.asking && effect.version === before.held?.version, () => "asked for nothing")
      this.begin({ version: effect.version, code: effect.code })
    }
  }
}

function tell(model: SecretModel, event: EntryEvent): void {
  switch (event.type) {
    case "accepted":
      model.accepted(event.order, event.at, {
        value: String(event.secret.value),
        version: event.secret.version,
      })
      break
    case "refused":
      model.refused(event.order, event.at)
      break
    case "failed":
      model.failed(event.order, event.now)
      break
    case "absent":
      model.absent(event.order, event.at, event.now, event.code)
      break
    case "held-readable":
      model.kept(event.order, event.at)
      break
    case "held-gone":
      model.gone(event.order, event.code)
      break
    case "removed":
      model.gone(event.order, "NOT_FOUND")
      break
    case "time":
      model.look(event.now)
      break
    case "recalled":
      // The value before has no say in what is revealed.
      break
  }
}

function compare(state: EntryState, model: SecretModel, now: Instant, policy: EntryPolicy): void {
  const { held, end, previous, failure } = state
  const revealed = end === undefined ? held : undefined
  holds("fresh", held?.value === model.held?.value && held?.version === model.held?.version, () =>
    JSON.stringify([held?.version, model.held?.version]),
  )
  if (model.withdrawn !== undefined)
    holds("accepted", revealed === undefined && isWithdrawn(state), () => `${model.withdrawn} was confirmed`)
  else holds("withdrawn", !isWithdrawn(state), () => `${end?.code} too early`)
  if (model.tooOld) holds("bounded", revealed === undefined, () => `${failure} at ${now.monotonic}`)
  else holds("patient", end?.code !== "STALE", () => `STALE at ${now.monotonic}`)
  holds("accepted", revealed?.value === model.revealed, () => `${end?.code}`)
  if (end !== undefined && end.code !== "STALE")
    holds("accepted", previous === undefined, () => "the version before outlived the withdrawal")
  const age = now.monotonic - state.answeredAt.monotonic
  if (revealed !== undefined && failure !== undefined && !state.stale)
    holds("told", age < policy.ttl + policy.maxStale, () => "stale, and nobody says so")
}

/** What is told has to be what the two states differ in. */
function compareEffects(before: EntryState, after: EntryState, effects: readonly Effect[]): void {
  const told = effects.map(effect => effect.type)
  const changed = before.held !== undefined && before.held.value !== after.held?.value
  const moved = before.held?.version !== after.held?.version || changed
  const withdrawn = isWithdrawn(after) && !isWithdrawn(before)
  const returned = before.end !== undefined && after.end === undefined
  const tooOld = after.end?.code === "STALE" && before.end === undefined
  const agree = (type: Effect["type"], happened: boolean) =>
    holds("told", told.filter(one => one === type).length === (happened ? 1 : 0), () => `${type}: ${told}`)
  agree("changed", changed)
  agree("accepted", moved)
  agree("withdrawn", withdrawn)
  holds("told", !returned || told.includes("recovered"), () => `came back without a word: ${told}`)
  holds("told", !told.includes("recovered") || before.stale || returned, () => "recovered from nothing")
  holds("told", !tooOld || effects.some(one => one.type === "stale" && one.ended), () => `${told}`)
  if (changed && before.end === undefined)
    holds("fresh", after.previous?.secret === before.held, () => "the version before is not what was shown")
}

type Nothing = Record<string, never>

/** A command that can always be given, or when it says so. */
class Command implements fc.Command<Nothing, World> {
  readonly #text: string
  readonly #run: (world: World) => void

  constructor(text: string, run: (world: World) => void) {
    this.#text = text
    this.#run = run
  }

  check(): boolean {
    return true
  }

  run(_: Nothing, world: World): void {
    this.#run(world)
  }

  toString(): string {
    return this.#text
  }
}

const index = fc.nat(5)
const gone = fc.constantFrom<Gone>("NOT_FOUND", "DISABLED", "DENIED")
const version = fc.constantFrom("1", "2", "3")
const value = fc.constantFrom("a", "b")
const fault = fc.constantFrom("UNAVAILABLE", "TIMEOUT", "THROTTLED", "UNAUTHENTICATED", "MISCONFIGURED")

/** Answers one of the reads that are under way, whichever it is. */
const answered = (text: string, index: number, event: (world: World, begun: Begun) => EntryEvent): Command =>
  new Command(`${text} for read ${index}`, world => {
    const open = world.begun.filter(begun => begun.held === undefined)
    const begun = open[index % Math.max(1, open.length)]
    if (begun === undefined) return
    world.begun = world.begun.filter(other => other !== begun)
    world.happens(event(world, begun))
  })

const heldAnswered = (text: string, event: (world: World, begun: Begun & { held: object }) => EntryEvent) =>
  new Command(text, world => {
    const begun = world.begun.find(begun => begun.held !== undefined)
    if (begun === undefined) return
    world.begun = world.begun.filter(other => other !== begun)
    world.happens(event(world, begun as Begun & { held: object }))
  })

const begin = fc.constant(new Command("begin", world => void world.begin()))

const commands: fc.Arbitrary<Command>[] = [
  // Often enough that there is something to answer.
  ...Array.from({ length: 5 }, () => begin),
  fc.tuple(index, value, version).map(([index, value, version]) =>
    answered(`${value} as version ${version}`, index, (world, { order, at }) => ({
      type: "accepted",
      order,
      at,
      now: world.now,
      secret: { value: `${world.canary}${value}`, version },
    })),
  ),
  fc.tuple(index, version).map(([index, version]) =>
    answered(`version ${version} is refused`, index, (world, { order, at }) => ({
      type: "refused",
      order,
      at,
      now: world.now,
      version,
      code: "INVALID_VALUE",
    })),
  ),
  fc
    .tuple(index, fault)
    .map(([index, code]) =>
      answered(code, index, (world, { order }) => ({ type: "failed", order, now: world.now, code })),
    ),
  fc
    .tuple(index, gone)
    .map(([index, code]) =>
      answered(code, index, (world, { order, at }) => ({ type: "absent", order, at, now: world.now, code })),
    ),
  fc.constant(
    heldAnswered("the held version can be read", (_, { order, at, held }) => ({
      type: "held-readable",
      order,
      at,
      code: (held as { code: Gone }).code,
    })),
  ),
  fc.constant(
    heldAnswered("the held version is gone", (_, { order, held }) => ({
      type: "held-gone",
      order,
      code: (held as { code: Gone }).code,
    })),
  ),
  fc.constant(
    heldAnswered("the held version: UNAVAILABLE", (world, { order }) => ({
      type: "failed",
      order,
      now: world.now,
      code: "UNAVAILABLE",
    })),
  ),
  fc.constant(
    new Command("it is removed", world => {
      const { order } = world.begin()
      world.begun.pop()
      world.happens({ type: "removed", order })
    }),
  ),
  version.map(
    heldVersion =>
      new Command(`the version before ${heldVersion} is recalled`, world => {
        const secret = { value: `${world.canary}before`, version: "0" }
        world.happens({ type: "recalled", heldVersion, secret, replacedAt: world.now })
      }),
  ),
  fc.constantFrom(1, 300, 700, 1_000, 5_000, 10_000, 40_000).map(
    milliseconds =>
      new Command(`${milliseconds} ms pass`, world => {
        world.pass(milliseconds, 0)
        world.happens({ type: "time", now: world.now })
      }),
  ),
  fc
    .constantFrom(-3_600_000, -1_000, 1_000, 20_000, 3_600_000)
    .map(
      milliseconds =>
        new Command(`the wall clock is set by ${milliseconds} ms`, world => world.pass(0, milliseconds)),
    ),
]

const policies = fc.record({
  ttl: fc.constant(TTL),
  maxStale: fc.constantFrom(0, 5_000, 30_000),
  callTimeout: fc.constant(CALL_TIMEOUT),
  onDenied: fc.constantFrom("withdraw" as const, "maxStale" as const),
  versionedReads: fc.boolean(),
})

describe("the state of one secret", () => {
  it(
    "is what the model says, whatever is answered in whichever order and at whatever time",
    () => {
      const canary = newCanary()
      fc.assert(
        fc.property(policies, fc.commands(commands, { maxCommands: 60, size: "max" }), (policy, story) => {
          fc.modelRun(() => ({ model: {}, real: new World(policy, canary.text) }), story)
        }),
        runs(20_000),
      )
    },
    TIME_LIMIT,
  )
})
