import { instant, isSecretError, type Secret, type SecretErrorCode } from "../../../src/core/index.ts"
import { Secrets } from "../../../src/secrets/index.ts"
import { type FakeClock, fakeClock } from "../../../src/testing/index.ts"
import { holds } from "./promises.ts"
import { SecretModel } from "./secret-model.ts"
import { Service, type ServiceVersion } from "./service.ts"
import { type Call, type How, ProgrammableStore, type StoreListener } from "./store.ts"
import { type Behaviour, Subscriber } from "./subscriber.ts"
import { accepts, mapped, shownBy, slowSchema, strictSchema, type Values, type ViewKind } from "./values.ts"

export const NAMES = ["a", "b"] as const
export type Name = (typeof NAMES)[number]

export const TTL = 60_000
export const CALL_TIMEOUT = 5_000
export const STARTUP_DEADLINE = 16_500
/** A call that waits for a store that is down waits for probes of others, too; but never for longer than this. */
export const ONE_READ: number = STARTUP_DEADLINE + 4 * CALL_TIMEOUT

const CALLBACK_TIMEOUT = 30_000
const CALLBACK_ATTEMPTS = 3

/** What differs from one story to the next. */
export interface Setting {
  readonly refresh: "background" | "on-read"
  readonly onDenied: "withdraw" | "maxStale"
  /** In seconds. */
  readonly maxStale: number
  readonly versionedReads: boolean
  readonly batches: boolean
  readonly deaf: boolean
  readonly dated: boolean
  readonly seed: number
  /** Which handles are there when the story begins. */
  readonly views: readonly ViewKind[]
  /** What the callbacks do that are there when the story begins: one on each handle, in turn. */
  readonly behaviours: readonly Behaviour[]
}

/** A handle that somebody holds. */
interface Held {
  readonly name: Name
  readonly view: ViewKind
  readonly secret: Secret<string>
}

/** A call of the library that was made. */
interface Tracked {
  readonly what: string
  /** When it has to have ended, by the monotonic clock. */
  readonly until: number
  ended: boolean
}

/** `Secrets` on a fake clock and a programmable store, with a model of each name beside it. */
export class World implements StoreListener {
  readonly clock: FakeClock = fakeClock()
  readonly service: Service = new Service()
  readonly programmable: ProgrammableStore
  readonly secrets: Secrets
  readonly values: Values
  readonly setting: Setting
  /** Whether everything goes on, and everything is checked, after each command. */
  readonly settles: boolean = true
  readonly slow: ReturnType<typeof slowSchema>
  readonly handles: Held[] = []
  readonly subscribers: Subscriber[] = []
  /** All errors, events and reports: none may show a value. */
  readonly given: unknown[] = []
  readonly #models: ReadonlyMap<string, SecretModel>
  readonly #tracked = new Set<Tracked>()
  /** Up to when what is shown must have been valid, in ticks. */
  readonly #floors = new Map<string, number>()
  /** Names of which the library said that a refresh failed, since the store last answered. */
  readonly #failed = new Set<string>()
  /** Names whose value was too old at some time since the store last answered. */
  readonly #old = new Set<string>()
  /** Names that were deleted, with the tick of that, unless a later reading says otherwise. */
  readonly #deleting = new Map<string, number>()
  /** Writes whose answer was lost, by name: reading tells what became of them. */
  readonly #lost = new Map<string, Call>()
  readonly #settling = new Map<Call, Call>()
  #closing = false
  /** What handles revealed when `close()` was through. */
  #last: readonly string[] | undefined
  #broken: unknown

