import { randomUUID } from "node:crypto"
import { printable, refuseUnknownOptions, SecretError, type SecretStore } from "../core/index.ts"
import type { Secrets } from "../secrets/index.ts"
import { RotationEvents, type RotationListener } from "./events.ts"
import type {
  ResumeOptions,
  RotateOptions,
  RotatorCallOptions,
  RotatorOptions,
  TickOptions,
} from "./options.ts"
import { Agenda } from "./schedule/agenda.ts"
import { Places } from "./schedule/places.ts"
import { Timeline } from "./schedule/timeline.ts"
import { Caretaker, type Household } from "./secret/caretaker.ts"
import { Errand, LEAVE } from "./secret/errand.ts"
import { Observer } from "./secret/observer.ts"
import type { Result } from "./secret/result.ts"
import { Ward } from "./secret/ward.ts"
import { type Settings, settingsOf } from "./settings.ts"
import { healthOf } from "./status/health.ts"
import type {
  DryRun,
  RotationOutcome,
  RotationReport,
  RotationStatus,
  RotatorHealth,
} from "./status/report.ts"
import { reportOf } from "./status/report-of.ts"

/**
 * Rotates the secrets of one store on a schedule: from creation to retirement, with many replicas running and with a
 * crash at any point. What it knows is in the journals: any number of Rotators may run, in any number of processes.
 *
 * ```ts
 * const rotator = new Rotator({
 *   secrets,
 *   rotations: { "auth/session-key": { plan: generatedKey({ consumers }), schedule: { interval: "24h" } } },
 * })
 * await rotator.run(stopping.signal)
 * ```
 */
export class Rotator implements AsyncDisposable {
  readonly #settings: Settings
  readonly #events: RotationEvents = new RotationEvents()
  readonly #caretakers: ReadonlyMap<string, Caretaker>
  readonly #agenda: Agenda
  /** How many secrets are looked at at the same time without being worked on. */
  readonly #lookers: Places
  readonly #closing = new AbortController()
  readonly #underWay: Set<Promise<unknown>> = new Set()
  #running = false
  #closed: Promise<void> | undefined

  /**
   * @throws SecretError `MISCONFIGURED` for an option that does not exist or does not have its form, a plan with which a
   * rotation would go wrong, a cron expression that never fires; `UNSUPPORTED` for a store that cannot rotate;
   * `INVALID_NAME` for a name that it cannot hold.
   */
  constructor(options: RotatorOptions) {
    this.#settings = settingsOf(options)
    const { charges, clock, random, atOnce, lookEvery } = this.#settings
    const timeline = new Timeline(clock)
    const household: Household = {
      me: randomUUID(),
      events: this.#events,
      timeline,
      random,
      places: new Places(atOnce),
      lookEvery,
      refresh: refreshing(options.secrets),
    }
    const wards = charges.map(({ subject, schedule }) => new Ward(subject, schedule, timeline))
    this.#caretakers = new Map(wards.map(ward => [ward.subject.name, new Caretaker(ward, household)]))
    this.#lookers = new Places(atOnce)
    this.#agenda = new Agenda(clock, [...this.#caretakers.keys()])
  }

  /** Listens to what happens. A listener that throws harms nobody. @throws SecretError `MISCONFIGURED` for no function. */
  on(listener: RotationListener): Disposable {
    return this.#events.on(listener)
  }

