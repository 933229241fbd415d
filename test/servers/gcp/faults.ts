import type { CodeName } from "./failure.ts"
import type { Method } from "./permissions.ts"

/** What goes wrong with a call, and with which. Several properties work together: slow, and then failing. */
export interface Fault {
  /** Only calls of this method. Default: all. */
  readonly method?: Method
  /** Only calls that name a resource that has this text in it. Default: all. */
  readonly resource?: string
  /** How many calls it strikes. Default: 1; `Infinity` until {@link Faults.clear}. */
  readonly times?: number
  /** Ends the call with this status. */
  readonly code?: CodeName
  /** The text of that status. Default: what the service is known to say, or a plain sentence. */
  readonly message?: string
  /** Adds a `RetryInfo` to that status. */
  readonly retryDelayMs?: number
  /** Adds an `ErrorInfo` with this reason, in the domain `googleapis.com`. */
  readonly reason?: string
  /** Waits for so long first. */
  readonly slowMs?: number
  /** Waits for this first. */
  readonly heldUntil?: Promise<unknown>
  /** Never answers. */
  readonly hang?: boolean
  /** Cuts the connection in mid-call; other calls on it fall, too. */
  readonly cut?: boolean
  /** Answers an access with a payload in which one bit has changed on the way, and the right checksum. */
  readonly corrupt?: boolean
  /** Strikes once the call has done its work: the answer is lost, the effect is not. */
  readonly afterEffect?: boolean
}

/** The faults that are still to come. */
export interface Faults {
  /** Adds one. The oldest that fits a call strikes it, one per call. */
  next(fault: Fault): void
  /** Drops what has not struck yet. */
  clear(): void
  /** How many faults are still to come. */
  readonly pending: number
}

/** Faults, and the means to take the one that strikes a call. */
export class FaultQueue implements Faults {
  #waiting: Array<{ readonly fault: Fault; times: number }> = []

  next(fault: Fault): void {
    this.#waiting.push({ fault, times: fault.times ?? 1 })
  }

  clear(): void {
    this.#waiting = []
  }

  get pending(): number {
    return this.#waiting.reduce((sum, { times }) => sum + times, 0)
  }

  /** The fault that strikes this call, if any. */
  take(method: Method, resource: string): Fault | undefined {
    const struck = this.#waiting.find(
      ({ fault }) =>
        (fault.method === undefined || fault.method === method) && resource.includes(fault.resource ?? ""),
    )
    if (struck === undefined) return undefined
    struck.times -= 1
    if (struck.times <= 0) this.#waiting = this.#waiting.filter(one => one !== struck)
    return struck.fault
  }
}
