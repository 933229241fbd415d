/** The time of a stand-in: the real one, until a test moves it. */
export interface ServerClock {
  /** Milliseconds since 1970. */
  now(): number
  /** What the service writes: whole seconds since 1970. */
  seconds(): number
  /** Lets so many milliseconds pass at once. */
  advance(milliseconds: number): void
  /** Stops the clock at a time, in milliseconds since 1970; it then moves by `advance` only. */
  stopAt(time: number): void
}

/** Makes a clock that starts with the real time. */
export function serverClock(): ServerClock {
  let ahead = 0
  let stopped: number | undefined
  const now = (): number => (stopped ?? Date.now()) + ahead
  return {
    now,
    seconds: () => Math.floor(now() / 1000),
    advance(milliseconds) {
      ahead += milliseconds
    },
    stopAt(time) {
      stopped = time
      ahead = 0
    },
  }
}
