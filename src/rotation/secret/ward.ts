import type { Subject } from "../hands/subject.ts"
import { type Due, DueTimes } from "../schedule/due.ts"
import type { Timeline } from "../schedule/timeline.ts"
import type { Schedule } from "../settings.ts"
import type { RotationStatus } from "../status/report.ts"
import { statusOf } from "../status/status.ts"
import { Memory } from "./memory.ts"

/** One secret that is cared for: what it is, when it is rotated, and what this process knows of it. */
export class Ward {
  readonly subject: Subject
  /** Absent where only a person begins a rotation. */
  readonly schedule: Schedule | undefined
  readonly memory: Memory
  readonly #timeline: Timeline
  readonly #due: DueTimes | undefined

  constructor(subject: Subject, schedule: Schedule | undefined, timeline: Timeline) {
    this.subject = subject
    this.schedule = schedule
    this.memory = this.newMemory(timeline)
    this.#timeline = timeline
    this.#due = schedule === undefined ? undefined : new DueTimes({ name: subject.name, ...schedule })
  }

  /** A memory that knows nothing, for whoever only looks and must not disturb what a turn goes by. */
  newMemory(timeline: Timeline = this.#timeline): Memory {
    return new Memory(this.subject.clock, timeline)
  }

  /**
   * When the next rotation is due; `undefined` where none begins by itself, or nobody has looked yet.
   *
   * @param unhurried whether what was missed is spread over the coming time.
   */
  due(unhurried: boolean): Due | undefined {
    const moment = this.memory.moment()
    if (moment === undefined) return undefined
    const { journal } = moment
    // What is known to somebody is not left in use until its time comes, because the first candidate was refused.
    if (journal?.state === "idle" && journal.compromised === true) {
      return { at: journal.notBefore ?? moment.at, strange: false }
    }
    if (this.schedule?.enabled !== true) return undefined
    return unhurried ? this.#due?.dueSpread(moment) : this.#due?.due(moment)
  }

  /** How it is, by what is remembered. */
  status(memory: Memory = this.memory): RotationStatus {
    const moment = memory.moment()
    return statusOf({
      name: this.subject.name,
      scheduled: this.schedule?.enabled === true,
      tolerance: this.schedule?.tolerance ?? Number.POSITIVE_INFINITY,
      moment,
      due: moment === undefined ? undefined : this.#due?.due(moment),
      expires: memory.expires,
      problem: memory.problem,
      notices: memory.notices,
    })
  }
}
