import { isSecretError, type Secret } from "../../../src/core/index.ts"
import { Secrets } from "../../../src/secrets/index.ts"
import { type FakeClock, fakeClock } from "../../../src/testing/index.ts"
import { type Held, Oracle } from "./oracle.ts"
import { isEnded, outcomeOf } from "./outcome.ts"
import { holds } from "./promises.ts"
import { Service, type ServiceVersion } from "./service.ts"
import {
  CALL_TIMEOUT,
  CALLBACK_ATTEMPTS,
  CALLBACK_TIMEOUT,
  NAMES,
  type Name,
  ONE_READ,
  randomFrom,
  type Setting,
  STARTUP_DEADLINE,
  TTL,
} from "./setting.ts"
import { afterTurns, type Call, type How, isReading, ProgrammableStore } from "./store.ts"
import { type Behaviour, Subscriber } from "./subscriber.ts"
import { mapped, shownBy, slowSchema, strictSchema, type Values, type ViewKind } from "./values.ts"

/** A call of the library that was made. */
interface Tracked {
  readonly what: string
  /** When it has to have ended, by the monotonic clock. */
  readonly until: number
  ended: boolean
}

/** `Secrets` on a fake clock and a programmable store, with an oracle beside it, and everybody who uses it. */
export class World {
  readonly clock: FakeClock = fakeClock()
  readonly service: Service = new Service()
  readonly programmable: ProgrammableStore
  readonly secrets: Secrets
  readonly values: Values
  readonly setting: Setting
  readonly handles: Held[] = []
  readonly subscribers: Subscriber[] = []
  readonly controllers: AbortController[] = []
  /** All errors, events and reports: none may show a value. */
  readonly given: unknown[] = []
  readonly #oracle: Oracle
  readonly #slow: ReturnType<typeof slowSchema>
  readonly #tracked = new Set<Tracked>()
  /** When somebody left last before having what was asked for, in ticks. */
  #left = 0
  #closing = false
  /** What handles revealed when `close()` was through. */
  #last: readonly string[] | undefined
  #broken: unknown