  /**
   * Looks at every secret once: begins what is due, goes on with what was begun, clears up behind others. Resolves when
   * each waits, is done or has failed; a failing secret harms no other one, and is told in the report. After a failure
   * it is left alone for a while, from one minute up to an hour.
   *
   * @throws SecretError `ABORTED`, `CLOSED`; `MISCONFIGURED` for a name without a rotation; and nothing else.
   */
  async tick(options: TickOptions = {}): Promise<RotationReport> {
    refuseUnknownOptions("tick()", options, ["signal", "names"])
    const { signal, names } = options
    const some = names === undefined ? this.#caretakers.values() : names.map(name => this.#caretaker(name))
    return await this.#call(signal, async errand => {
      const looks = await Promise.allSettled(
        Array.from(new Set(some), async caretaker => this.#noted(await caretaker.look(errand, false))),
      )
      errand.check()
      return reportOf(looks.map(fulfilled))
    })
  }

  /**
   * Keeps doing what `tick` does, each secret when its time comes. Resolves when the signal aborts or the Rotator is
   * closed; a failing secret ends nothing. Keeps the process alive.
   *
   * @throws SecretError `CONFLICT` if it runs already; `CLOSED`.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) {
      throw new SecretError("CONFLICT", {
        message: "this Rotator runs already",
        hint: "call run() once, with a signal that aborts when the process is to stop",
      })
    }
    if (this.#closing.signal.aborted) throw closed()
    this.#running = true
    try {
      await this.#owned(async () => {
        using errand = new Errand(this.#settings.clock, this.#closing.signal, signal)
        await this.#agenda.run(errand.over, async name => await this.#visit(name, errand))
      })
    } finally {
      this.#running = false
    }
  }

  /**
   * Rotates one secret now, whether it is due or not, and carries on until it waits or is done. One that is on its way is
   * carried on instead, and no other one is begun after it; but where only the end of its grace was waited for, and that
   * is over, it is ended and the one that was asked for begins, so that a call a day rotates every day. (Not where a
   * person ends the old credential, see `revokedByHand` of a plan: then the call only sees whether that is done.)
   *
   * @throws SecretError `MISCONFIGURED` for a name without a rotation, `ABORTED`, `CLOSED`. Whatever else fails is told
   * in the outcome.
   */
  async rotate(name: string, options: RotateOptions = {}): Promise<RotationOutcome> {
    refuseUnknownOptions("rotate()", options, ["signal", "compromised", "impatient"])
    const { signal, compromised = false, impatient = false } = options
    const caretaker = this.#caretaker(name)
    return await this.#call(signal, async errand =>
      this.#noted(await caretaker.rotate(errand, { compromised, impatient })),
    )
  }

  /**
   * Goes back to the value before the last promotion, as long as it is not retired: as a promotion of its own, with a
   * check at the far side and a grace.
   *
   * @throws SecretError as `rotate`; `CONFLICT` where there is nothing to go back to.
   */
  async rollback(name: string, options: RotatorCallOptions = {}): Promise<RotationOutcome> {
    return await this.#grant(name, options, { rollback: true })
  }

  /**
   * Goes on with a rotation that is blocked, after a person has looked, or held by a replica that is gone.
   *
   * @throws SecretError as `rotate`; `CONFLICT` where nothing is on its way.
   */
  async resume(name: string, options: ResumeOptions = {}): Promise<RotationOutcome> {
    refuseUnknownOptions("resume()", options, ["signal", "force"])
    return await this.#grant(name, options, { resume: true, force: options.force === true })
  }

  /**
   * Takes back what was begun and is not promoted. Where it is blocked, lets go of it: nothing is revoked, and what the
   * secret holds is adopted by the next rotation. A schedule begins that one when it is due.
   *
   * @throws SecretError as `rotate`; `CONFLICT` where nothing is on its way, or the new credential is in use already.
   */
  async abort(name: string, options: RotatorCallOptions = {}): Promise<RotationOutcome> {
    return await this.#grant(name, options, { abort: true })
  }

  /** How every rotation is, by their journals as they are now. @throws SecretError `ABORTED`, `CLOSED` */
  status(name?: undefined, options?: RotatorCallOptions): Promise<readonly RotationStatus[]>
  /** How one is. @throws SecretError `MISCONFIGURED` for a name without a rotation, `ABORTED`, `CLOSED` */
  status(name: string, options?: RotatorCallOptions): Promise<RotationStatus>
  async status(
    name?: string,
    options: RotatorCallOptions = {},
  ): Promise<RotationStatus | readonly RotationStatus[]> {
    if (name !== undefined) {
      const one = this.#caretaker(name)
      return await this.#call(options.signal, errand => this.#statusOf(one, errand))
    }
    return await this.#call(options.signal, async errand => {
      const all = Array.from(this.#caretakers.values(), one => this.#statusOf(one, errand))
      const settled = await Promise.allSettled(all)
      errand.check()
      return settled.map(fulfilled)
    })
  }

  /**
   * What `rotate` would do, with the permissions that it needs, and whether the store and the plan would let it. Changes
   * nothing.
   *
   * @throws SecretError `MISCONFIGURED` for a name without a rotation, `ABORTED`, `CLOSED`. What fails is told in the
   * checks.
   */
  async dryRun(name: string, options: RotatorCallOptions = {}): Promise<DryRun> {
    const { ward } = this.#caretaker(name)
    return await this.#call(options.signal, async errand => await new Observer(ward, errand).dryRun())
  }

  /** How everything is, as of when it was last looked at. Asks nobody. */
  health(): RotatorHealth {
    return healthOf({
      store: this.#settings.store.location,
      rotations: Array.from(this.#caretakers.values(), ({ ward }) => ward.status()),
      listenerFailures: this.#events.failures,
    })
  }

  /**
   * Ends everything, and resolves when nothing is under way: a step is given five seconds to come to its end. What is left
   * in the middle is given back, so that another replica goes on with it at once; only where an answer is missing it has
   * to wait until the lease is over, two and a half minutes. May be called twice. The store stays open.
   */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#closed ??= this.#leave()
    await this.#closed
  }

  async #leave(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    const { clock } = this.#settings
    const late = new AbortController()
    const timer = clock.timer("waited-for", LEAVE, () => late.abort())
    try {
      await Promise.all(Array.from(this.#caretakers.values(), one => one.leave(late.signal)))
    } finally {
      timer.clear()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #grant(
    name: string,
    { signal }: RotatorCallOptions,
    wish: Parameters<Caretaker["grant"]>[1],
  ): Promise<RotationOutcome> {
    const caretaker = this.#caretaker(name)
    return await this.#call(signal, async errand => this.#noted(await caretaker.grant(errand, wish)))
  }

  async #statusOf({ ward }: Caretaker, errand: Errand): Promise<RotationStatus> {
    return await this.#lookers.within(errand.over, async () => await new Observer(ward, errand).status())
  }

  async #visit(name: string, errand: Errand): Promise<number> {
    try {
      return (await this.#caretaker(name).look(errand, true)).delay
    } catch {
      // It is over, and what was found is told by the next one who looks.
      return 0
    }
  }

  /** Whoever runs comes back when that makes sense. */
  #noted({ outcome, delay }: Result): RotationOutcome {
    this.#agenda.set(outcome.name, delay)
    return outcome
  }

  async #call<T>(signal: AbortSignal | undefined, work: (errand: Errand) => Promise<T>): Promise<T> {
    return await this.#owned(async () => {
      using errand = new Errand(this.#settings.clock, this.#closing.signal, signal)
      errand.check()
      return await work(errand)
    })
  }

  /** Keeps what is under way, so that `close()` waits for it. */
  async #owned<T>(work: () => Promise<T>): Promise<T> {
    const working = work()
    this.#underWay.add(working)
    try {
      return await working
    } finally {
      this.#underWay.delete(working)
    }
  }

  #caretaker(name: string): Caretaker {
    const found = this.#caretakers.get(name) ?? this.#caretakers.get(this.#settings.store.canonical(name))
    if (found !== undefined) return found
    const names = Array.from(this.#caretakers.keys(), printable)
    throw new SecretError("MISCONFIGURED", {
      secret: name,
      message: "there is no rotation of this name",
      hint: names.length === 0 ? "there is none at all" : `there are ${names.join(", ")}`,
    })
  }
}

function closed(): SecretError {
  return new SecretError("CLOSED", { message: "the Rotator was closed" })
}

/** What was looked at without being ended. */
function fulfilled<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "rejected") throw settled.reason
  return settled.value
}

/** Reads again what a process holds of a secret; what it never asked for is not read for that. */
function refreshing(secrets: Secrets<SecretStore> | undefined): Household["refresh"] {
  if (secrets === undefined) return undefined
  return async name => {
    if (secrets.health().secrets.some(held => held.name === name)) await secrets.refresh(name)
  }
}
