import { RotationEvents } from "../events.ts"
import { failureOf, Hands } from "../hands/hands.ts"
import { dryRunOf } from "../status/dry-run.ts"
import { failed } from "../status/problems.ts"
import type { DryRun, RotationStatus } from "../status/report.ts"
import { Chronicle } from "./chronicle.ts"
import type { Errand } from "./errand.ts"
import type { Memory } from "./memory.ts"
import type { Ward } from "./ward.ts"

/** Nobody hears of what an observer sees. */
const SILENCE = new RotationEvents()

/**
 * Looks at one secret and changes nothing. It waits for no turn that is under way, and remembers what it sees by itself:
 * a turn goes by what it has seen itself.
 */
export class Observer {
  readonly #ward: Ward
  readonly #memory: Memory
  readonly #hands: Hands
  readonly #errand: Errand

  constructor(ward: Ward, errand: Errand) {
    this.#ward = ward
    this.#errand = errand
    this.#memory = ward.newMemory()
    this.#memory.problem = ward.memory.problem
    this.#memory.notices = ward.memory.notices
    const nobody = new Chronicle(ward.subject, this.#memory, SILENCE)
    this.#hands = new Hands(ward.subject, nobody, errand.over, { glances: true })
  }

  /** How it is by its journal as it is now. What fails is told in it. @throws SecretError `ABORTED`, `CLOSED` */
  async status(): Promise<RotationStatus> {
    const { subject } = this.#ward
    this.#errand.check()
    try {
      await this.#hands.load()
      // Tells when the value expires.
      await this.#hands.perform({ do: "main" })
    } catch (thrown) {
      this.#errand.check()
      this.#memory.problem = failed(subject.name, failureOf(thrown, subject).error)
    }
    return this.#ward.status(this.#memory)
  }

  /** What `rotate` would do. What fails is told in it. @throws SecretError `ABORTED`, `CLOSED` */
  async dryRun(): Promise<DryRun> {
    const dryRun = await dryRunOf(this.#ward.subject, this.#hands, await this.status())
    this.#errand.check()
    return dryRun
  }
}
