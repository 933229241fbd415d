import {
  errorAbout,
  isSecretError,
  printable,
  type RotationJournal,
  rebuild,
  type SecretError,
} from "../../core/index.ts"
import type { RotationStep } from "../events.ts"
import type { Credential } from "../plan.ts"
import type { Answer, AnswerTo, Found, Notice, Step } from "../protocol/steps.ts"
import { PlanSteps } from "./plan-steps.ts"
import { isRefusal } from "./refusal.ts"
import { type MainWithExpiry, StoreSteps } from "./store-steps.ts"
import type { Subject } from "./subject.ts"

/** Who hears of what the hands do. */
export interface Onlooker {
  /** The journal was read. */
  found(found: Found): void
  /** The journal was written by this one. */
  wrote(journal: RotationJournal): void
  /** The secret was read as it is now. */
  read(main: MainWithExpiry): void
  stepped(step: RotationStep, took: number): void
  noticed(notice: Notice): void
}

/** The steps that change something outside; the others only look. */
const CHANGES: ReadonlySet<RotationStep> = new Set([
  "save",
  "mint",
  "park",
  "revoke",
  "apply",
  "promote",
  "discard",
])

/** A step that failed: the turn ends there, as if the process had died. */
export class StepFailed {
  readonly step: RotationStep
  readonly error: SecretError

  constructor(step: RotationStep, error: SecretError) {
    this.step = step
    this.error = error
  }

  /** Whether what it was to change may have been changed, or may yet be. */
  get isOpen(): boolean {
    return CHANGES.has(this.step) && !isRefusal(this.error)
  }
}

/** What was thrown where steps are done, as a failure: also where it comes from between two of them. */
export function failureOf(
  thrown: unknown,
  { name, store }: Subject,
): { readonly step?: RotationStep; readonly error: SecretError } {
  if (thrown instanceof StepFailed) return thrown
  if (isSecretError(thrown)) return { error: errorAbout(thrown, name) }
  return { error: rebuild(thrown, { secret: name, store: store.location }) }
}

/** Does what the protocol asks for: on the journal, on the store, and by the plan. */
export class Hands {
  readonly #subject: Subject
  readonly #onlooker: Onlooker
  readonly #store: StoreSteps
  readonly #plan: PlanSteps
  /** The number of the journal that was seen last, which grows from step to step. */
  #seq = 0
  /** The journal that was seen last. */
  #journal: RotationJournal | undefined

  /**
   * @param signal cuts off whatever is under way.
   * @param glances whether they only look, for which nothing is written.
   */
  constructor(
    subject: Subject,
    onlooker: Onlooker,
    signal: AbortSignal,
    { glances = false }: { readonly glances?: boolean } = {},
  ) {
    this.#subject = subject
    this.#onlooker = onlooker
    this.#store = new StoreSteps(subject, signal, glances)
    this.#plan = new PlanSteps(subject, signal)
  }

  /**
   * Does one step.
   *
   * @throws StepFailed
   */
  async perform<S extends Step>(step: S): Promise<AnswerTo<S>> {
    if (step.do === "tell") {
      this.#onlooker.noticed(step.notice)
      return undefined as AnswerTo<S>
    }
    return (await this.#timed(step.do, () => this.#answer(step))) as AnswerTo<S>
  }

  /** @throws StepFailed */
  async load(): Promise<Found> {
    return await this.#timed("load", () => this.#load())
  }

  /** Goes on from a journal that was read before. */
  take(found: Found): Found {
    this.#seq = Math.max(this.#seq, found.journal?.seq ?? 0)
    this.#journal = found.journal
    return found
  }

  /** Whether the store, as it is, would let a rotation go through. @throws StepFailed */
  async check(): Promise<void> {
    await this.#timed("check", () => this.#store.check())
  }

  /** What a person has to do first, in a line. @throws StepFailed */
  async awaits(): Promise<string | undefined> {
    if (this.#subject.plan.awaits === undefined) return undefined
    const { value } = await this.perform({ do: "main" })
    const what = await this.#timed("awaits", () =>
      this.#plan.awaits(value === undefined ? undefined : { value }),
    )
    return what === undefined ? undefined : printable(what)
  }

  async #timed<T>(step: RotationStep, call: () => Promise<T>): Promise<T> {
    const { clock } = this.#subject
    const begun = clock.monotonic()
    let answer: T
    try {
      answer = await call()
    } catch (thrown) {
      throw new StepFailed(step, failureOf(thrown, this.#subject).error)
    }
    this.#onlooker.stepped(step, clock.monotonic() - begun)
    return answer
  }

  async #load(): Promise<Found> {
    const found = this.take(await this.#store.load())
    this.#onlooker.found(found)
    return found
  }

  async #answer(step: Exclude<Step, { do: "tell" }>): Promise<Answer> {
    const { fence, compromised } = { fence: this.#seq, compromised: this.#journal?.compromised === true }
    switch (step.do) {
      case "load":
        return await this.#load()
      case "save": {
        const saving = await this.#store.save(step.journal)
        if (saving.saved) this.#wrote(step.journal)
        return saving
      }
      case "main": {
        const main = await this.#store.main(step.version)
        if (step.version === undefined) this.#onlooker.read(main)
        return main
      }
      case "kept":
        return await this.#store.kept(step)
      case "former":
        return await this.#store.former(step)
      case "create":
        return (await this.#plan.make(step, { fence, compromised })) as Credential
      case "mint": {
        const made = await this.#plan.make(step, { fence, compromised })
        if (!("notMade" in made)) return made
        return { notMade: new StepFailed("mint", failureOf(made.notMade, this.#subject).error) }
      }
      case "park":
        return await this.#store.park(step.rotationId, step.value)
      case "list":
        return await this.#plan.list({ rotationId: step.rotationId, fence, compromised })
      case "identify":
        return await this.#plan.identify(step.value, { rotationId: step.rotationId, fence, compromised })
      case "revoke":
        return await this.#plan.revoke(step.credential, { rotationId: step.rotationId, fence, compromised })
      case "apply":
        return await this.#plan.apply(step, { rotationId: step.rotationId, fence: step.fence, compromised })
      case "verify":
        return await this.#plan.verify(step.credential, {
          rotationId: step.rotationId,
          fence,
          compromised,
          former: step.rotationId !== makerIn(this.#journal),
        })
      case "verifyOld":
        return await this.#plan.verifyOld(step.credential, {
          rotationId: step.rotationId,
          fence,
          compromised,
        })
      case "promote": {
        const promotion = await this.#store.promote(step)
        if (promotion !== "refused" && promotion.journaled) this.#wrote(step.journal(promotion))
        return promotion
      }
      case "since":
        return await this.#store.since(step.base)
      case "discard":
        await this.#store.discard(step)
        return undefined
    }
  }

  #wrote(journal: RotationJournal): void {
    this.#seq = journal.seq
    this.#journal = journal
    this.#onlooker.wrote(journal)
  }
}

/** The rotation whose candidate was made by itself; `undefined` where it goes back to a former credential. */
function makerIn(journal: RotationJournal | undefined): string | undefined {
  return journal?.rollback === true ? undefined : journal?.rotationId
}
