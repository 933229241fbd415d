/** A request that came to the proxy. Holds nothing that could be a credential or a value. */
export interface LoggedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** What is asked of services that say so in a header (`x-amz-target`): `GetSecretValue`; else the method. */
  readonly operation: string
  /** Milliseconds by the clock of `performance.now()` at which it had come in. */
  readonly startedAt: number
  /** The same of its end; `undefined` while it is under way. */
  readonly endedAt: number | undefined
  /** The status that the client was answered with; `undefined` while there is none, and where it got none. */
  readonly status: number | undefined
  /** Which fault struck it, if one did. */
  readonly struckBy: string | undefined
  /** How many requests were under way when it had come in, itself included. */
  readonly inFlight: number
  /** 1, or one more than the highest wave of the requests that had ended when it came in. */
  readonly wave: number
}

/** The requests since the start, or since the log was cleared, in the order in which they came. */
export interface RequestLog {
  readonly requests: readonly LoggedRequest[]
  /** Those that asked for one operation. */
  of(operation: string): readonly LoggedRequest[]
  /** How many are under way at this moment. */
  readonly underWay: number
  /** How many were under way at once, at the most. */
  readonly mostInFlight: number
  /**
   * The longest chain of requests of which each came in after the one before it had ended: how many times a client had
   * to wait for the network.
   */
  readonly waves: number
  /** Forgets what was; requests that are under way are not counted any more. */
  clear(): void
}

/** A request that is under way, to be written to. */
export type Entry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] }

/** The log, and the means to write it. */
export class WrittenLog implements RequestLog {
  #entries: Entry[] = []
  #present = new Set<Entry>()
  #endedWave = 0

  get requests(): readonly LoggedRequest[] {
    return this.#entries
  }

  of(operation: string): readonly LoggedRequest[] {
    return this.#entries.filter(entry => entry.operation === operation)
  }

  get underWay(): number {
    return this.#present.size
  }

  get mostInFlight(): number {
    return Math.max(0, ...this.#entries.map(({ inFlight }) => inFlight))
  }

  get waves(): number {
    return Math.max(0, ...this.#entries.map(({ wave }) => wave))
  }

  clear(): void {
    this.#entries = []
    this.#present = new Set()
    this.#endedWave = 0
  }

  begin({ method, path, operation }: Pick<LoggedRequest, "method" | "path" | "operation">): Entry {
    const entry: Entry = {
      method,
      path,
      operation,
      startedAt: performance.now(),
      endedAt: undefined,
      status: undefined,
      struckBy: undefined,
      inFlight: this.#present.size + 1,
      wave: this.#endedWave + 1,
    }
    this.#entries.push(entry)
    this.#present.add(entry)
    return entry
  }

  /** Writes that a request has ended, well or badly. Only the first time counts. */
  end(entry: Entry): void {
    if (entry.endedAt !== undefined) return
    entry.endedAt = performance.now()
    if (this.#present.delete(entry)) this.#endedWave = Math.max(this.#endedWave, entry.wave)
  }
}
