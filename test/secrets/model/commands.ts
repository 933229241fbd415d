import fc from "fast-check"
import type { Duration } from "../../../src/core/index.ts"
import { NAMES, ONE_READ } from "./setting.ts"
import type { How } from "./store.ts"
import { BEHAVIOURS } from "./subscriber.ts"
import { VALUES, VIEWS } from "./values.ts"
import { at, type World } from "./world.ts"

type Nothing = Record<string, never>

/** One thing that happens. */
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
  }

  /** The same; and then everything goes on until it waits for the store or the clock, and is looked at. */
  settled(): Command {
    return new Command(this.#text, async world => {
      await this.#run(world)
      await world.clock.settle()
      world.check()
    })
  }

  toString(): string {
    return this.#text
  }
}

const name = fc.constantFrom(...NAMES)
const index = fc.nat(7)
const value = fc.constantFrom(...VALUES)
const turns = fc.nat(20)
const nothing = fc.constant(undefined)

/** Mostly the truth. */
export const how: fc.Arbitrary<How> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<How>("then", "now") },
  { weight: 4, arbitrary: fc.constantFrom<How>("UNAVAILABLE", "THROTTLED", "TIMEOUT", "garbage", "lost") },
  { weight: 1, arbitrary: fc.constantFrom<How>("UNAUTHENTICATED", "INVALID_VALUE", "MISCONFIGURED") },
  { weight: 1, arbitrary: fc.constantFrom<How>("NOT_FOUND", "DISABLED", "DENIED") },
)

function command<T>(
  arbitrary: fc.Arbitrary<T>,
  make: (drawn: T) => [string, (world: World) => void | Promise<void>],
): fc.Arbitrary<Command> {
  return arbitrary.map(drawn => new Command(...make(drawn)))
}

/** What changes in the service behind the store. */
export const changes: fc.Arbitrary<Command> = fc.oneof(
  command(fc.tuple(name, value), ([name, kind]) => [
    `${name}: another value (${kind})`,
    world => world.rotate(name, world.values.next(kind)),
  ]),
  command(name, name => [
    `${name}: the same value as a new version`,
    world => {
      const current = world.service.read(name)
      if (typeof current !== "string") world.rotate(name, current.value)
    },
  ]),
  command(fc.tuple(name, value), ([name, kind]) => [
    `${name}: another value (${kind}) under the same version`,
    world => world.service.overwrite(name, world.values.next(kind)),
  ]),
  command(name, name => [
    `${name}: a new version is disabled at once`,
    world => {
      world.rotate(name, world.values.next("both"))
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
  command(fc.option(name, { nil: undefined }), name => [
    `a hint at ${name ?? "something"}`,
    world => world.programmable.hint(name),
  ]),
  command(nothing, () => ["the watch fails", world => world.programmable.failWatches()]),
)

/** What the program asks for. */
export const asks: fc.Arbitrary<Command> = fc.oneof(
  command(fc.tuple(name, fc.constantFrom(...VIEWS)), ([name, view]) => [
    `get ${name} as ${view}`,
    world => world.get(name, view),
  ]),
  command(nothing, () => [
    "get both",
    world =>
      world.track("getMany", ONE_READ, world.secrets.getMany({ a: "a", b: "b" }), both => {
        for (const name of NAMES) world.hold({ name, view: "text", secret: both[name] })
      }),
  ]),
  command(fc.option(name, { nil: undefined }), name => [
    `refresh ${name ?? "all"}`,
    world => world.refresh(name),
  ]),
  command(fc.constantFrom<Duration>("1ms", "30s", "10m"), age => [
    `fresh ${age}`,
    world => world.track("fresh", ONE_READ, world.secrets.fresh(age)),
  ]),
  command(fc.tuple(index, fc.nat(2)), ([index, refusals]) => [
    `use handle ${index}, refused ${refusals} times`,
    world => world.use(index, refusals),
  ]),
  command(fc.tuple(name, index), ([name, index]) => [
    `get ${name}, refresh it and use handle ${index}, with a signal`,
    world => {
      const controller = new AbortController()
      const { signal } = controller
      world.controllers.push(controller)
      world.get(name, "text", signal)
      world.refresh(name, signal)
      world.use(index, 1, signal)
    },
  ]),
  command(index, index => [
    `abort ${index}`,
    world => {
      // From outside nobody sees who has left a request for many names that goes on for the others.
      const together = world.programmable.pending.some(call => call.names.length > 1)
      if (!together) at(world.controllers, index)?.abort()
    },
  ]),
  command(fc.tuple(name, value), ([name, kind]) => [
    `put ${name} (${kind})`,
    world => {
      const { secrets } = world
      if (secrets.supports("write")) world.change(name, () => secrets.put(name, world.values.next(kind)))
    },
  ]),
  command(name, name => [
    `delete ${name}`,
    world => {
      const { secrets } = world
      if (secrets.supports("delete")) world.change(name, () => secrets.delete(name))
    },
  ]),
  command(fc.tuple(index, fc.constantFrom(...BEHAVIOURS), fc.boolean()), ([index, behaviour, since]) => [
    `subscribe to handle ${index}: ${behaviour}${since ? ", since an old version" : ""}`,
    world => world.subscribe(index, behaviour, since ? "v0" : undefined),
  ]),
  command(index, index => [`end subscription ${index}`, world => at(world.subscribers, index)?.end()]),
  command(index, index => [
    `release subscription ${index}`,
    world => at(world.subscribers, index)?.release(),
  ]),
)

/** What the store answers. */
export const answers: fc.Arbitrary<Command> = fc.oneof(
  command(fc.tuple(index, how, fc.nat(12)), ([index, how, turns]) => [
    `answer call ${index}: ${how}, after ${turns} turns`,
    world => at(world.programmable.pending, index)?.answer(how, turns),
  ]),
  command(fc.tuple(index, turns, turns), ([index, answering, releasing]) => [
    `handle ${index} changes after ${answering} turns, while a callback comes to its end after ${releasing}`,
    async world => {
      world.subscribe(index, "waits", "v0")
      await world.changeInTheMiddle(index, answering, releasing, () => world.subscribers.at(-1)?.release())
    },
  ]),
  command(fc.tuple(index, turns, turns, fc.constantFrom(...VIEWS)), ([index, answering, getting, view]) => [
    `handle ${index} changes after ${answering} turns, while somebody gets ${view} after ${getting}`,
    async world => await world.changeInTheMiddle(index, answering, getting, name => world.get(name, view)),
  ]),
  command(index, index => [
    `let call ${index} take effect`,
    world => at(world.programmable.pending, index)?.take(),
  ]),
  command(fc.oneof(fc.constant<How>("now"), how), how => [
    `answer all: ${how}`,
    async world => await world.answerAll(how),
  ]),
)

/** Longer than a store asks to wait and a time to live and all pauses together. */
const LONG: Duration = "5m"

/** What clocks do. */
export const times: fc.Arbitrary<Command> = fc.oneof(
  command(fc.constantFrom<Duration>("2s", "70s", LONG), duration => [
    `${duration} pass, and the store answers`,
    async world => {
      world.programmable.healthy = true
      await world.answerAll("now")
      await world.clock.advance(duration)
      world.programmable.healthy = false
      if (duration === LONG) world.checkCurrent()
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
)

export const close: fc.Arbitrary<Command> = command(nothing, () => ["close", world => world.close()])
