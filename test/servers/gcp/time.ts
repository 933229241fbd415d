/** A point of time or a length, as protobuf writes them. */
export interface Timestamp {
  readonly seconds: string
  readonly nanos: number
}

const NANOS_PER_SECOND = 1_000_000_000n
const NANOS_PER_MILLISECOND = 1_000_000n

/** The service's clock: it can be put forward, and never tells one microsecond twice. */
export class ServiceClock {
  #ahead = 0n
  #last = 0n

  /** Nanoseconds since 1970, in whole microseconds, later than every one before. */
  tick(): bigint {
    const now = this.now()
    this.#last = now > this.#last ? now : this.#last + 1_000n
    return this.#last
  }

  /** Nanoseconds since 1970. */
  now(): bigint {
    return BigInt(Date.now()) * NANOS_PER_MILLISECOND + this.#ahead
  }

  /** Puts it forward. */
  advance(milliseconds: number): void {
    this.#ahead += BigInt(Math.round(milliseconds)) * NANOS_PER_MILLISECOND
  }
}

/** Nanoseconds as protobuf writes them. */
export function timestampOf(nanos: bigint): Timestamp {
  return { seconds: String(nanos / NANOS_PER_SECOND), nanos: Number(nanos % NANOS_PER_SECOND) }
}

/** Nanoseconds of what protobuf wrote; a part that is left out is zero. */
export function nanosOf({ seconds = "0", nanos = 0 }: Partial<Timestamp>): bigint {
  return BigInt(seconds) * NANOS_PER_SECOND + BigInt(nanos)
}

/**
 * The etag of a change. Those that were recorded are the microsecond of the change in hexadecimal behind a one, with
 * the quote marks as part of the text (AIP-154).
 */
export function etagOf(nanos: bigint): string {
  return `"1${(nanos / 1_000n).toString(16)}"`
}
