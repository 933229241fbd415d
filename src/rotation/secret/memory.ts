import type { Clock, RotationJournal, RotationState } from "../../core/index.ts"
import type { Found, Notice } from "../protocol/steps.ts"
import type { Moment } from "../schedule/due.ts"
import type { Timeline } from "../schedule/timeline.ts"
import type { RotationProblem } from "../status/report.ts"

/** What stays to be done when the call is over in which it was noticed. */
const STAYS: readonly Notice["about"][] = ["old-left-to-person", "new-left-to-person", "orphans-left"]

const MOST_NOTICES = 20

/** What a process remembers of one secret from call to call. Nothing that may be lost matters. */
export class Memory {
  readonly #clock: Clock
  readonly #timeline: Timeline
  /** The journal as it was read or written last, and when by the timeline. */
  #seen: { readonly found: Found; readonly at: number } | undefined
  /** When the value expires, as the last read told. */
  expires: Date | undefined
  /** What the last call came to, if that was a problem. */
  problem: RotationProblem | undefined
  /** What was left to a person, oldest first. */
  notices: readonly Notice[] = []
  /** How often steps have failed since the journal moved last. */
  failures = 0
  /** Before this the next look does nothing; by the timeline. */
  retryAt = 0
  /** How many rotations came to their end here. */
  ended = 0

  constructor(clock: Clock, timeline: Timeline) {
    this.#clock = clock
    this.#timeline = timeline
  }

  get journal(): RotationJournal | undefined {
    return this.#seen?.found.journal
  }

  get state(): RotationState {
    return this.journal?.state ?? "idle"
  }

  get rotationId(): string | undefined {
    return this.journal?.rotationId
  }

  found(found: Found): void {
    this.#seen = { found, at: this.#timeline.now() }
  }

  wrote(journal: RotationJournal): void {
    const { at = this.#clock.wall(), byStore = false } = this.moment() ?? {}
    this.found({ journal, at, byStore, monotonic: this.#clock.monotonic() })
  }

  /** Remembers what stays to be done by a person. Nobody tells when it is, so that only the latest ones are kept. */
  noticed(notice: Notice): void {
    if (!STAYS.includes(notice.about)) return
    const isKnown = (known: Notice): boolean =>
      known.about === notice.about &&
      (known.about === "orphans-left" || JSON.stringify(known) === JSON.stringify(notice))
    this.notices = [...this.notices.filter(known => !isKnown(known)), notice].slice(-MOST_NOTICES)
  }

  /** The far side was asked for orphans, and had none left. */
  noOrphans(): void {
    this.notices = this.notices.filter(({ about }) => about !== "orphans-left")
  }

  /** The present, by the clock by which the journal is written; `undefined` before the first look. */
  moment(): Moment | undefined {
    if (this.#seen === undefined) return undefined
    const { found, at } = this.#seen
    const { byStore, journal } = found
    const now = byStore ? found.at + this.#timeline.now() - at : this.#clock.wall()
    return { at: now, byStore, monotonic: this.#clock.monotonic(), journal }
  }
}
