import type { RotationJournal } from "../../core/index.ts"
import { spread } from "../ids.ts"
import { spreadOver, type Timetable } from "./timetable.ts"

/** How the rotations of one secret are to begin. */
export interface Appointment {
  readonly name: string
  readonly timetable: Timetable
  /** A part of one. */
  readonly jitter: number
  /** Whether a secret that was never rotated is due at once. */
  readonly beginsNow: boolean
}

/** What is known about the last rotation, at some moment. All times in milliseconds. */
export interface Moment {
  /** Since 1970, by the clock by which journals of this secret are written. */
  readonly at: number
  /** Whether that is the store's clock, which nobody sets. */
  readonly byStore: boolean
  /** By the monotonic clock of this process. */
  readonly monotonic: number
  readonly journal: RotationJournal | undefined
}

/** When the next rotation of a secret is due. */
export interface Due {
  /** In milliseconds since 1970, by the clock of the {@link Moment}. `Infinity`: never again, or not known yet. */
  readonly at: number
  /** Whether the time of the last rotation lies further in the future than a whole period: a clock is wrong, or was. */
  readonly strange: boolean
}

/** How late a rotation has to be, in milliseconds, to have been missed and not just to be due. */
const MISSED = 300_000

/**
 * Tells when one secret is due: from the time of its last promotion in the journal, never from the age of a version,
 * which going back to an older one would change.
 *
 * Where the store tells the time, its clock alone decides. Where it does not, this process also remembers for how long it
 * has known the last promotion, by the clock that is never set: the later of both readings counts. So a clock that is set
 * back delays nothing while a process lives; and where the next process finds the last rotation in the future, it waits
 * until that time and one period have passed, unless it lies more than a period ahead, when it is due at once.
 */
export class DueTimes {
  readonly #appointment: Appointment
  /** The last promotion that was seen, and how it looked when it was seen first. */
  #known: Known | undefined
  /** When the one that is due after this promotion begins. By the clock of the moments. */
  #decided: { readonly since: number; readonly at: number } | undefined

  constructor(appointment: Appointment) {
    this.#appointment = appointment
  }

  /** When the next one is due. */
  due(moment: Moment): Due {
    const { timetable, beginsNow } = this.#appointment
    const { at } = moment
    const promotedAt = moment.journal?.lastPromotedAt
    if (promotedAt === undefined) return { at: beginsNow ? at : Number.POSITIVE_INFINITY, strange: false }
    const strange = promotedAt - at > timetable.period(at)
    const known = this.#seen(promotedAt, moment, strange)
    if (strange && (moment.byStore || known.strange)) return { at, strange }
    const since = moment.byStore ? promotedAt : at - ageOf(known, moment)
    return { at: timetable.after(since, promotedAt), strange }
  }

  /**
   * The same for whoever stays and need not do everything at once: what was missed, because nobody was there or the
   * machine slept, is made up at a moment of the coming time that follows from the name, so that secrets which were
   * missed together are not made up together.
   */
  dueSpread(moment: Moment): Due {
    const due = this.due(moment)
    const { at } = moment
    if (due.at > at) return due
    const { name, timetable, jitter } = this.#appointment
    const since = moment.journal?.lastPromotedAt ?? 0
    const window = Math.max(1, Math.round(spreadOver(timetable.period(at), jitter)))
    // Decided once: what is due and cannot begin is not put off again. Unless the clock was set back meanwhile.
    if (this.#decided?.since !== since || this.#decided.at - at > window) {
      const missed = since === 0 || due.strange || at - due.at >= MISSED
      this.#decided = { since, at: missed ? nextPhase(at, window, spread("make-up", name)) : due.at }
    }
    return { ...due, at: this.#decided.at }
  }

  /** What was remembered when this promotion was first seen: now, if it never was. */
  #seen(promotedAt: number, { at, monotonic }: Moment, strange: boolean): Known {
    if (this.#known?.promotedAt !== promotedAt) {
      this.#known = { promotedAt, strange, age: Math.max(0, at - promotedAt), monotonic }
    }
    return this.#known
  }
}

/** A promotion as it looked when this process saw it first. */
interface Known {
  readonly promotedAt: number
  /** Whether it lay more than a period ahead: what comes then is due until there is another promotion. */
  readonly strange: boolean
  readonly age: number
  readonly monotonic: number
}

/** How long ago a promotion was: what the clock says, or for how long it has been known, whichever is longer. */
function ageOf({ promotedAt, age, monotonic }: Known, moment: Moment): number {
  return Math.max(0, moment.at - promotedAt, age + moment.monotonic - monotonic)
}

/**
 * The next time at which a window of time is at this phase. By the clock and not by when this process began: one that is
 * started again and again comes to it all the same.
 */
function nextPhase(at: number, window: number, phase: number): number {
  const into = Math.floor(window * phase) - at
  return at + (((into % window) + window) % window)
}
