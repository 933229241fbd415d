import { elapsed, type Instant } from "../../../src/core/index.ts"

/** How far apart two readings have to be, in milliseconds, to be believed that a secret is gone. */
const BELIEVED_AFTER = 1_000

/** One version, as far as the model looks at it. */
export interface ModelVersion {
  readonly value: string
  readonly version: string
}

export interface ModelPolicy {
  /** `ttl + maxStale`, in milliseconds. */
  readonly oldest: number
  readonly versionedReads: boolean
  readonly onDenied: "withdraw" | "maxStale"
}

export type Gone = "NOT_FOUND" | "DISABLED" | "DENIED"

/**
 * What is promised about one secret, in the plainest words: it is told what the store answered, and says what may be
 * revealed. Answers have a place in the order in which their calls began.
 */
export class SecretModel {
  readonly #policy: ModelPolicy
  /** The place of the newest answer. */
  newest = 0
  /** The same of the newest one that spoke for what is held. */
  answered = 0
  held: ModelVersion | undefined
  /** When the call began whose answer last spoke for what is held. */
  answeredAt: Instant = { monotonic: 0, wall: 0 }
  /** Whether a refresh has failed since then. */
  failing = false
  /** When the call began that was first told that the secret is gone. */
  doubtedAt: Instant | undefined
  /** Whether the held version itself has to be asked for. */
  asking = false
  /** Whether there is a newer version, which was refused. */
  refusing = false
  withdrawn: Gone | undefined
  tooOld = false

  constructor(policy: ModelPolicy) {
    this.#policy = policy
  }

  get revealed(): string | undefined {
    return this.withdrawn === undefined && !this.tooOld ? this.held?.value : undefined
  }

  isLate(order: number): boolean {
    return order < this.newest
  }

  accepted(order: number, at: Instant, held: ModelVersion): void {
    if (this.isLate(order)) return
    this.#answered(order, at)
    this.held = held
    this.refusing = false
    this.withdrawn = undefined
    this.tooOld = false
  }

  refused(order: number, at: Instant): void {
    if (this.isLate(order)) return
    this.#answered(order, at)
    this.refusing = true
  }

  failed(order: number, now: Instant): void {
    if (this.isLate(order)) return
    this.newest = order
    this.failing = true
    this.look(now)
  }

  absent(order: number, at: Instant, now: Instant, code: Gone): void {
    if (this.isLate(order)) return
    const { doubtedAt } = this
    this.failed(order, now)
    if (code === "DENIED" && this.#policy.onDenied === "maxStale") return
    if (this.held === undefined || this.withdrawn !== undefined) return
    if (doubtedAt === undefined) this.doubtedAt = at
    else if (at.monotonic - doubtedAt.monotonic >= BELIEVED_AFTER) {
      if (this.#policy.versionedReads) this.asking = true
      else this.gone(order, code)
    }
  }

  /** The held version itself was asked for, and it can be read. */
  kept(order: number, at: Instant): void {
    if (this.isLate(order) || this.held === undefined) return
    this.#answered(order, at)
    this.withdrawn = undefined
    this.tooOld = false
  }

  gone(order: number, code: Gone): void {
    if (this.isLate(order)) return
    this.newest = order
    this.doubtedAt = undefined
    this.asking = false
    if (this.held !== undefined) this.withdrawn ??= code
  }

  /** Time has passed. */
  look(now: Instant): void {
    if (this.held === undefined || !this.failing) return
    if (elapsed(this.answeredAt, now) >= this.#policy.oldest) this.tooOld = true
  }

  #answered(order: number, at: Instant): void {
    this.newest = order
    this.answered = order
    this.answeredAt = at
    this.failing = false
    this.doubtedAt = undefined
    this.asking = false
  }
}