  constructor(setting: Setting, values: Values) {
    this.setting = setting
    this.values = values
    this.slow = slowSchema(setting.seed % 7)
    this.programmable = new ProgrammableStore(this.service, this.clock, setting)
    this.programmable.listener = this
    this.secrets = new Secrets(this.programmable.store, {
      ttl: `${TTL}ms`,
      maxStale: `${setting.maxStale}s`,
      callTimeout: `${CALL_TIMEOUT}ms`,
      startupDeadline: `${STARTUP_DEADLINE}ms`,
      overlap: "2m",
      callbackTimeout: `${CALLBACK_TIMEOUT}ms`,
      callbackAttempts: CALLBACK_ATTEMPTS,
      refresh: setting.refresh,
      onDenied: setting.onDenied,
      clock: this.clock,
      random: randomFrom(setting.seed),
    })
    const { versionedReads, onDenied, maxStale } = setting
    const policy = { oldest: TTL + maxStale * 1_000, versionedReads, onDenied }
    this.#models = new Map(NAMES.map(name => [name, new SecretModel(policy)]))
    for (const name of NAMES) this.service.rotate(name, values.next("both"), this.#date())
    this.#listen()
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Gets the handles that are there when the story begins, on both names. */
  async begin(): Promise<this> {
    for (const name of NAMES) {
      for (const view of this.setting.views) {
        this.get(name, view)
        await this.answerAll("now")
      }
    }
    this.setting.behaviours.forEach((behaviour, index) => {
      const held = this.handles[index % this.handles.length]
      if (held !== undefined) this.subscribe(held, behaviour, undefined)
    })
    return this
  }

  // ---- What the library is asked for

  get(name: Name, view: ViewKind): void {
    const { secrets } = this
    const limit = STARTUP_DEADLINE + 2 * ONE_READ
    const hold = (secret: Secret<string>) => this.hold(name, view, secret)
    switch (view) {
      case "text":
        return this.track(`get ${name}`, ONE_READ, secrets.get(name), hold)
      case "field":
        return this.track(`get ${name}#x`, limit, secrets.get(`${name}#x`), hold)
      case "strict":
        return this.track(`get ${name}, strict`, limit, secrets.get(name, { schema: strictSchema }), hold)
      case "slow":
        return this.track(`get ${name}, slow`, limit, secrets.get(name, { schema: this.slow }), hold)
      case "map": {
        const text = this.handles.find(held => held.name === name && held.view === "text")
        try {
          if (text !== undefined) hold(text.secret.map(mapped))
        } catch (thrown) {
          this.given.push(thrown)
        }
      }
    }
  }

  /** Follows a call to its end: it has a time limit, and an error of its own must be one of ours. */
  track<T>(what: string, limit: number, call: Promise<T>, done: (result: T) => void = () => {}): void {
    const isTooLate = this.closing
    const tracked: Tracked = { what, until: this.clock.monotonic() + limit, ended: false }
    this.#tracked.add(tracked)
    call.then(
      result => {
        tracked.ended = true
        done(result)
      },
      (thrown: unknown) => {
        tracked.ended = true
        this.given.push(thrown)
        this.guarded(() => {
          holds("errors", isSecretError(thrown), () => `${what} fails with something else: ${thrown}`)
          holds(
            "errors",
            !isTooLate || thrown.code === "CLOSED" || what === "use",
            () => `${what}: ${thrown.code}, begun after close()`,
          )
        })
      },
    )
  }

  hold(name: Name, view: ViewKind, secret: Secret<string>): void {
    if (!this.handles.some(held => held.secret === secret)) this.handles.push({ name, view, secret })
  }

  /** How long a change of a name may take: those before it have to be through first. */
  turnOf(name: string, what: string): number {
    void what
    const before = [...this.#tracked].filter(one => one.what.endsWith(` ${name}`) && !one.ended).length
    return (before + 1) * 60_000
  }

  subscribe(held: Held, behaviour: Behaviour, since: string | undefined): void {
    let seen: string | undefined
    try {
      seen = held.secret.reveal()
    } catch {
      // Not revealed: then nobody has seen it.
    }
    const subscriber = new Subscriber(held.secret, behaviour, since === undefined ? seen : undefined, {
      clock: this.clock,
      callbackTimeout: CALLBACK_TIMEOUT,
      callbackAttempts: CALLBACK_ATTEMPTS,
      isClosing: () => this.closing,
      act: async behaviour => await this.#actFor(subscriber, held, behaviour),
    })
    subscriber.registration = held.secret.onRotate(subscriber.callback, since === undefined ? {} : { since })
    this.subscribers.push(subscriber)
  }

  close(): void {
    this.#closing = true
    this.track("close", 2 * CALL_TIMEOUT, this.secrets.close(), () => {
      this.#last ??= this.handles.map(({ secret }) => outcomeOf(secret))
      this.guarded(() => {
        holds("closed", this.clock.pending.length === 0, () => JSON.stringify(this.clock.pending))
        holds(
          "closed",
          this.programmable.closed === 1,
          () => `the store is closed ${this.programmable.closed} times`,
        )
      })
    })
  }

  /** Runs a check where a failure cannot be thrown; it is thrown at the next chance. */
  guarded(check: () => void): void {
    try {
      check()
    } catch (thrown) {
      this.#broken ??= thrown
    }
  }

  /** Answers everything that is under way, oldest first, and what follows from that. */
  async answerAll(how: How): Promise<void> {
    for (const call of [...this.programmable.pending]) {
      call.answer(how, 0)
      if (this.settles) await this.clock.settle()
    }
  }

  // ---- What the store sees

  began(call: Call): void {
    this.guarded(() => {
      holds("closed", this.#last === undefined, () => `${call.operation} of ${call.names}`)
      for (const name of call.names) this.#beginRead(call, name)
    })
  }

  answered(call: Call, how: How, answers: ReadonlyMap<string, ServiceVersion | SecretErrorCode>): void {
    // What nobody waits for any more is not heard.
    if (call.signal.aborted || this.closing) return
    for (const name of call.names) this.#hear(call, name, how, answers.get(name) ?? "NOT_FOUND")
  }

  aborted(call: Call): void {
    const late = this.clock.monotonic() - call.at.monotonic >= CALL_TIMEOUT
    if (!late || this.closing) return
    for (const name of call.names) this.#hear(call, name, "TIMEOUT", "TIMEOUT")
  }

  // ---- What has to hold

  /** Everything that has to hold when nothing is going on but what waits for the store or the clock. */
  check(): void {
    if (this.#broken !== undefined) throw this.#broken
    for (const { broken } of this.subscribers) if (broken !== undefined) throw broken
    this.#checkLimits()
    this.look()
    if (this.#last !== undefined) this.#checkClosed(this.#last)
    else if (!this.closing)
      for (const { name, view, secret } of this.handles) this.#checkHandle(name, view, secret)
    if (this.#broken !== undefined) throw this.#broken
  }

  /** Notes what is too old by now. */
  look(): void {
    const now = instant(this.clock)
    for (const [name, model] of this.#models) {
      const { answeredAt } = model
      const { maxStale } = this.setting
      const age = Math.max(now.monotonic - answeredAt.monotonic, now.wall - answeredAt.wall)
      if (age >= TTL + maxStale * 1_000) this.#old.add(name)
    }
  }

  /** All handles on a name show one and the same version, in the middle of whatever is going on. */
  probe(): void {
    this.guarded(() => {
      for (const name of NAMES) {
        const held = this.handles.filter(held => held.name === name)
        const text = held.find(({ view }) => view === "text")
        const versions = new Set(held.map(({ secret }) => secret.status.version))
        holds("together", versions.size <= 1, () => [...versions].join(", "))
        if (text === undefined) continue
        const value = outcomeOf(text.secret)
        for (const { view, secret } of held) {
          const expected = value.startsWith(ENDED) ? value : shownBy(view, value)
          holds(
            "together",
            outcomeOf(secret) === expected,
            () => `${view}: ${outcomeOf(secret)}, text: ${value}`,
          )
        }
        const { version } = text.secret.status
        holds(
          "accepted",
          value.startsWith(ENDED) || this.service.hadPair(name, version, value),
          () => `${name} never had ${value} as ${version}`,
        )
      }
    })
  }

  /** Heals everything, waits until all is quiet, and looks at what is left. */
  async end(): Promise<void> {
    if (!this.closing) await this.#quieten()
    this.close()
    await this.answerAll("garbage")
    for (let second = 0; second < 2; second++) await this.clock.advance(`${CALL_TIMEOUT}ms`)
    this.check()
    holds("closed", this.#last !== undefined, () => "close() does not end")
    holds("closed", this.clock.pending.length === 0, () => JSON.stringify(this.clock.pending))
    // Those that hang go on now: nothing may come of it any more.
    for (const subscriber of this.subscribers) subscriber.release()
    await this.answerAll("now")
    await this.clock.settle()
    for (const { what, ended } of this.#tracked)
      holds("limits", ended, () => `${what} is pending after close()`)
    holds("closed", this.clock.pending.length === 0, () => JSON.stringify(this.clock.pending))
    this.check()
  }

  async #quieten(): Promise<void> {
    const { clock, programmable, service } = this
    for (const subscriber of this.subscribers) subscriber.heal()
    programmable.healthy = true
    // Writes that waited for others are through before the last word is spoken.
    await this.answerAll("now")
    await clock.settle()
    for (const name of NAMES) {
      service.mend(name)
      service.rotate(name, this.values.next("both"), this.#date())
    }
    for (let round = 0; round < 8; round++) {
      await clock.advance("45s")
      this.probe()
      if (this.setting.refresh === "on-read") this.track("fresh", CALL_TIMEOUT, this.secrets.fresh("30s"))
    }
    await clock.settle()
    this.check()
    for (const { name, view, secret } of this.handles) {
      const current = service.read(name) as ServiceVersion
      holds(
        "fresh",
        outcomeOf(secret) === shownBy(view, current.value),
        () => `${view} of ${name}: ${outcomeOf(secret)}`,
      )
    }
    for (const subscriber of this.subscribers) subscriber.checkQuiet()
    this.given.push(this.secrets.health())
  }

  #listen(): void {
    const names = [
      "accepted",
      "refused",
      "failed",
      "recovered",
      "stale",
      "withdrawn",
      "kept",
      "callbackFailed",
      "closed",
    ] as const
    for (const name of names) {
      this.secrets.on(name, event => {
        this.given.push(event)
        this.look()
        this.probe()
      })
    }
    this.secrets.on("failed", ({ secret }) => {
      if (secret !== undefined) this.#failed.add(secret)
    })
  }

  #beginRead(call: Call, name: string): void {
    const lost = this.#lost.get(name)
    const isRead = (one: Call) =>
      (one.operation === "read" || one.operation === "readMany") &&
      one.version === call.version &&
      !one.signal.aborted
    if (!isRead(call)) return
    if (lost !== undefined && call.version === undefined) {
      // This one settles what became of a write; it is no read of the secret.
      this.#lost.delete(name)
      this.#settling.set(call, lost)
      return
    }
    const others = this.programmable.pending.filter(
      other => other !== call && isRead(other) && other.names.includes(name) && !this.#settling.has(other),
    )
    holds("flight", others.length === 0, () => `${others.length + 1} reads of ${name}`)
  }

  #hear(call: Call, name: string, how: How, answer: ServiceVersion | SecretErrorCode): void {
    const model = this.#models.get(name) as SecretModel
    const now = instant(this.clock)
    const good = how === "then" || how === "now"
    switch (call.operation) {
      case "versions":
        return
      case "write":
        if (good) this.#written(model, name, call)
        else if (how === "lost" || this.#isLost(how)) this.#lost.set(name, call)
        return
      case "delete":
        if (good) this.#deleted(model, name, call)
        return
      default:
        break
    }
    const settled = this.#settling.get(call)
    if (settled !== undefined) {
      if (good && typeof answer !== "string" && answer.value === settled.value)
        this.#written(model, name, settled)
      return
    }
    if (call.version !== undefined && (!model.asking || call.version !== model.held?.version)) return
    // A batch that is forbidden or throttled is read singly.
    if (call.operation === "readMany" && (how === "DENIED" || how === "THROTTLED")) return
    const result = good ? answer : codeOf(how)
    const deletedAt = this.#deleting.get(name)
    const deleting = deletedAt !== undefined && (call.tick > deletedAt || typeof result === "string")
    if (deleting) this.#deleting.delete(name)
    if (call.version !== undefined) this.#hearHeld(model, call, result)
    else if (typeof result !== "string") this.#hearValue(model, name, call, result)
    else if (result === "NOT_FOUND" || result === "DISABLED" || result === "DENIED") {
      model.absent(call.tick, call.at, now, result)
      if (result === "NOT_FOUND" && deleting) model.gone(this.service.next(), result)
    } else if (result === "INVALID_VALUE" && model.held !== undefined) model.refused(call.tick, call.at)
    else model.failed(call.tick, now)
    this.#forget(model, name)
  }

  #hearHeld(model: SecretModel, call: Call, result: ServiceVersion | SecretErrorCode): void {
    if (typeof result !== "string") {
      if (result.value === model.held?.value) model.kept(call.tick, call.at)
      else model.gone(call.tick, "NOT_FOUND")
    } else if (result === "NOT_FOUND" || result === "DISABLED" || result === "DENIED")
      model.gone(call.tick, result)
    else {
      model.asking = false
      model.failed(call.tick, instant(this.clock))
    }
  }

  #hearValue(model: SecretModel, name: string, call: Call, version: ServiceVersion): void {
    if (model.isLate(call.tick)) return
    if (!this.#isAccepted(model, name, version.value)) return model.refused(call.tick, call.at)
    model.accepted(call.tick, call.at, version)
    this.#failed.delete(name)
    this.#old.delete(name)
    this.#raiseFloor(name, call.tick)
  }

  /** A write is answered: it counts from now on. */
  #written(model: SecretModel, name: string, call: Call): void {
    const tick = this.service.next()
    const { written } = call
    if (written === undefined || this.#isContradicted(model, name, call)) return
    if (!this.#isAccepted(model, name, written.value)) model.refused(tick, instant(this.clock))
    else {
      model.accepted(tick, instant(this.clock), written)
      this.#raiseFloor(name, call.effectiveAt ?? 0)
    }
    this.#forget(model, name)
  }

  #deleted(model: SecretModel, name: string, call: Call): void {
    const tick = this.service.next()
    if (this.#isContradicted(model, name, call)) this.#deleting.set(name, tick)
    else model.gone(tick, "NOT_FOUND")
  }

  /** Whether a read that began later has brought something else: then only the store knows what was last. */
  #isContradicted(model: SecretModel, name: string, call: Call): boolean {
    const isKept = this.secrets.health().secrets.some(one => one.name === name)
    return isKept && model.answered > call.tick && model.held?.value !== call.value
  }

  #raiseFloor(name: string, tick: number): void {
    this.#floors.set(name, Math.max(this.#floors.get(name) ?? 0, tick))
  }

  /** The store has answered: what was said before about failures and age is over. */
  #forget(model: SecretModel, name: string): void {
    if (model.failing) return
    // A version that is refused does not bring back one that has ended.
    if (this.handles.some(held => held.name === name && outcomeOf(held.secret) === `${ENDED}STALE`)) return
    this.#failed.delete(name)
    this.#old.delete(name)
  }

  #isLost(how: How): boolean {
    return how === "TIMEOUT"
  }

  /** A value that is held already is accepted as it is. */
  #isAccepted(model: SecretModel, name: string, value: string): boolean {
    if (model.held?.value === value) return true
    return this.handles.every(held => held.name !== name || accepts(held.view, value))
  }

  #checkHandle(name: Name, view: ViewKind, secret: Secret<string>): void {
    const model = this.#models.get(name) as SecretModel
    const outcome = outcomeOf(secret)
    const story = () => `${view} of ${name} is ${outcome}`
    const gone =
      outcome === `${ENDED}NOT_FOUND` || outcome === `${ENDED}DISABLED` || outcome === `${ENDED}DENIED`
    if (model.withdrawn !== undefined)
      return holds("accepted", gone, () => `${story()} after ${model.withdrawn}`)
    holds("withdrawn", !gone, story)
    if (outcome === `${ENDED}STALE`) {
      return holds("patient", this.#failed.has(name) && this.#old.has(name), story)
    }
    const age = this.clock.monotonic() - model.answeredAt.monotonic
    const tooOld = model.failing && age >= TTL + this.setting.maxStale * 1_000
    // Without timers nobody looks between two requests.
    if (this.setting.refresh === "background") holds("bounded", !tooOld, () => `${story()}, ${age} ms old`)
    const expected = shownBy(view, model.held?.value ?? "")
    holds("fresh", outcome === expected, () => `${story()}, and not ${expected}`)
    if (view !== "text") return
    const until = this.service.lastValid(name, outcome)
    holds("ordered", until >= (this.#floors.get(name) ?? 0), () => `${story()}, valid until ${until}`)
  }

  #checkClosed(last: readonly string[]): void {
    last.forEach((expected, index) => {
      const outcome = outcomeOf((this.handles[index] as Held).secret)
      holds("closed", outcome === expected, () => `${outcome} is revealed after close(), not ${expected}`)
    })
    holds("closed", this.clock.pending.length === 0, () => JSON.stringify(this.clock.pending))
  }

  #checkLimits(): void {
    const now = this.clock.monotonic()
    for (const { what, until, ended } of this.#tracked) {
      holds(
        "limits",
        ended || now < until,
        () => `${what} is pending at ${now}, and should have ended at ${until}`,
      )
    }
    for (const tracked of this.#tracked) if (tracked.ended) this.#tracked.delete(tracked)
  }

  async #actFor(subscriber: Subscriber, held: Held, behaviour: Behaviour): Promise<void> {
    switch (behaviour) {
      case "refreshes":
        return await this.secrets.refresh(held.name)
      case "gets":
        this.hold(held.name, "field", await this.secrets.get(`${held.name}#x`))
        return
      case "uses":
        await held.secret.use(async () => ({ status: 401 }))
        return
      case "ends":
        return subscriber.end()
      case "closes":
        this.close()
        return await this.secrets.close()
      default:
        return
    }
  }

  #date(): Date {
    return new Date(this.clock.wall())
  }
}

const ENDED = "ended with "

/** What revealing comes to. */
function outcomeOf(secret: Secret<string>): string {
  try {
    return secret.reveal()
  } catch (thrown) {
    if (!isSecretError(thrown)) throw thrown
    return `${ENDED}${thrown.code}`
  }
}

function codeOf(how: How): SecretErrorCode {
  if (how === "lost" || how === "garbage") return "UNAVAILABLE"
  return how as SecretErrorCode
}

/** Numbers from 0 to below 1 that look random, the same ones for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
