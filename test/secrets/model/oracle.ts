import { type Clock, instant, type Secret, type SecretErrorCode } from "../../../src/core/index.ts"
import { ended, isEnded, outcomeOf } from "./outcome.ts"
import { holds } from "./promises.ts"
import { type Gone, SecretModel } from "./secret-model.ts"
import type { Service, ServiceVersion } from "./service.ts"
import { CALL_TIMEOUT, NAMES, type Name, oldestOf, type Setting } from "./setting.ts"
import type { Call, How } from "./store.ts"
import { accepts, shownBy, type ViewKind } from "./values.ts"

/** A handle that somebody holds. */
export interface Held {
  readonly name: Name
  readonly view: ViewKind
  readonly secret: Secret<string>
}

export interface OracleContext {
  readonly clock: Clock
  readonly service: Service
  readonly setting: Setting
  /** All handles there are: each has a say in what is accepted. */
  readonly handles: readonly Held[]
  /** Whether the library holds a value for a name. */
  isKept(name: string): boolean
}

/**
 * Hears what the store answers, as the library does, and knows from that what has to be revealed: one model for each
 * name. It is told of each answer in the moment in which it is given, so it only speaks when all is settled.
 */
export class Oracle {
  readonly #context: OracleContext
  readonly #models: ReadonlyMap<string, SecretModel>
  /** Up to when what is shown must have been valid, in ticks. */
  readonly #floors = new Map<string, number>()
  /** Names of which the library said that a refresh failed, since the store last answered. */
  readonly #failed = new Set<string>()
  /** Names whose value was too old at some time since the store last answered. */
  readonly #old = new Set<string>()
  /** Writes whose answer was lost, by name, and the readings that settle what became of them. */
  readonly #lost = new Map<string, Call>()
  readonly #settling = new Map<Call, Call>()
  /** When a write was answered last, in ticks. */
  readonly #writtenAt = new Map<string, number>()
  /** Names that are being deleted and were read meanwhile: when that was answered, and what a later reading said. */
  readonly #deleting = new Map<string, { readonly tick: number; readonly gone: boolean }>()

  constructor(context: OracleContext) {
    this.#context = context
    const { versionedReads, onDenied } = context.setting
    const policy = { oldest: oldestOf(context.setting), versionedReads, onDenied }
    this.#models = new Map(NAMES.map(name => [name, new SecretModel(policy)]))
  }

  /** A reading begins. The first one after a write was lost settles what became of that. */
  began(call: Call, name: string): void {
    const lost = this.#lost.get(name)
    if (lost === undefined || call.version !== undefined) return
    this.#lost.delete(name)
    this.#settling.set(call, lost)
  }

  /** Whether a reading settles what became of a write; then it is no read of the secret. */
  isSettling(call: Call): boolean {
    return this.#settling.has(call)
  }

  /** A call was answered. */
  answered(call: Call, how: How, answers: ReadonlyMap<string, ServiceVersion | SecretErrorCode>): void {
    // What nobody waits for any more is not heard.
    if (call.signal.aborted) return
    for (const name of call.names) this.#hear(call, name, how, answers.get(name) ?? "NOT_FOUND")
  }

