import type { Answer, Step } from "../../../src/rotation/protocol/steps.ts"
import type { Ending, Mind, Terms } from "../../../src/rotation/protocol/terms.ts"
import { takeTurn } from "../../../src/rotation/protocol/turn.ts"
import type { Situation, Variation } from "./situation.ts"
import {
  accepts,
  copyOf,
  current,
  currentKey,
  JUMP,
  type Planted,
  perform,
  type Setting,
  type World,
} from "./world.ts"

/** Says whether a promise is broken, in a situation or in what comes of it. */
export class Judge {
  readonly #setting: Setting
  readonly #terms: Terms
  readonly #variation: Variation
  /** What became of worlds that were left in peace, by their text: many situations have the same world. */
  readonly #inPeace = new Map<string, string | undefined>()

  constructor(setting: Setting, terms: Terms, variation: Variation) {
    this.#setting = setting
    this.#terms = terms
    this.#variation = variation
  }

  /** What is wrong with a situation; `undefined` if nothing is. */
  wrong(situation: Situation): string | undefined {
    const { world, replicas, onTheWay = [] } = situation
    if (world.broken.length > 0) return world.broken.join("; ")
    const isQuiet = onTheWay.length === 0 && replicas.every(({ answers }) => answers.length === 0)
    if (!isQuiet) return undefined
    const text = JSON.stringify(world)
    if (!this.#inPeace.has(text)) this.#inPeace.set(text, this.#wrongInTheEnd(world))
    return this.#inPeace.get(text)
  }

  /**
   * From here nothing goes wrong any more: one new program runs, and time passes. It must come to rest, with the
   * secret holding what the far side accepts and nothing left at the far side that nobody knows.
   */
  #wrongInTheEnd(before: World): string | undefined {
    const world = copyOf(before)
    let held: Mind["held"]
    for (let turns = 0; turns < 40; turns += 1) {
      const mind: Mind = { me: "last", held }
      const run = (this.#variation.turn ?? takeTurn)(this.#terms, mind, { rotate: false, impatient: true })
      const ending = runThrough(run, world, this.#setting, this.#variation.planted ?? {})
      held = mind.held
      if (world.broken.length > 0) return `in the end: ${world.broken.join("; ")}`
      if (ending === undefined) world.now += JUMP
      else if (ending.end === "waiting" || ending.end === "held") world.now += JUMP
      else if (ending.end === "idle") return this.#wrongAtRest(world)
      else if (ending.end === "blocked") return undefined
    }
    return `it never comes to rest: ${world.journal?.state}`
  }

  #wrongAtRest(world: World): string | undefined {
    const { value } = current(world)
    if (!accepts(world, value)) return `at rest the secret holds ${value}, which the far side refuses`
    const known = new Set([world.journal?.newId, world.journal?.oldId])
    const isOurs = (id: string) => /^(?:c\d|id-key-)/.test(id)
    const unknown = Object.entries(world.far).filter(
      ([id, credential]) =>
        isOurs(id) && credential.alive && credential.value !== currentKey(value) && !known.has(id),
    )
    const noticed = ["orphans-left", "old-left-to-person", "new-left-to-person"].some(about =>
      world.told.includes(about),
    )
    if (unknown.length > 0 && !noticed)
      return `at rest nobody knows of ${unknown.map(([id]) => id).join(", ")}`
    return undefined
  }
}

function runThrough(
  turn: Generator<Step, Ending, Answer>,
  world: World,
  setting: Setting,
  planted: Planted,
): Ending | undefined {
  let next = turn.next()
  while (!next.done) {
    let answer: Answer
    try {
      answer = perform(world, next.value, setting, planted)
    } catch {
      return undefined
    }
    next = turn.next(answer)
  }
  return next.value
}
