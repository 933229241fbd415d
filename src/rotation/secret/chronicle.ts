import type { RotationJournal, RotationState } from "../../core/index.ts"
import type { RotationEvent, RotationEvents, RotationStep } from "../events.ts"
import type { Onlooker } from "../hands/hands.ts"
import type { MainWithExpiry } from "../hands/store-steps.ts"
import type { Subject } from "../hands/subject.ts"
import type { Found, Notice } from "../protocol/steps.ts"
import type { Memory } from "./memory.ts"

/** An event without what all of them say. */
export type Told = RotationEvent extends infer Each
  ? Each extends RotationEvent
    ? Omit<Each, "name" | "rotationId" | "state" | "at">
    : never
  : never

/** What only a person can bring to its end. */
const FOR_PERSON: readonly Notice["about"][] = [
  "old-left-to-person",
  "new-left-to-person",
  "orphans-left",
  "rollback-refused",
]

/** What happens to one secret in one call: remembered, and told whoever listens. */
export class Chronicle implements Onlooker {
  readonly #subject: Subject
  readonly #memory: Memory
  readonly #events: RotationEvents
  /** Whether anything was written down. */
  moved = false
  /** The state before the last write of the journal. */
  from: RotationState | undefined
  /** The state that was written last. */
  to: RotationState | undefined
  /** Whether the far side has refused a candidate. */
  refused = false
  /** Whether the far side has refused a former credential that was to be gone back to. */
  refusedFormer = false
  /** What a person has to do or to look at, though the rotation went on. */
  readonly notices: Notice[] = []
  /** Whether the secret was changed since this was last set back. */
  changed = false

  constructor(subject: Subject, memory: Memory, events: RotationEvents) {
    this.#subject = subject
    this.#memory = memory
    this.#events = events
  }

  found(found: Found): void {
    this.#memory.found(found)
  }

  wrote(journal: RotationJournal): void {
    const { from, to } = { from: this.#memory.state, to: journal.state }
    // A value that was put back, and a set of keys without its old ones, come without another state.
    if (journal.promotedVersion !== this.#memory.journal?.promotedVersion) this.changed = true
    this.#memory.wrote(journal)
    this.moved = true
    this.from = from
    this.to = to
    if (from === to) return
    if (to === "published" || to === "promoted") this.changed = true
    this.tell({ type: "moved", from, to })
  }

  read({ expiresAt }: MainWithExpiry): void {
    this.#memory.expires = expiresAt
  }

  stepped(step: RotationStep, took: number): void {
    this.tell({ type: "step", step, took })
  }

  noticed(notice: Notice): void {
    if (notice.about === "candidate-refused") this.refused = true
    // It is told as well where a person takes the way back, and nobody was asked.
    if (notice.about === "rollback-refused" && this.refused) this.refusedFormer = true
    if (FOR_PERSON.includes(notice.about)) this.notices.push(notice)
    this.#memory.noticed(notice)
    this.tell({ type: "notice", notice })
  }

  /** Tells whoever listens. */
  tell(told: Told): void {
    if (!this.#events.heard) return
    const { name, clock } = this.#subject
    const { state, rotationId } = this.#memory
    this.#events.emit({
      ...told,
      name,
      ...(rotationId === undefined ? {} : { rotationId }),
      state,
      at: new Date(clock.wall()),
    })
  }
}
