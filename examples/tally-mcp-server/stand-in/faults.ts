/** Something that the stand-in does instead of answering as it should. */
export interface Fault {
  /** Only for paths that start so. Default: every path. */
  readonly path?: string
  /** For how many requests. Default: 1. */
  readonly times?: number
  /** Waits so long before it answers. */
  readonly delayMs?: number
  /** Waits for this before it answers. */
  readonly heldUntil?: Promise<unknown>
  /** Never answers. */
  readonly hang?: boolean
  /** The status of the answer. Default: the real answer is given, late or cut off. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The body of the answer, as it is. Default: Tally's own form of an error. */
  readonly body?: string
  /** Ends the connection after the headers and half of the body. */
  readonly cutOff?: boolean
}

/** The faults that are still to come, first in, first out. */
export class Faults {
  #pending: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#pending.push({ fault, left: fault.times ?? 1 })
  }

  /** Forgets the faults that have not happened. */
  clear(): void {
    this.#pending = []
  }

  /** The fault for a request, which is then used up. */
  take(path: string): Fault | undefined {
    const found = this.#pending.find(({ fault }) => path.startsWith(fault.path ?? "/"))
    if (found === undefined) return undefined
    found.left -= 1
    if (found.left <= 0) this.#pending = this.#pending.filter(other => other !== found)
    return found.fault
  }
}
