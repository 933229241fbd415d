import {
  type Clock,
  isSecretError,
  type RotationJournal,
  SecretError,
  type SecretStore,
} from "../../../core/index.ts"
import type { RotationEvents } from "../../events.ts"
import { drive, driveLeave } from "../../hands/drive.ts"
import { Hands, StepFailed } from "../../hands/hands.ts"
import { Place } from "../../hands/place.ts"
import type { Subject } from "../../hands/subject.ts"
import type { RotationPlan } from "../../plan.ts"
import { deadlinesOf } from "../../plan-times.ts"
import type { Found } from "../../protocol/steps.ts"
import type { Ending, Mind, Wish } from "../../protocol/terms.ts"
import { leastLease, termsOf } from "../../terms.ts"
import type { ManagedRotation } from "./service.ts"
import { Watch } from "./watch.ts"

/** How one secret is rotated. */
export interface Planned {
  readonly name: string
  readonly plan: RotationPlan
  readonly scopes: readonly string[]
}

/** What all the work of a function has in common. */
export interface Household {
  readonly service: ManagedRotation
  readonly events: RotationEvents
  readonly clock: Clock
  /** How long one call to the store may take, in milliseconds. */
  readonly callTimeout: number
}

/** One invocation's work. */
export interface Errand {
  /** Who this is: different for every invocation. */
  readonly me: string
  readonly signal: AbortSignal
  readonly rotationToken?: string | undefined
}

/**
 * The work on one secret in one invocation: turns of the same protocol that the Rotator follows, on the same journal. Only
 * the ids of rotations are others: they have the token in them by which the service calls its rotation.
 */
export class Work {
  readonly planned: Planned
  readonly watch: Watch
  readonly #household: Household
  readonly #errand: Errand
  readonly #place: Place
  readonly #store: SecretStore & Required<Pick<SecretStore, "rotation">>
  readonly #mind: Mind

  /** @param place where the service has the secret, if that is known already. */
  constructor(planned: Planned, household: Household, errand: Errand, place?: string) {
    const { service, clock, events } = household
    this.planned = planned
    this.#household = household
    this.#errand = errand
    this.#store = service.store(errand.rotationToken)
    const ledger = this.#store.rotation()
    const known = place === undefined ? ledger : { placeOf: async () => place }
    this.#place = new Place(planned.name, service.location, known)
    this.#mind = { me: errand.me }
    this.watch = new Watch(planned.name, clock, events)
  }

  get name(): string {
    return this.planned.name
  }

  /** The journal as it is now. @throws SecretError */
  async load(): Promise<Found> {
    return await this.#failing(() => this.#hands(undefined).load())
  }

  /** What a person has to do before a rotation begins. @throws SecretError */
  async awaits(): Promise<string | undefined> {
    return await this.#failing(() => this.#hands(undefined).awaits())
  }

  /** The version that is the current one. @throws SecretError */
  async currentVersion(): Promise<string | undefined> {
    return (await this.#failing(() => this.#hands(undefined).perform({ do: "main" }))).version
  }

  /** The token of the service's rotation that a journal is about; `undefined` if it is about none. */
  tokenIn(journal: RotationJournal | undefined): string | undefined {
    if (journal?.rotationId === undefined || journal.state === "idle") return undefined
    return this.#household.service.tokenOf(journal.rotationId)
  }

  /**
   * Takes one turn from a journal that was read.
   *
   * @param token of the rotation that the turn is about, or that it begins.
   * @throws SecretError what a step throws; the next invocation goes on from the journal
   */
  async turn(wish: Wish, found: Found, token: string | undefined): Promise<Ending> {
    const subject = this.#subject(token)
    const beginning = { terms: subject.terms, mind: this.#mind, wish, found }
    const ending = await this.#failing(() => drive(beginning, this.#hands(token)))
    if (ending.end === "blocked") this.watch.tell({ type: "blocked", reason: ending.reason })
    if (ending.end === "lost") this.watch.tell({ type: "lost", alarm: ending.alarm })
    if (ending.end === "held" || ending.end === "waiting")
      this.watch.tell({ type: ending.end, until: new Date(ending.until) })
    return ending
  }

  /** Gives its lease back, if it has one: see `leave` of the protocol. That this fails is told, and harms nobody. */
  async leave(): Promise<void> {
    if (this.#mind.held === undefined || this.#errand.signal.aborted) return
    const { terms } = this.#subject(undefined)
    try {
      await this.#failing(() => driveLeave({ terms, mind: this.#mind }, this.#hands(undefined)))
    } catch (thrown) {
      // Whoever listens was told, and what the invocation failed with before counts.
      if (!isSecretError(thrown)) throw thrown
    }
  }

  #hands(token: string | undefined): Hands {
    return new Hands(this.#subject(token), this.watch, this.#errand.signal)
  }

  #subject(token: string | undefined): Subject {
    const { service, clock, callTimeout } = this.#household
    const { name, plan, scopes } = this.planned
    const ledger = this.#store.rotation()
    const { promotion, journals } = ledger
    if (journals === undefined) {
      throw new SecretError("UNSUPPORTED", { secret: name, message: "the store keeps no journals" })
    }
    const place = this.#place
    const lease = leastLease(plan, callTimeout)
    const terms = termsOf({ name, place, plan, promotion, lease, callTimeout })
    return {
      name,
      place,
      plan,
      terms:
        token === undefined
          ? terms
          : { ...terms, rotationId: (claimSeq, attempt) => service.rotationId(token, claimSeq, attempt) },
      deadlines: deadlinesOf(plan),
      scopes,
      store: this.#store,
      ledger,
      journals,
      clock,
    }
  }

  async #failing<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (thrown) {
      if (!(thrown instanceof StepFailed)) throw thrown
      const { step, error } = thrown
      this.watch.tell({ type: "failed", step, error })
      throw error
    }
  }
}
