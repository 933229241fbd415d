import { isSecretError, rebuild, type SecretError } from "../../core/index.ts"
import type { RotationEvents } from "../events.ts"
import { drive, driveLeave } from "../hands/drive.ts"
import { failureOf, Hands } from "../hands/hands.ts"
import type { Found } from "../protocol/steps.ts"
import type { Ending, Mind, Wish } from "../protocol/terms.ts"
import { Places } from "../schedule/places.ts"
import type { Timeline } from "../schedule/timeline.ts"
import { awaits } from "../status/problems.ts"
import type { RotationProblem } from "../status/report.ts"
import { Chronicle } from "./chronicle.ts"
import type { Errand } from "./errand.ts"
import { type Facts, notGranted, type Result, resultOf, resultOfFailure, resultOfPause } from "./result.ts"
import type { Ward } from "./ward.ts"

/** What all caretakers of one Rotator share. */
export interface Household {
  /** Who this Rotator is: different for every one that was ever made. */
  readonly me: string
  readonly events: RotationEvents
  readonly timeline: Timeline
  readonly random: () => number
  /** How many are worked on at the same time. */
  readonly places: Places
  /** How often a secret is looked at for which nothing is due, in milliseconds. */
  readonly lookEvery: number
  /** Reads again what this process holds of a secret. */
  readonly refresh: ((name: string) => Promise<void>) | undefined
}

/** One call for one secret. */
interface Call {
  readonly errand: Errand
  readonly hands: Hands
  readonly chronicle: Chronicle
  /** Whether what was missed is made up spread over the coming time, and not at once. */
  readonly unhurried: boolean
  /** What a person has to do before it begins. */
  awaiting?: RotationProblem
  /** Whether what was begun is to be taken back. */
  takesBack?: boolean
}

/** Takes care of the rotation of one secret: one turn at a time, whoever asks for it. */
export class Caretaker {
  readonly ward: Ward
  readonly #household: Household
  readonly #mind: Mind
  readonly #door: Places = new Places(1)
  /** What the call came to that brought a rotation to its end last. */
  #ended: Result | undefined

  constructor(ward: Ward, household: Household) {
    this.ward = ward
    this.#household = household
    this.#mind = { me: household.me }
  }

