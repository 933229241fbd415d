import { aborted } from "../../core/index.ts"

/** Somebody who waits for a place. */
interface Waiting {
  readonly signal: AbortSignal
  enter(): void
  leave(): void
}

/** So many may be in at once; the others wait in their order. */
export class Places {
  readonly #most: number
  readonly #waiting: Set<Waiting> = new Set()
  /** How many wait with each signal: one listener for all of them, because a thousand may. */
  readonly #signals: Map<AbortSignal, { count: number; readonly listener: () => void }> = new Map()
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
    if (signal.aborted) throw aborted({})
    await new Promise<void>((resolve, reject) => {
      this.#waiting.add({ signal, enter: resolve, leave: () => reject(aborted({})) })
      this.#listen(signal)
    })
  }

  /** A place is handed on, not given back, or a newcomer could slip in between. */
  #handOn(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#taken -= 1
    else {
      this.#waiting.delete(next)
      this.#unlisten(next.signal)
      next.enter()
    }
  }

  #listen(signal: AbortSignal): void {
    const known = this.#signals.get(signal)
    if (known !== undefined) {
      known.count += 1
      return
    }
    const listener = (): void => {
      this.#signals.delete(signal)
      for (const one of [...this.#waiting]) {
        if (one.signal === signal && this.#waiting.delete(one)) one.leave()
      }
    }
    this.#signals.set(signal, { count: 1, listener })
    signal.addEventListener("abort", listener, { once: true })
  }

  #unlisten(signal: AbortSignal): void {
    const known = this.#signals.get(signal)
    if (known === undefined) return
    known.count -= 1
    if (known.count > 0) return
    this.#signals.delete(signal)
    signal.removeEventListener("abort", known.listener)
  }
}