  /** A call was given up: because it took too long, or because nobody waits for it, which says nothing. */
  aborted(call: Call): void {
    if (this.#context.clock.monotonic() - call.at.monotonic < CALL_TIMEOUT) return
    for (const name of call.names) this.#hear(call, name, "TIMEOUT", "TIMEOUT")
  }

  /** The library said that a refresh failed: it need not have been a call for this very name. */
  failed(name: string): void {
    this.#failed.add(name)
  }

  /** A deletion is through. */
  deleted(name: string): void {
    if (this.#deleting.get(name)?.gone) this.#modelOf(name).gone(this.#context.service.next(), "NOT_FOUND")
    this.#deleting.delete(name)
  }

  /** Notes what is too old by now. */
  look(): void {
    for (const [name, model] of this.#models) if (this.#age(model) >= this.#oldest) this.#old.add(name)
  }

  /** Nothing older than allowed is given out by a call, even where no timer looks. */
  checkGivenOut({ name, secret }: Held): void {
    const model = this.#modelOf(name)
    holds(
      "bounded",
      !model.failing ||
        model.held === undefined ||
        this.#age(model) < this.#oldest ||
        isEnded(outcomeOf(secret)),
      () => `${name} is given out, ${this.#age(model)} ms old`,
    )
  }

  /** What a handle reveals is what has to be revealed. */
  check({ name, view, secret }: Held): void {
    const { setting, clock, service } = this.#context
    const model = this.#modelOf(name)
    const outcome = outcomeOf(secret)
    const story = () => `${view} of ${name} is ${outcome}`
    if (isEnded(outcome))
      holds("accepted", secret.previous === undefined, () => `${story()}, but not the one before`)
    const gone = isEnded(outcome) && outcome !== ended("STALE")
    if (model.withdrawn !== undefined)
      return holds("accepted", gone, () => `${story()} after ${model.withdrawn}`)
    holds("withdrawn", !gone, story)
    if (isEnded(outcome)) return holds("patient", this.#failed.has(name) && this.#old.has(name), story)
    const age = clock.monotonic() - model.answeredAt.monotonic
    // Without timers nobody looks between two requests.
    const tooOld = model.failing && age >= this.#oldest && setting.refresh === "background"
    holds("bounded", !tooOld, () => `${story()}, ${age} ms old`)
    const expected = shownBy(view, model.held?.value ?? "")
    holds("fresh", outcome === expected, () => `${story()}, and not ${expected}`)
    if (view !== "text") return
    const until = service.lastValid(name, outcome)
    holds("ordered", until >= (this.#floors.get(name) ?? 0), () => `${story()}, valid until ${until}`)
  }

  /** What has to be shown when the store has long been answering: what it holds. */
  checkCurrent({ name, secret, view }: Held): void {
    const { service, setting } = this.#context
    const model = this.#modelOf(name)
    const truth = service.read(name)
    const outcome = outcomeOf(secret)
    const story = () => `${view} of ${name} is ${outcome}`
    if (typeof truth !== "string") {
      if (!this.#isAccepted(model, name, truth.value)) return
      return holds("current", outcome === shownBy(view, truth.value), story)
    }
    if (truth === "DENIED" && setting.onDenied === "maxStale") return
    const { held } = model
    const isKept =
      setting.versionedReads && held !== undefined && isSame(service.read(name, held.version), held)
    holds("current", isKept || isEnded(outcome), () => `${story()}, and the store says ${truth}`)
  }

  /** A refresh that began at that tick is through. */
  checkRefreshed({ name, view, secret }: Held, tick: number): void {
    const outcome = outcomeOf(secret)
    if (view !== "text" || isEnded(outcome) || this.#modelOf(name).refusing) return
    // A write of our own that was answered meanwhile counts as later.
    if ((this.#writtenAt.get(name) ?? 0) > tick) return
    const until = this.#context.service.lastValid(name, outcome)
    holds("asked", until >= tick, () => `${name} is ${outcome}, valid until ${until}, asked at ${tick}`)
  }

  get #oldest(): number {
    return oldestOf(this.#context.setting)
  }

  #age({ answeredAt }: SecretModel): number {
    const now = instant(this.#context.clock)
    return Math.max(now.monotonic - answeredAt.monotonic, now.wall - answeredAt.wall)
  }

  #modelOf(name: string): SecretModel {
    return this.#models.get(name) as SecretModel
  }

  #hear(call: Call, name: string, how: How, answer: ServiceVersion | SecretErrorCode): void {
    const good = how === "then" || how === "now"
    switch (call.operation) {
      case "watch":
      case "versions":
        return
      case "write":
        if (good) this.#written(name, call)
        // The library's own time limit leaves it open what became of a write, and so does the store's.
        else if (how === "lost" || how === "TIMEOUT") this.#lost.set(name, call)
        return
      case "delete":
        if (good) this.#deleted(name, call)
        return
      case "read":
      case "readMany":
        return this.#heard(call, name, good ? answer : failureOf(how), how)
    }
  }

  #heard(call: Call, name: string, result: ServiceVersion | SecretErrorCode, how: How): void {
    const model = this.#modelOf(name)
    const settled = this.#settling.get(call)
    if (settled !== undefined) {
      if (typeof result !== "string" && result.value === settled.value) this.#written(name, settled)
      return
    }
    // A batch that is forbidden or throttled is read singly.
    if (call.operation === "readMany" && (how === "DENIED" || how === "THROTTLED")) return
    if (call.version === undefined) this.#hearCurrent(model, name, call, result)
    else if (model.asking && call.version === model.held?.version) this.#hearHeld(model, call, result)
    this.#forget(model, name)
  }

  #hearCurrent(model: SecretModel, name: string, call: Call, result: ServiceVersion | SecretErrorCode): void {
    const now = instant(this.#context.clock)
    const tick = this.#deleting.get(name)?.tick
    if (tick !== undefined && call.tick > tick)
      this.#deleting.set(name, { tick, gone: result === "NOT_FOUND" })
    if (typeof result !== "string") {
      if (model.isLate(call.tick)) return
      if (!this.#isAccepted(model, name, result.value)) return model.refused(call.tick, call.at)
      model.accepted(call.tick, call.at, result)
      this.#failed.delete(name)
      this.#old.delete(name)
      this.#raiseFloor(name, call.tick)
    } else if (isGone(result)) {
      model.absent(call.tick, call.at, now, result)
    } else if (result === "INVALID_VALUE" && model.held !== undefined) model.refused(call.tick, call.at)
    else model.failed(call.tick, now)
  }

  #hearHeld(model: SecretModel, call: Call, result: ServiceVersion | SecretErrorCode): void {
    if (typeof result !== "string") {
      if (result.value === model.held?.value) model.kept(call.tick, call.at)
      else model.gone(call.tick, "NOT_FOUND")
    } else if (isGone(result)) model.gone(call.tick, result)
    else {
      model.asking = false
      model.failed(call.tick, instant(this.#context.clock))
    }
  }

  /** A write is answered: it counts from now on. */
  #written(name: string, call: Call): void {
    const { service, clock } = this.#context
    const model = this.#modelOf(name)
    const tick = service.next()
    const { written } = call
    this.#writtenAt.set(name, tick)
    if (written === undefined || this.#isContradicted(model, name, call)) return
    if (!this.#isAccepted(model, name, written.value)) model.refused(tick, instant(clock))
    else {
      model.accepted(tick, instant(clock), written)
      this.#raiseFloor(name, call.effectiveAt ?? 0)
    }
    this.#forget(model, name)
  }

  #deleted(name: string, call: Call): void {
    const tick = this.#context.service.next()
    const model = this.#modelOf(name)
    if (this.#isContradicted(model, name, call)) this.#deleting.set(name, { tick, gone: false })
    else model.gone(tick, "NOT_FOUND")
  }

  /** Whether a read that began later has brought something else: then only the store knows what was last. */
  #isContradicted(model: SecretModel, name: string, call: Call): boolean {
    return this.#context.isKept(name) && model.answered > call.tick && model.held?.value !== call.value
  }

  #raiseFloor(name: string, tick: number): void {
    this.#floors.set(name, Math.max(this.#floors.get(name) ?? 0, tick))
  }

  /** The store has answered: what was said before about failures and age is over. */
  #forget(model: SecretModel, name: string): void {
    if (model.failing) return
    // A version that is refused does not bring back one that has ended.
    const held = this.#context.handles.filter(held => held.name === name)
    if (held.some(({ secret }) => outcomeOf(secret) === ended("STALE"))) return
    this.#failed.delete(name)
    this.#old.delete(name)
  }

  /** A value that is held already is accepted as it is. */
  #isAccepted(model: SecretModel, name: string, value: string): boolean {
    if (model.held?.value === value) return true
    return this.#context.handles.every(held => held.name !== name || accepts(held.view, value))
  }
}

function isSame(one: ServiceVersion | SecretErrorCode, other: { readonly value: string }): boolean {
  return typeof one !== "string" && one.value === other.value
}

function isGone(code: SecretErrorCode): code is Gone {
  return code === "NOT_FOUND" || code === "DISABLED" || code === "DENIED"
}

function failureOf(how: How): SecretErrorCode {
  return how === "lost" || how === "garbage" || how === "then" || how === "now" ? "UNAVAILABLE" : how
}
