import type { Answer } from "../../../src/rotation/protocol/steps.ts"
import type { Replica, Situation } from "./situation.ts"

/**
 * Gives each part of a situation a number, the same for equal ones, so that a situation is told from all others by a
 * handful of numbers. Situations share most of what they consist of, and nothing of it is ever changed.
 */
export class Numbers {
  readonly #byText = new Map<string, number>()
  readonly #byPart = new WeakMap<object, number>()

  keyOf({ world, replicas, left, onTheWay = [], last = 0 }: Situation): string {
    const [one, other] = replicas.map(replica => this.ofReplica(replica))
    return `${last},${one},${other},${this.#of(world)},${this.#of(left)},${onTheWay.length === 0 ? "" : this.#of(onTheWay)}`
  }

  ofReplica(replica: Replica): number {
    const known = this.#byPart.get(replica)
    if (known !== undefined) return known
    // What it was answered in its turn is by far the most of it, and all but the last of that has its number already.
    const { answers, ...rest } = replica
    const answered = answers.map(answer => this.#ofAnswer(answer)).join()
    return this.#keep(replica, `${JSON.stringify(rest)}${answered}`)
  }

  #ofAnswer(answer: Answer): number {
    return typeof answer === "object" && answer !== null ? this.#of(answer) : this.#number(String(answer))
  }

  #of(part: object): number {
    return this.#byPart.get(part) ?? this.#keep(part, JSON.stringify(part))
  }

  #keep(part: object, text: string): number {
    const number = this.#number(text)
    this.#byPart.set(part, number)
    return number
  }

  #number(text: string): number {
    const number = this.#byText.get(text) ?? this.#byText.size
    this.#byText.set(text, number)
    return number
  }
}