  /**
   * Begins what is due, and goes on with what was begun.
   *
   * @param unhurried whether what was missed is made up spread over the coming time, and not at once.
   * @throws SecretError `ABORTED`, `CLOSED`
   */
  async look(errand: Errand, unhurried: boolean): Promise<Result> {
    const look = async (call: Call): Promise<Result> => {
      const pause = this.ward.memory.retryAt - this.#household.timeline.now()
      if (pause > 0) return resultOfPause(this.#facts(call), pause)
      const found = await call.hands.load()
      if (isIdle(found)) return this.#result(call, await this.#whenIdle(call, found))
      const ending = await this.#carryOn(call, { rotate: false }, found)
      // Whoever comes by once a day and ends the last rotation begins the next one, too.
      const again = ending.end === "idle" && this.#isDue(call)
      return this.#result(call, again ? await this.#whenIdle(call, await call.hands.load()) : ending)
    }
    return await this.#inTurn(errand, look, unhurried)
  }

  /** Rotates now. @throws SecretError `ABORTED`, `CLOSED` */
  async rotate(errand: Errand, wish: Pick<Wish, "compromised" | "impatient">): Promise<Result> {
    const { ended } = this.ward.memory
    const joins = this.#door.taken > 0 && wish.compromised !== true
    return await this.#inTurn(errand, async call => {
      // What was under way when this was asked for has come to its end meanwhile.
      if (joins && this.ward.memory.ended > ended) return this.#ended ?? this.#result(call, { end: "idle" })
      const found = await call.hands.load()
      if (isIdle(found)) return this.#result(call, await this.#begin(call, { rotate: true, ...wish }, found))
      const ending = await this.#carryOn(call, { rotate: false, ...wish }, found)
      const again = ending.end === "idle" && this.#asksForAnother(wish, found)
      return this.#result(call, again ? await this.#begin(call, { rotate: true, ...wish }) : ending)
    })
  }

  /** Whether the rotation that was found, and has come to its end, is not the one that was asked for. */
  #asksForAnother({ compromised }: Pick<Wish, "compromised">, { journal }: Found): boolean {
    // What leaked may be the credential that is in use since, so that it is rotated as well.
    if (compromised) {
      const isInUse = journal?.state === "promoted" || journal?.state === "retiring"
      return isInUse && journal.compromised !== true
    }
    // Whoever rotates once a day finds the one of yesterday at the end of its grace. Where a person ends the old
    // credential it is the other way round: who calls then wants to see that this is done.
    return journal?.state === "promoted" && this.ward.subject.plan.revokedByHand === undefined
  }

  /** Does what a person wants of a rotation that is on its way. @throws SecretError `ABORTED`, `CLOSED`, `CONFLICT` */
  async grant(errand: Errand, wish: Omit<Wish, "rotate">): Promise<Result> {
    return await this.#inTurn(errand, async call => {
      call.takesBack = wish.abort === true
      return this.#result(call, await this.#carryOn(call, { rotate: false, ...wish }))
    })
  }

  /**
   * Gives back the lease of a rotation that stays where it is, so that whoever comes next need not wait for its end. Asks
   * nobody where none is held. That it fails is told, and harms nobody: the lease ends by itself.
   */
  async leave(signal: AbortSignal): Promise<void> {
    const { subject, memory } = this.ward
    const { journal, moment } = { journal: memory.journal, moment: memory.moment() }
    if (journal === undefined || moment === undefined || journal.leaseUntil <= moment.at) return
    const chronicle = new Chronicle(subject, memory, this.#household.events)
    const hands = new Hands(subject, chronicle, signal)
    try {
      await driveLeave({ terms: subject.terms, mind: this.#mind }, hands)
    } catch (thrown) {
      const { step, error } = failureOf(thrown, subject)
      chronicle.tell({ type: "failed", ...(step === undefined ? {} : { step }), error })
    }
  }

  /** One after the other, and not too many secrets at once. What fails is told, and does not go further. */
  async #inTurn(errand: Errand, work: (call: Call) => Promise<Result>, unhurried = false): Promise<Result> {
    const { events, places } = this.#household
    const { subject, memory } = this.ward
    const chronicle = new Chronicle(subject, memory, events)
    const call: Call = { errand, chronicle, hands: new Hands(subject, chronicle, errand.cut), unhurried }
    const guarded = async (): Promise<Result> => {
      errand.check()
      const { ended } = memory
      let result: Result | undefined
      try {
        result = await work(call)
      } catch (thrown) {
        result = this.#failure(call, thrown)
      } finally {
        if (memory.ended > ended) this.#ended = result
      }
      return result
    }
    try {
      return await this.#door.within(errand.over, () => places.within(errand.over, guarded))
    } catch (thrown) {
      // Whoever waited for a place is told why the waiting ended.
      throw isSecretError(thrown) && thrown.code === "ABORTED" ? errand.reason() : thrown
    }
  }

  #failure(call: Call, thrown: unknown): Result {
    if (thrown instanceof NotCounted) throw thrown.error
    const { subject, memory } = this.ward
    const { random, timeline } = this.#household
    const { step, error } = failureOf(thrown, subject)
    if (error.code === "ABORTED" && call.errand.over.aborted) throw call.errand.reason()
    memory.failures += 1
    const result = resultOfFailure(this.#facts(call), error, random())
    memory.problem = result.outcome.problem
    memory.retryAt = timeline.now() + result.delay
    const retryAt = new Date(subject.clock.wall() + result.delay)
    call.chronicle.tell({ type: "failed", ...(step === undefined ? {} : { step }), error, retryAt })
    return result
  }

  /** Nothing is on its way: begins one that is due. @throws StepFailed */
  async #whenIdle(call: Call, found: Found): Promise<Ending> {
    const anchored = await this.#anchored(call, found)
    return this.#isDue(call)
      ? await this.#begin(call, { rotate: true }, anchored)
      : await this.#carryOn(call, { rotate: false }, anchored)
  }

  #isDue({ unhurried }: Call): boolean {
    const due = this.ward.due(unhurried)
    const { at = 0, journal } = this.ward.memory.moment() ?? {}
    return due !== undefined && due.at <= at && (journal?.notBefore ?? 0) <= at
  }

  /** Begins a rotation, if neither the store nor the plan has anything against it. @throws StepFailed */
  async #begin(call: Call, wish: Wish, known?: Found): Promise<Ending> {
    const found = known ?? (await call.hands.load())
    const { notBefore = 0 } = found.journal ?? {}
    const pauses = notBefore > found.at && !wish.impatient && !wish.compromised
    if (!pauses) {
      await call.hands.check()
      const what = await call.hands.awaits()
      if (what !== undefined) {
        call.chronicle.tell({ type: "awaits", what })
        call.awaiting = awaits(this.ward.subject.name, what)
        return await this.#carryOn(call, { rotate: false }, found)
      }
    }
    return await this.#carryOn(call, wish, found)
  }

  /** Takes turns until the rotation waits or is done. @throws StepFailed */
  async #carryOn(call: Call, wish: Wish, found?: Found): Promise<Ending> {
    const { subject, memory } = this.ward
    const beginning = { terms: subject.terms, mind: this.#mind }
    let [wanted, known] = [wish, found]
    for (;;) {
      if (call.errand.over.aborted) throw new NotCounted(call.errand.reason())
      const ending = await drive({ ...beginning, wish: wanted, found: known }, call.hands)
      await this.#refreshed(call)
      if (ending.end !== "moved") return ending
      memory.failures = 0
      memory.retryAt = 0
      known = undefined
      if (memory.state !== "idle") wanted = { rotate: false }
      else if (call.chronicle.from !== "idle") {
        memory.ended += 1
        return { end: "idle" }
      }
    }
  }

  /** The handles of this process show the new value at once. That they do not is no failure of the rotation. */
  async #refreshed({ chronicle }: Call): Promise<void> {
    const { name, store } = this.ward.subject
    if (!chronicle.changed) return
    chronicle.changed = false
    try {
      await this.#household.refresh?.(name)
    } catch (thrown) {
      const error = rebuild(thrown, { secret: name, store: store.location })
      chronicle.tell({ type: "failed", step: "refresh", error })
    }
  }

  /** Where the first rotation comes in its turn, it is written down since when the secret is known. @throws StepFailed */
  async #anchored(call: Call, found: Found): Promise<Found> {
    const { schedule } = this.ward
    if (found.journal !== undefined || schedule === undefined) return found
    if (schedule.beginsNow || !schedule.enabled) return found
    const { at } = found
    const journal = { schema: 1, seq: 1, state: "idle", owner: this.#mind.me, leaseUntil: 0 } as const
    await call.hands.perform({ do: "save", journal: { ...journal, attempt: 0, lastPromotedAt: at } })
    return await call.hands.load()
  }

  #result(call: Call, ending: Ending): Result {
    const { random, timeline } = this.#household
    if (ending.end === "not-granted") throw new NotCounted(notGranted(this.ward.subject.name, ending.why))
    const isStuck = ending.end === "still-accepted"
    const { memory } = this.ward
    memory.failures = isStuck ? memory.failures + 1 : 0
    const result = resultOf(this.#facts(call), ending, random())
    if (ending.end === "idle" && !call.chronicle.moved && call.chronicle.notices.length === 0)
      memory.noOrphans()
    memory.problem = result.outcome.problem
    memory.retryAt = isStuck ? timeline.now() + result.delay : 0
    this.#tell(call, ending, result)
    return result
  }

  #tell({ chronicle }: Call, ending: Ending, { delay }: Result): void {
    const { clock } = this.ward.subject
    const later = new Date(clock.wall() + delay)
    if (ending.end === "waiting") chronicle.tell({ type: "waiting", until: new Date(ending.until) })
    if (ending.end === "held") chronicle.tell({ type: "held", until: new Date(ending.until) })
    if (ending.end === "lost") chronicle.tell({ type: "lost", alarm: ending.alarm })
    if (ending.end === "blocked") chronicle.tell({ type: "blocked", reason: ending.reason })
    if (ending.end === "still-accepted") chronicle.tell({ type: "still-accepted", retryAt: later })
  }

  #facts({ chronicle, awaiting, unhurried, takesBack = false }: Call): Facts {
    const { subject, memory } = this.ward
    const { name, plan, clock } = subject
    const { lookEvery } = this.#household
    const due = this.ward.due(unhurried)
    return { name, plan, wall: clock.wall(), lookEvery, memory, chronicle, due, awaiting, takesBack }
  }
}

/** Leaves a call without being a failure of the rotation. */
class NotCounted {
  readonly error: SecretError

  constructor(error: SecretError) {
    this.error = error
  }
}

function isIdle({ journal }: Found): boolean {
  return journal === undefined || journal.state === "idle"
}
