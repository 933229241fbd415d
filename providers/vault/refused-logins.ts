import { type Clock, elapsed, type Instant, instant } from "../../src/core/index.ts"

/** The pause after something failed the first time, how many times as long each further one is, and the longest one. */
export interface Pauses {
  /** Milliseconds. */
  readonly first: number
  readonly factor: number
  /** Milliseconds. */
  readonly longest: number
}

/** For what may pass by itself, and harms nobody when it is tried again. */
export const PATIENT: Pauses = { first: 1_000, factor: 2, longest: 300_000 }

/**
 * For logins that the server counts ("User lockout": the fifth one that fails within 15 minutes locks the role, or the
 * user, for everybody, for 15 minutes): the fifth comes a thousand seconds after the fourth, when none is counted any more.
 */
export const COUNTED: Pauses = { first: 1_000, factor: 10, longest: 1_000_000 }

/** How long to wait after something failed so many times, in milliseconds. */
export function pauseAfter(failures: number, { first, factor, longest }: Pauses): number {
  return failures === 0 ? 0 : Math.min(longest, first * factor ** (failures - 1))
}

/** What the server said to the last credential that it did not accept. */
export interface RefusedLogins {
  /** @throws the error that the server refused this credential with, as long as it is not to be asked with it again */
  check(credential: string): void
  note(credential: string, error: unknown): void
  /** The server has accepted what was made of the credential. */
  forget(): void
}

/**
 * Keeps a store from asking again and again with a credential that was refused: not before a pause that grows, and at once
 * when there is another credential. No timers: the clock is looked at when somebody asks.
 */
export function refusedLogins(clock: Clock, pauses: Pauses): RefusedLogins {
  let last:
    | { readonly credential: string; readonly error: unknown; readonly at: Instant; readonly times: number }
    | undefined

  return {
    check(credential) {
      if (last?.credential !== credential) return
      if (elapsed(last.at, instant(clock)) < pauseAfter(last.times, pauses)) throw last.error
    },
    note(credential, error) {
      const times = last?.credential === credential ? last.times + 1 : 1
      last = { credential, error, at: instant(clock), times }
    },
    forget() {
      last = undefined
    },
  }
}
