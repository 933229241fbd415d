import {
  type Clock,
  errorAbout,
  instant,
  parseReference,
  rebuild,
  SecretError,
  type SecretStore,
} from "../core/index.ts"
import { Batch } from "./batch.ts"
import { Events } from "./events.ts"
import { Keeper, type KeeperContext } from "./keeper.ts"
import { Limiter, MOST_AT_ONCE } from "./limiter.ts"
import type { Settings } from "./options.ts"
import { recallPrevious } from "./overlap.ts"
import { Reader } from "./reader.ts"
import { readOnce } from "./refresh.ts"
import { Schedule } from "./schedule.ts"
import { Flight, type Wish } from "./single-flight.ts"
import { StoreBackoff } from "./store-backoff.ts"
import { bounded } from "./timing.ts"
import { Watcher } from "./watch.ts"

/** The parts of one `Secrets`, put together: what the rooms ask each other for goes through here. */
export class Engine implements KeeperContext {
  readonly store: SecretStore
  readonly settings: Settings
  readonly clock: Clock
  readonly events: Events = new Events()
  readonly reader: Reader
  readonly limiter: Limiter = new Limiter(MOST_AT_ONCE)
  readonly batch: Batch
  readonly backoff: StoreBackoff
  readonly schedule: Schedule
  readonly watcher: Watcher
  /** What else has to end when everything ends. */
  readonly closers: Set<() => void | Promise<void>> = new Set()
  readonly #keepers = new Map<string, Keeper>()
  readonly #closing = new AbortController()
  /** Work that nobody waits for: it has an owner all the same. */
  readonly #background = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  constructor(store: SecretStore, settings: Settings) {
    const { clock, random } = settings
    this.store = store
    this.settings = settings
    this.clock = clock
    this.reader = new Reader(store, clock)
    this.batch = new Batch(store, this.reader, this.limiter)
    this.backoff = new StoreBackoff(clock, random, {
      // Whoever waits for a first read gets at least one probe within the deadline.
      longestPause: () => Math.min(this.#shortestTtl(), settings.policy.startupDeadline) / 2,
      recovered: () => this.#hurryFailing(),
    })
    this.schedule = new Schedule({
      clock,
      settings,
      keepers: () => this.#keepers.values(),
      round: keepers => {
        for (const keeper of keepers) this.inBackground(this.refresh(keeper))
      },
    })
    this.watcher = new Watcher(this)
  }

  /** Aborts when `close()` begins. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  keepers(): Iterable<Keeper> {
    return this.#keepers.values()
  }

  /** What keeps a name that was asked for before. */
  find(canonicalName: string): Keeper | undefined {
    return this.#keepers.get(canonicalName)
  }

  /** What keeps a name. @throws SecretError `INVALID_NAME` */
  keeper(name: string): Keeper {
    const known = this.#keepers.get(name)
    if (known !== undefined) return known
    const canonical = this.store.canonical(name)
    const keeper = this.#keepers.get(canonical) ?? new Keeper(canonical, this)
    this.#keepers.set(canonical, keeper)
    return keeper
  }

  /** What keeps the secret of a reference, whose field does not matter. @throws SecretError `INVALID_NAME` */
  keeperOf(reference: string): Keeper {
    return this.keeper(parseReference(reference).name)
  }

  /**
   * Reads a secret again, together with everybody else who wants that.
   *
   * @param after a place in the order of beginnings: only a read that began later will do.
   * @returns the error that this ended with, if it did; it never rejects.
   */
  async refresh(keeper: Keeper, wish: Wish = {}, after = -1): Promise<SecretError | undefined> {
    for (;;) {
      if (this.closing.aborted) return this.closedError(keeper.name)
      // A name that was not there may have been forgotten between two reads, and have been asked for anew.
      const present = this.keeper(keeper.name)
      present.readAfter(after)
      const { flight } = present
      if (flight === undefined || flight.over) return await this.#fly(present, wish)
      // Who does not wait for a store that is down is told at once, whoever else waits for it.
      const failure = wish.until === undefined ? (flight.pausedAfter ?? this.backoff.postponing) : undefined
      if (failure !== undefined) return errorAbout(failure, keeper.name)
      const error = await flight.join(wish)
      if (present.startedOrder > after || wish.signal?.aborted) return error
    }
  }