  constructor(setting: Setting, values: Values) {
    const { clock, service, handles } = this
    this.setting = setting
    this.values = values
    this.#slow = slowSchema(setting.seed % 40)
    this.programmable = new ProgrammableStore(service, clock, setting)
    this.programmable.listener = {
      began: call => this.guarded(() => this.#began(call)),
      answered: (call, how, answers) => void (this.#closing || this.#oracle.answered(call, how, answers)),
      aborted: call => void (this.#closing || this.#oracle.aborted(call)),
    }
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
      clock,
      random: randomFrom(setting.seed),
    })
    const isKept = (name: string) => this.secrets.health().secrets.some(one => one.name === name)
    this.#oracle = new Oracle({ clock, service, setting, handles, isKept })
    for (const name of NAMES) this.rotate(name, values.next("both"))
    this.#listen()
  }

  get closing(): boolean {
    return this.#closing
  }

  /** Gets the handles and subscriptions that are there when the story begins, on both names. */
  async begin(): Promise<this> {
    this.programmable.healthy = true
    for (const name of this.setting.names) {
      for (const view of this.setting.views) {
        this.get(name, view)
        await this.clock.settle()
      }
    }
    this.programmable.healthy = false
    this.setting.behaviours.forEach((behaviour, index) => {
      this.subscribe(index, behaviour, undefined)
    })
    return this
  }

  // ---- What others do in the service

  rotate(name: Name, value: string): void {
    this.service.rotate(name, value, new Date(this.clock.wall()))
    this.programmable.hint(name)
  }

  /** Answers everything that is under way, oldest first, and what follows from that. */
  async answerAll(how: How): Promise<void> {
    for (const call of [...this.programmable.pending]) {
      call.answer(how, 0)
      await this.clock.settle()
    }
  }

  /** Lets a handle change, so many turns from now, while something else happens after so many. */
  async changeInTheMiddle(
    index: number,
    answering: number,
    happening: number,
    happens: (name: Name) => void,
  ): Promise<void> {
    const held = at(this.handles, index)
    if (held === undefined) return
    const { name } = held
    this.refresh(name)
    await this.clock.settle()
    this.rotate(name, this.values.next("both"))
    this.programmable.pending.find(call => this.#isReadingOf(name, call))?.answer("now", answering)
    afterTurns(happening, () => happens(name))
  }

  // ---- What the library is asked for

  get(name: Name, view: ViewKind, signal?: AbortSignal): void {
    const { secrets } = this
    const options = signal === undefined ? {} : { signal }
    const hold = (secret: Secret<string>) => {
      if (!this.#closing) this.guarded(() => this.#oracle.checkGivenOut({ name, view, secret }))
      this.hold({ name, view, secret })
    }
    switch (view) {
      case "text":
        return this.track(`get ${name}`, ONE_READ, secrets.get(name, options), hold)
      case "field":
        return this.track(`get ${name}#x`, 3 * ONE_READ, secrets.get(`${name}#x`, options), hold)
      case "strict":
      case "slow": {
        const schema = view === "slow" ? this.#slow : strictSchema
        return this.track(
          `get ${name}, ${view}`,
          3 * ONE_READ,
          secrets.get(name, { ...options, schema }),
          hold,
        )
      }
      case "map": {
        const text = this.handles.find(held => held.name === name && held.view === "text")
        try {
          if (text !== undefined) this.hold({ name, view, secret: text.secret.map(mapped) })
        } catch (thrown) {
          this.given.push(thrown)
        }
      }
    }
  }

  hold(held: Held): void {
    if (!this.handles.some(({ secret }) => secret === held.secret)) this.handles.push(held)
  }

  refresh(name: Name | undefined, signal?: AbortSignal): void {
    const options = signal === undefined ? {} : { signal }
    const tick = this.service.next()
    const done = () => {
      const refreshed = this.handles.filter(held => name === undefined || held.name === name)
      for (const held of refreshed) this.guarded(() => this.#oracle.checkRefreshed(held, tick))
    }
    this.track(`refresh ${name ?? "all"}`, 2 * ONE_READ, this.secrets.refresh(name, options), done)
  }

  /** Uses a secret that so many times is not what the far side accepts. */
  use(index: number, refusals: number, signal?: AbortSignal): void {
    const held = at(this.handles, index)
    if (held === undefined) return
    const { name, view, secret } = held
    let calls = 0
    const call = async (value: string, { version }: { version: string }) => {
      calls += 1
      if (!this.#closing) this.guarded(() => this.#checkUsed(held, value, version, calls))
      return { status: calls <= refusals ? 401 : 200 }
    }
    const options = signal === undefined ? {} : { signal }
    this.track(`use ${view} of ${name}`, 3 * ONE_READ, secret.use(call, options))
  }

  /** Changes of one name are made one after another: each has its time after those before it. */
  change(name: Name, make: () => Promise<unknown>): void {
    const what = `change ${name}`
    const before = [...this.#tracked].filter(one => one.what === what && !one.ended).length
    this.track(what, (before + 1) * 2 * ONE_READ, make(), () => this.#oracle.deleted(name))
  }

  subscribe(index: number, behaviour: Behaviour, since: string | undefined): void {
    const held = at(this.handles, index)
    if (held === undefined || this.#closing) return
    const outcome = outcomeOf(held.secret)
    const seen = isEnded(outcome) ? null : outcome
    const subscriber: Subscriber = new Subscriber(
      held.secret,
      behaviour,
      since === undefined ? seen : undefined,
      {
        clock: this.clock,
        callbackTimeout: CALLBACK_TIMEOUT,
        callbackAttempts: CALLBACK_ATTEMPTS,
        isClosing: () => this.#closing,
        act: async behaviour => await this.#actFor(subscriber, held, behaviour),
      },
    )
    subscriber.registration = held.secret.onRotate(subscriber.callback, since === undefined ? {} : { since })
    this.subscribers.push(subscriber)
  }

  /** Follows a call to its end: it has a time limit, and an error of its own must be one of ours. */
  track<T>(what: string, limit: number, call: Promise<T>, done: (result: T) => void = () => {}): void {
    const isTooLate = this.#closing
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
        this.#left = this.service.next()
        const expected =
          isSecretError(thrown) && (!isTooLate || thrown.code === "CLOSED" || what.startsWith("use "))
        this.guarded(() => holds("errors", expected, () => `${what}: ${thrown}`))
      },
    )
  }

  close(): void {
    this.#closing = true
    this.track("close", 2 * CALL_TIMEOUT, this.secrets.close(), () => {
      this.#last ??= this.handles.map(({ secret }) => outcomeOf(secret))
      const { clock, programmable } = this
      this.guarded(() => holds("closed", clock.pending.length === 0, () => JSON.stringify(clock.pending)))
      this.guarded(() => holds("closed", programmable.closed === 1, () => `${programmable.closed} times`))
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

  // ---- What has to hold

  /** Everything that has to hold when nothing is going on but what waits for the store or the clock. */
  check(): void {
    // Of names that waited behind another one's failed read only health() says that their refresh failed.
    for (const { name, lastError } of this.secrets.health().secrets)
      if (lastError !== undefined) this.#oracle.failed(name)
    this.#checkNow()
    this.#oracle.look()
    if (this.#last !== undefined) this.#checkClosed(this.#last)
    else if (!this.#closing) {
      for (const held of this.handles) this.#oracle.check(held)
      for (const subscriber of this.subscribers) subscriber.checkSettled()
    }
    const now = this.clock.monotonic()
    for (const tracked of this.#tracked) {
      const { what, until, ended } = tracked
      holds(
        "limits",
        ended || now < until,
        () => `${what} is pending at ${now}, and should have ended at ${until}`,
      )
      if (ended) this.#tracked.delete(tracked)
    }
    this.#checkNow()
  }

  /** What has to hold when the store has been answering for so long that everything was read again. */
  checkCurrent(): void {
    if (this.#closing || this.setting.refresh === "on-read") return
    for (const held of this.handles) this.#oracle.checkCurrent(held)
    for (const subscriber of this.subscribers) subscriber.checkRetried()
  }

  /** All handles on a name show one and the same version, in the middle of whatever is going on. */
  probe(): void {
    for (const name of NAMES) {
      const held = this.handles.filter(held => held.name === name)
      const text = held.find(({ view }) => view === "text")
      const versions = new Set(held.map(({ secret }) => secret.status.version))
      holds("together", versions.size <= 1, () => [...versions].join(", "))
      if (text === undefined) continue
      const value = outcomeOf(text.secret)
      for (const { view, secret } of held) {
        const expected = isEnded(value) ? value : shownBy(view, value)
        holds(
          "together",
          outcomeOf(secret) === expected,
          () => `${view}: ${outcomeOf(secret)}, text: ${value}`,
        )
      }
      const { version } = text.secret.status
      const known = isEnded(value) || this.service.hadPair(name, version, value)
      holds("accepted", known, () => `${name} never had ${value} as ${version}`)
    }
  }

  /** Heals everything, waits until all is quiet, closes, and looks at what is left. */
  async end(): Promise<void> {
    const { clock } = this
    if (!this.#closing) await this.#quieten()
    this.close()
    await this.answerAll("garbage")
    for (let half = 0; half < 2; half++) await clock.advance(`${CALL_TIMEOUT}ms`)
    holds("closed", this.#last !== undefined, () => "close() does not end")
    this.check()
    // Those that hang go on now: nothing may come of it any more.
    for (const subscriber of this.subscribers) subscriber.release()
    await this.answerAll("now")
    await clock.settle()
    for (const { what, ended } of this.#tracked)
      holds("limits", ended, () => `${what} is pending after close()`)
    this.check()
  }

  async #quieten(): Promise<void> {
    const { clock, programmable, service } = this
    await clock.settle()
    if (this.#closing) return
    for (const subscriber of this.subscribers) subscriber.checkSettled()
    for (const subscriber of this.subscribers) subscriber.heal()
    programmable.healthy = true
    // Writes that waited for others are through before the last word is spoken.
    await clock.settle()
    await this.answerAll("now")
    for (const name of NAMES) {
      service.mend(name)
      this.rotate(name, this.values.next("both"))
    }
    for (let round = 0; round < 8; round++) {
      await clock.advance("45s")
      this.guarded(() => this.probe())
      if (this.setting.refresh === "on-read") this.track("fresh", CALL_TIMEOUT, this.secrets.fresh("30s"))
    }
    await clock.settle()
    this.check()
    for (const { name, view, secret } of this.handles) {
      const { value } = service.read(name) as ServiceVersion
      holds(
        "fresh",
        outcomeOf(secret) === shownBy(view, value),
        () => `${view} of ${name}: ${outcomeOf(secret)}`,
      )
    }
    for (const subscriber of this.subscribers) subscriber.checkQuiet()
    this.given.push(this.secrets.health())
  }

  #listen(): void {
    const { secrets } = this
    const names = ["accepted", "refused", "failed", "recovered", "stale", "withdrawn", "kept"] as const
    for (const name of [...names, "callbackFailed", "closed"] as const) {
      secrets.on(name, event => {
        this.given.push(event)
        this.#oracle.look()
        this.guarded(() => this.probe())
      })
    }
    secrets.on("failed", ({ secret }) => {
      if (secret !== undefined) this.#oracle.failed(secret)
    })
  }

  #began(call: Call): void {
    holds("closed", this.#last === undefined, () => `${call.operation} of ${call.names}`)
    // Reads of older versions are of something else.
    if (!isReading(call) || call.version !== undefined) return
    for (const name of call.names) {
      this.#oracle.began(call, name)
      const others = this.programmable.pending.filter(other => this.#isReadingOf(name, other))
      const reads = new Set(
        [...others, call].filter(one => !one.signal.aborted && !this.#oracle.isSettling(one)),
      )
      holds("flight", reads.size <= 1, () => `${reads.size} reads of ${name}`)
    }
  }

  #isReadingOf(name: string, call: Call): boolean {
    if (!isReading(call) || !call.names.includes(name) || call.version !== undefined) return false
    // One name of a batch cannot be aborted when nobody waits for it any more.
    return call.operation === "read" || call.tick > this.#left
  }

  #checkNow(): void {
    if (this.#broken !== undefined) throw this.#broken
    for (const { broken } of this.subscribers) if (broken !== undefined) throw broken
  }

  #checkUsed(held: Held, value: string, version: string, calls: number): void {
    const { name, view, secret } = held
    this.#oracle.checkGivenOut(held)
    const shown = [outcomeOf(secret), ...(calls > 1 && secret.previous ? [secret.previous.reveal()] : [])]
    holds("accepted", shown.includes(value), () => `${value} is used, ${shown} is shown`)
    if (calls === 1)
      holds(
        "together",
        version === secret.status.version,
        () => `${version} is used, not ${secret.status.version}`,
      )
    if (view === "text")
      holds("accepted", this.service.hadPair(name, version, value), () => `${value} as ${version}`)
  }

  #checkClosed(last: readonly string[]): void {
    last.forEach((expected, index) => {
      const outcome = outcomeOf((this.handles[index] as Held).secret)
      holds("closed", outcome === expected, () => `${outcome} is revealed after close(), not ${expected}`)
    })
    holds("closed", this.clock.pending.length === 0, () => JSON.stringify(this.clock.pending))
  }

  async #actFor(subscriber: Subscriber, { name, secret }: Held, behaviour: Behaviour): Promise<void> {
    switch (behaviour) {
      case "refreshes":
        return await this.secrets.refresh(name)
      case "gets":
        return this.hold({ name, view: "field", secret: await this.secrets.get(`${name}#x`) })
      case "uses":
        await secret.use(async () => ({ status: 401 }))
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
}

/** One of them, whatever the number. */
export function at<T>(things: readonly T[], index: number): T | undefined {
  return things[index % Math.max(1, things.length)]
}
