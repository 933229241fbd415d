import { untilAborted } from "../../core/index.ts"

/** So many may be in at once; the others wait in their order. */
export class Places {
  readonly #most: number
  readonly #waiting: Set<() => void> = new Set()
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  /** How many are in. */
  get taken(): number {
    return this.#taken
  }

  /**
   * Waits for a place, and keeps it until the work has ended.
   *
   * @param signal ends the waiting, and nothing else.
   * @throws SecretError `ABORTED`; whatever the work throws.
   */
  async within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#most) await this.#turn(signal)
    else this.#taken += 1
    try {
      return await work()
    } finally {
      this.#handOn()
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    let enter = (): void => undefined
    const entered = new Promise<void>(resolve => {
      enter = resolve
    })
    this.#waiting.add(enter)
    try {
      await untilAborted(signal, () => entered)
    } catch (thrown) {
      // It may have been handed on in the very moment in which its taker left.
      if (!this.#waiting.delete(enter)) this.#handOn()
      throw thrown
    }
  }

  /** A place is handed on, not given back, or a newcomer could slip in between. */
  #handOn(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#taken -= 1
    else {
      this.#waiting.delete(next)
      next()
    }
  }
}
