/** What a fault is judged by. */
export interface Judged {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Whose valid token came with the request, if one did. */
  readonly identity: string | undefined
}

/** What goes wrong. Where it does not say otherwise, the request is not carried out. */
export type Mishap =
  /**
   * An error of the service with this status. `retryAfter` is in seconds, or a date; left out, there is no such header.
   * With `carriedOut` the request takes effect all the same.
   */
  | { readonly status: number; readonly retryAfter?: number | string; readonly carriedOut?: boolean }
  /** The right answer, so many milliseconds late, or when this has settled. */
  | { readonly slow: number | Promise<unknown> }
  /** No answer, ever; the connection stays open. */
  | { readonly hang: true }
  /** The connection ends before anything is answered. */
  | { readonly reset: true }
  /** The request is carried out, and the connection ends before anything is answered. */
  | { readonly lost: true }
  /** The request is carried out, and the connection ends in the middle of the answer's body. */
  | { readonly cut: true }
  /** The request is carried out, and the first half of the answer's body is sent as if it were all, or this text. */
  | { readonly malformed: true | string }
  /** The page of a proxy with status 200, or this page. */
  | { readonly html: true | string }
  /** 307 to the same path under this origin. */
  | { readonly redirect: string }

/** A mishap, whom it meets and how often. */
export type Fault = Mishap & {
  /** How many requests it meets. Default: 1. */
  readonly times?: number
  /** Which requests it meets. Default: all. */
  readonly match?: (request: Judged) => boolean
}

/** The faults of a stand-in. */
export interface Faults {
  /** The next request that fits ends like this; faults that fit the same request come one after the other. */
  next(fault: Fault): void
  /** Every request that fits ends like this until {@link heal}. */
  always(fault: Fault): void
  /** Ends all faults, also of requests that hang: their connections are closed. */
  heal(): void
  /** How many faults are still to come. */
  readonly waiting: number
}

/** {@link Faults}, with what only the server does. */
export interface FaultQueue extends Faults {
  /** Takes the fault that meets a request. */
  take(request: Judged): Mishap | undefined
  /** Resolves with the next {@link Faults.heal}. */
  healed(): Promise<void>
}

/** Makes a queue without faults. */
export function faultQueue(): FaultQueue {
  let queue: { readonly fault: Fault; left: number }[] = []
  let waiting: (() => void)[] = []
  return {
    next: fault => void queue.push({ fault, left: fault.times ?? 1 }),
    always: fault => void queue.push({ fault, left: Number.POSITIVE_INFINITY }),
    heal() {
      queue = []
      for (const heard of waiting.splice(0)) heard()
    },
    get waiting() {
      return queue.reduce((sum, { left }) => sum + left, 0)
    },
    take(request) {
      const met = queue.find(({ fault }) => fault.match?.(request) ?? true)
      if (met === undefined) return undefined
      met.left -= 1
      if (met.left <= 0) queue = queue.filter(one => one !== met)
      return met.fault
    },
    healed: async () => {
      await new Promise<void>(resolve => {
        waiting = [...waiting, resolve]
      })
    },
  }
}
