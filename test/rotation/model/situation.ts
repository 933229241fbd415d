import type { Answer, Step } from "../../../src/rotation/protocol/steps.ts"
import type { Ending, Mind, Terms, Wish } from "../../../src/rotation/protocol/terms.ts"
import type { Planted, World } from "./world.ts"

/** One program that rotates: what it has been answered in its present turn, and what it remembers from turns before. */
export interface Replica {
  readonly me: string
  readonly lives: number
  readonly held?: Mind["held"]
  readonly answers: readonly Answer[]
  /** Whether it may begin a rotation in its present turn: settled when the turn begins. */
  readonly rotate?: boolean
  /** What a person wants of its present turn. */
  readonly wish?: PersonalWish
  /** Whether its present turn only gives back its lease. */
  readonly leaves?: boolean
}

/** What a person may ask for. */
export type PersonalWish = "compromised" | "rollback" | "abort" | "resume"

/** How much of each misfortune may happen. */
export interface Budget {
  /** Programs that die and start again. */
  readonly crashes: number
  /** Requests that are carried out and whose answer is lost. */
  readonly lost: number
  /** Leaps of time, past every lease. */
  readonly jumps: number
  /** Values that a person writes into the secret. */
  readonly edits: number
  /** Rotations that may begin. */
  readonly claims: number
  /** Requests that are given up and carried out later. */
  readonly late?: number
  /** How often another program may go on than the one that went last. Default: as often as it can be. */
  readonly switches?: number
  /** Programs that end in good order, between two turns, and give their lease back. */
  readonly leaves?: number
  /** What persons ask for, each once, at any time. */
  readonly wishes?: readonly PersonalWish[]
}

/** A whole situation. */
export interface Situation {
  readonly world: World
  readonly replicas: readonly Replica[]
  readonly left: Budget
  /** Requests that are on their way, though nobody waits for them any more. */
  readonly onTheWay?: readonly Step[]
  /** Which program went last, where that is counted. */
  readonly last?: number
}

/** How the explorer changes the protocol, to see that it notices. */
export interface Variation {
  /** Whether what follows on a fence is carried out before anything else happens: steps that keep to their deadlines. */
  readonly prompt?: boolean
  readonly planted?: Planted
  readonly turn?: (terms: Terms, mind: Mind, wish: Wish) => Generator<Step, Ending, Answer>
  readonly terms?: Partial<Terms>
}

export interface Exploration {
  readonly situations: number
  readonly complete: boolean
  readonly violations: readonly Violation[]
  /** Every step of the journal from state to state that was seen, as `claimed > parked`. */
  readonly transitions: ReadonlySet<string>
}

export interface Violation {
  readonly what: string
  readonly trace: readonly string[]
}
