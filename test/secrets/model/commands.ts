import fc from "fast-check"
import type { Duration } from "../../../src/core/index.ts"
import type { How } from "./store.ts"
import { BEHAVIOURS } from "./subscriber.ts"
import { VALUES, VIEWS } from "./values.ts"
import { NAMES, ONE_READ, type World } from "./world.ts"

type Nothing = Record<string, never>

/** One thing that happens; afterwards everything goes on until it waits for the store or the clock. */
class Command implements fc.AsyncCommand<Nothing, World> {
  readonly #text: string
  readonly #run: (world: World) => void | Promise<void>

  constructor(text: string, run: (world: World) => void | Promise<void>) {
    this.#text = text
    this.#run = run
  }

  check(): boolean {
    return true
  }

  async run(_: Nothing, world: World): Promise<void> {
    await this.#run(world)
    if (world.settles) {
      await world.clock.settle()
      world.check()
    }
  }

  toString(): string {
    return this.#text
  }
}

const name = fc.constantFrom(...NAMES)
const index = fc.nat(7)
const value = fc.constantFrom(...VALUES)
const how = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<How>("then", "now") },
  {
    weight: 4,
    arbitrary: fc.constantFrom<How>(
      "UNAVAILABLE",
      "THROTTLED",
      "TIMEOUT",
      "UNAUTHENTICATED",
      "INVALID_VALUE",
      "garbage",
      "lost",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<How>("NOT_FOUND", "DISABLED", "DENIED") },
)

function command<T>(
  arbitrary: fc.Arbitrary<T>,
  make: (drawn: T) => [string, (world: World) => void | Promise<void>],
) {
  return arbitrary.map(drawn => new Command(...make(drawn)))
}

/** What changes in the service behind the store. */
const changes = [
  command(fc.tuple(name, value), ([name, kind]) => [
    `${name}: another value (${kind})`,
    world => void world.service.rotate(name, world.values.next(kind), new Date(world.clock.wall())),
  ]),
  command(name, name => [
    `${name}: the same value as a new version`,
    world => {
      const current = world.service.read(name)
      if (typeof current !== "string") world.service.rotate(name, current.value, new Date(world.clock.wall()))
    },
  ]),
  command(fc.tuple(name, value), ([name, kind]) => [
    `${name}: another value (${kind}) under the same version`,
    world => world.service.overwrite(name, world.values.next(kind)),
  ]),
  command(name, name => [
    `${name}: a new version is disabled at once`,
    world => {
      world.service.rotate(name, world.values.next("both"), new Date(world.clock.wall()))
      world.service.disable(name)
    },
  ]),
  command(fc.tuple(name, index), ([name, index]) => [
    `${name}: back to version ${index}`,
    world => world.service.rollBack(name, index),
  ]),
  command(fc.tuple(name, fc.constantFrom("remove", "disable", "deny", "mend", "mend")), ([name, what]) => [
    `${name}: ${what}`,
    world => world.service[what as "mend"](name),
  ]),
]

