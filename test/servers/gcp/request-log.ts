import type { CodeName } from "./failure.ts"
import type { Method } from "./permissions.ts"

/** A call that arrived. */
export interface LoggedRequest {
  readonly method: Method
  /** The name, or the parent, as the client wrote it. */
  readonly resource: string
  /** Milliseconds on the clock of `performance.now()` at which it came in. */
  readonly at: number
  /** How many calls were under way when it had come in, itself included. */
  readonly inFlight: number
  /** 1, or one more than the highest wave of the calls that had been answered when it came in. */
  readonly wave: number
  /** Name of the identity that was accepted, `undefined` where none is asked for or known. */
  readonly identity: string | undefined
  /** How it ended: `CANCELLED` if the client gave up or the connection broke; `undefined` while it is under way. */
  readonly ended: "OK" | CodeName | undefined
}

/** The calls that arrived since the start, or since {@link RequestLog.clear}, in order. */
export interface RequestLog {
  readonly requests: readonly LoggedRequest[]
  /** Calls of one method. */
  of(method: Method): readonly LoggedRequest[]
  /** Most calls that were under way at once. */
  readonly mostInFlight: number
  /** Calls that were under way at this moment. */
  readonly inFlight: number
  /**
   * The longest chain of calls of which each came in after the one before it had been answered: how many times a
   * client had to wait for the network.
   */
  readonly waves: number
  /** Forgets what was; calls that are under way are not counted any more. */
  clear(): void
}

type Entry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] }

/** The log, and the means to write it. */
export class WrittenLog implements RequestLog {
  #entries: Entry[] = []
  #underWay = new Set<Entry>()
  #answeredWave = 0

  get requests(): readonly LoggedRequest[] {
    return this.#entries
  }

  of(method: Method): readonly LoggedRequest[] {
    return this.#entries.filter(entry => entry.method === method)
  }

  get mostInFlight(): number {
    return Math.max(0, ...this.#entries.map(({ inFlight }) => inFlight))
  }

  get inFlight(): number {
    return this.#underWay.size
  }

  get waves(): number {
    return Math.max(0, ...this.#entries.map(({ wave }) => wave))
  }

  clear(): void {
    this.#entries = []
    this.#underWay = new Set()
    this.#answeredWave = 0
  }

  /** Writes that a call has come in. */
  begin(method: Method, resource: string): Entry {
    const entry: Entry = {
      method,
      resource,
      at: performance.now(),
      inFlight: this.#underWay.size + 1,
      wave: this.#answeredWave + 1,
      identity: undefined,
      ended: undefined,
    }
    this.#entries.push(entry)
    this.#underWay.add(entry)
    return entry
  }

  /** Writes how it ended. Only the first word counts. */
  end(entry: Entry, ended: "OK" | CodeName): void {
    if (entry.ended !== undefined) return
    entry.ended = ended
    if (this.#underWay.delete(entry)) this.#answeredWave = Math.max(this.#answeredWave, entry.wave)
  }
}
