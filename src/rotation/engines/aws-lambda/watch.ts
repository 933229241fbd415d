import type { Clock, RotationJournal, RotationState } from "../../../core/index.ts"
import type { RotationEvent, RotationEvents, RotationStep } from "../../events.ts"
import type { Onlooker } from "../../hands/hands.ts"
import type { Found, Notice } from "../../protocol/steps.ts"

type Told = RotationEvent extends infer Each
  ? Each extends RotationEvent
    ? Omit<Each, "name" | "rotationId" | "state" | "at">
    : never
  : never

/** What happens to one secret in one invocation: remembered for as long as that lasts, and told whoever listens. */
export class Watch implements Onlooker {
  readonly #name: string
  readonly #clock: Clock
  readonly #events: RotationEvents
  #journal: RotationJournal | undefined
  /** Whether the far side has refused a candidate. */
  refused = false

  constructor(name: string, clock: Clock, events: RotationEvents) {
    this.#name = name
    this.#clock = clock
    this.#events = events
  }

  get state(): RotationState {
    return this.#journal?.state ?? "idle"
  }

  found({ journal }: Found): void {
    this.#journal = journal
  }

  wrote(journal: RotationJournal): void {
    const { from, to } = { from: this.state, to: journal.state }
    this.#journal = journal
    if (from !== to) this.tell({ type: "moved", from, to })
  }

  read(): void {}

  stepped(step: RotationStep, took: number): void {
    this.tell({ type: "step", step, took })
  }

  noticed(notice: Notice): void {
    if (notice.about === "candidate-refused") this.refused = true
    this.tell({ type: "notice", notice })
  }

  tell(told: Told): void {
    if (!this.#events.heard) return
    const { rotationId } = this.#journal ?? {}
    this.#events.emit({
      ...told,
      name: this.#name,
      ...(rotationId === undefined ? {} : { rotationId }),
      state: this.state,
      at: new Date(this.#clock.wall()),
    })
  }
}