/** What the program asks for. */
const asks = [
  command(fc.tuple(name, fc.constantFrom(...VIEWS)), ([name, view]) => [
    `get ${name} as ${view}`,
    world => world.get(name, view),
  ]),
  command(fc.constant(undefined), () => [
    "get both",
    world =>
      world.track("getMany", ONE_READ, world.secrets.getMany({ a: "a", b: "b" }), both => {
        for (const name of NAMES) world.hold(name, "text", both[name])
      }),
  ]),
  command(fc.option(name, { nil: undefined }), name => [
    `refresh ${name ?? "all"}`,
    world => world.track(`refresh ${name}`, 2 * ONE_READ, world.secrets.refresh(name)),
  ]),
  command(fc.constantFrom<Duration>("1ms", "30s", "10m"), age => [
    `fresh ${age}`,
    world => world.track("fresh", ONE_READ, world.secrets.fresh(age)),
  ]),
  command(fc.tuple(index, fc.nat(2)), ([index, refusals]) => [
    `use handle ${index}, refused ${refusals} times`,
    world => {
      const held = world.handles[index % Math.max(1, world.handles.length)]
      if (held === undefined) return
      let calls = 0
      const call = async () => {
        calls += 1
        return { status: calls <= refusals ? 401 : 200 }
      }
      world.track("use", 3 * ONE_READ, held.secret.use(call))
    },
  ]),
  command(fc.tuple(name, value), ([name, kind]) => [
    `put ${name} (${kind})`,
    world => {
      if (world.secrets.supports("write"))
        world.track("put", world.turnOf(name, "write"), world.secrets.put(name, world.values.next(kind)))
    },
  ]),
  command(name, name => [
    `delete ${name}`,
    world => {
      if (world.secrets.supports("delete"))
        world.track("delete", world.turnOf(name, "write"), world.secrets.delete(name))
    },
  ]),
  command(fc.tuple(index, fc.constantFrom(...BEHAVIOURS), fc.boolean()), ([index, behaviour, since]) => [
    `subscribe to handle ${index}: ${behaviour}${since ? ", since an old version" : ""}`,
    world => {
      const held = world.handles[index % Math.max(1, world.handles.length)]
      if (held !== undefined && !world.closing) world.subscribe(held, behaviour, since ? "v0" : undefined)
    },
  ]),
  command(fc.tuple(index, fc.boolean()), ([index, end]) => [
    `${end ? "end" : "release"} subscription ${index}`,
    world => {
      const subscriber = world.subscribers[index % Math.max(1, world.subscribers.length)]
      if (end) subscriber?.end()
      else subscriber?.release()
    },
  ]),
]

/** What the store answers. */
const answers = [
  command(fc.tuple(index, how, fc.nat(12)), ([index, how, turns]) => [
    `answer call ${index}: ${how}, after ${turns} turns`,
    world => {
      const { pending } = world.programmable
      pending[index % Math.max(1, pending.length)]?.answer(how, turns)
    },
  ]),
  command(index, index => [
    `let call ${index} take effect`,
    world => {
      const { pending } = world.programmable
      pending[index % Math.max(1, pending.length)]?.take()
    },
  ]),
  command(fc.oneof(fc.constant<How>("now"), how), how => [
    `answer all: ${how}`,
    async world => await world.answerAll(how),
  ]),
]

const times = [
  command(fc.constantFrom<Duration>("2s", "70s", "3m"), duration => [
    `${duration} pass, and the store answers`,
    async world => {
      world.programmable.healthy = true
      await world.answerAll("now")
      await world.clock.advance(duration)
      world.programmable.healthy = false
    },
  ]),
  command(fc.constantFrom<Duration>("200ms", "1s", "3s", "6s", "20s", "50s", "70s", "5m"), duration => [
    `${duration} pass`,
    async world => await world.clock.advance(duration),
  ]),
  command(fc.constantFrom(-3_600_000, 30_000, 3_600_000), milliseconds => [
    `the wall clock is set by ${milliseconds} ms`,
    world => world.clock.setWall(new Date(world.clock.wall() + milliseconds)),
  ]),
  command(fc.constantFrom<Duration>("2s", "8h"), duration => [
    `the machine sleeps for ${duration}`,
    async world => await world.clock.sleep(duration),
  ]),
]

const close = command(fc.constant(undefined), () => ["close", world => world.close()])

const one = (commands: readonly fc.Arbitrary<Command>[]): fc.Arbitrary<Command> => fc.oneof(...commands)

/** A story in which everything can happen. */
export const everything: fc.Arbitrary<Command>[] = [
  fc.oneof(
    { weight: 20, arbitrary: one(changes) },
    { weight: 25, arbitrary: one(asks) },
    { weight: 40, arbitrary: one(answers) },
    { weight: 20, arbitrary: one(times) },
    { weight: 1, arbitrary: close },
  ),
]