  /**
   * Sees to it that a secret is read once more: by a read that begins after all that have begun by now, without anybody
   * who waits for it. Asking for that any number of times is one read.
   */
  readSoon(keeper: Keeper): void {
    keeper.readAfter(this.reader.order)
    if (keeper.flight === undefined || keeper.flight.over) this.inBackground(this.refresh(keeper))
  }

  /** A secret that slept was revealed: it is read again, while the old value is served. */
  wake(keeper: Keeper): void {
    if (!this.closing.aborted) this.inBackground(this.refresh(keeper))
  }

  planned(keeper: Keeper): void {
    this.schedule.planned(keeper)
  }

  /** Whether a value that is held should be read again before it is given out. */
  tooOld(keeper: Keeper): boolean {
    if (keeper.asleep) return true
    if (this.settings.refresh === "background") return false
    const now = instant(this.clock)
    return keeper.state.failure === undefined
      ? keeper.age(now) >= keeper.goodFor
      : keeper.due <= now.monotonic
  }

  /** Takes care of work that nobody waits for. What it throws, against all expectation, is told and ends nothing. */
  inBackground(work: Promise<unknown>): void {
    const owned = work.then(
      () => void this.#background.delete(owned),
      (thrown: unknown) => {
        this.#background.delete(owned)
        const error = rebuild(thrown, { store: this.store.location })
        this.events.emit("failed", { code: error.code, error })
      },
    )
    this.#background.add(owned)
  }

  closedError(secret?: string): SecretError {
    return new SecretError("CLOSED", {
      secret,
      store: this.store.location,
      hint: "read secrets before close()",
    })
  }

  /** Ends everything, in bounded time; once. */
  async close(): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #close(): Promise<void> {
    const limit = this.settings.policy.callTimeout
    const subscriptions = [...this.keepers()].flatMap(keeper => [...keeper.subscriptions])
    this.schedule.stop()
    for (const subscription of subscriptions) subscription.end()
    this.#closing.abort()
    for (const keeper of this.keepers()) keeper.flight?.cancel(this.closedError(keeper.name))
    this.backoff.close()
    const ends = [
      ...subscriptions.map(each => each.idle()),
      ...this.#background,
      ...[...this.closers].map(end => end()),
    ]
    await bounded(this.clock, "waited-for", limit, Promise.allSettled(ends))
    let failure: SecretError | undefined
    try {
      const signal = new AbortController().signal
      await this.reader.call({ timeout: limit, signal }, () => this.store.close())
    } catch (thrown) {
      failure = thrown as SecretError
    }
    this.events.emit("closed", failure === undefined ? {} : { error: failure })
  }

  async #fly(keeper: Keeper, wish: Wish): Promise<SecretError | undefined> {
    const { clock, store } = this
    const context = {
      secret: keeper.name,
      store: store.location,
      clock,
      random: this.settings.random,
      storeError: () => this.backoff.error && errorAbout(this.backoff.error, keeper.name),
    }
    const flight = new Flight(context, (signal, patience) => readOnce(this, keeper, signal, patience))
    keeper.flight = flight
    keeper.due = Number.POSITIVE_INFINITY
    const { startedOrder } = keeper
    const joined = flight.join(wish)
    this.inBackground(flight.fly().finally(() => this.#landed(keeper, flight, startedOrder)))
    return await joined
  }

  /** @param before the newest read that had been begun when the flight began. */
  #landed(keeper: Keeper, flight: Flight, before: number): void {
    if (keeper.flight !== flight) return
    keeper.flight = undefined
    // A name that was never there is forgotten, or whoever asks for many would fill the memory.
    if (keeper.state.held === undefined) this.#keepers.delete(keeper.name)
    else if (!this.closing.aborted) {
      this.schedule.plan(keeper, this.backoff.nextProbe)
      // Somebody asked for a read while one was under way that had begun before. Where not even one could be begun, the
      // schedule comes back to it.
      if (keeper.owesRead && keeper.startedOrder > before) this.inBackground(this.refresh(keeper))
    }
    if (keeper.state.held?.createdAt === undefined || this.closing.aborted) return
    const recall = recallPrevious(this, keeper)
    if (recall !== undefined) this.inBackground(recall)
  }

  #hurryFailing(): void {
    for (const keeper of this.keepers()) {
      if (keeper.state.failure !== undefined || keeper.owesRead) this.schedule.hurry(keeper)
    }
  }

  #shortestTtl(): number {
    let shortest = this.settings.policy.ttl
    for (const keeper of this.keepers()) shortest = Math.min(shortest, keeper.policy.ttl)
    return shortest
  }
}
