import {
  type Attempt,
  type Change,
  conceal,
  ON_ROTATE_OPTIONS,
  type OnRotateOptions,
  type Pinned,
  refuseNoFunction,
  refuseUnknownOptions,
  type Secret,
  type SecretStatus,
  USE_OPTIONS,
  type UseOptions,
} from "../core/index.ts"
import { Subscription, seenSince } from "./callbacks.ts"
import type { Engine } from "./engine.ts"
import type { Keeper } from "./keeper.ts"
import { type Lens, pin, type Shown } from "./lens.ts"
import { use } from "./use.ts"

/** The live {@link Secret}: one name, field and schema over a secret that is kept. */
export class Handle<T> implements Secret<T> {
  // The lens is a cell of its own: what stands in a private field as it is can be seen in a debugger's preview.
  readonly #lens: Lens
  readonly #keeper: Keeper
  readonly #engine: Engine

  constructor(lens: Lens, keeper: Keeper, engine: Engine) {
    this.#lens = lens
    this.#keeper = keeper
    this.#engine = engine
  }

  /** What belongs to a handle, or `undefined` for a secret of another kind. */
  static engineOf(secret: Secret<unknown>): Engine | undefined {
    return #engine in secret ? (secret as Handle<unknown>).#engine : undefined
  }

  get name(): string {
    return this.#lens.reference
  }

  get status(): SecretStatus {
    return this.#keeper.status()
  }

  get previous(): Pinned<T> | undefined {
    const previous = this.#keeper.previousOf(this.#lens)
    return previous === undefined ? undefined : (pin(this.#lens, previous) as Pinned<T>)
  }

  reveal(): T {
    const lens = this.#lens
    lens.watched.touched = true
    if (!lens.open) lens.watched.beforeReveal(lens.reference)
    return lens.value as T
  }

  async use<R>(
    call: (value: T, attempt: Attempt) => R | PromiseLike<R>,
    options: UseOptions<R> = {},
  ): Promise<R> {
    refuseNoFunction("use()", call)
    refuseUnknownOptions("use()", options, USE_OPTIONS)
    return await use(
      this.#engine,
      this.#keeper,
      this.#lens,
      call as (value: unknown, attempt: Attempt) => Promise<R>,
      options,
    )
  }

  onRotate(callback: (change: Change<T>) => void | Promise<void>, options: OnRotateOptions = {}): Disposable {
    refuseNoFunction("onRotate()", callback)
    refuseUnknownOptions("onRotate()", options, ON_ROTATE_OPTIONS)
    const { since, signal } = options
    return this.#subscribe(callback, seenSince(since, this.#lens, this.#keeper.state.aliases), signal)
  }

  /** Remembers what is shown now, by its value and not only by its version, for a subscription that begins later. */
  subscriber(): (callback: (change: Change<T>) => void | Promise<void>) => Disposable {
    const seen = this.#lens.shown
    return callback => this.#subscribe(callback, seen, undefined)
  }

  map<U>(derive: (value: T) => U): Secret<U> {
    this.reveal()
    const lens = this.#keeper.gate.derive(this.#lens, derive as (value: never) => unknown)
    return new Handle<U>(lens, this.#keeper, this.#engine)
  }

  #subscribe(
    callback: (change: Change<T>) => void | Promise<void>,
    seen: Shown | undefined,
    signal: AbortSignal | undefined,
  ): Disposable {
    const keeper = this.#keeper
    const run = callback as (change: Change<unknown>) => void | Promise<void>
    const subscription = new Subscription(this.#lens, run, seen, this.#engine)
    const end = () => {
      subscription.end()
      keeper.unsubscribe(subscription)
      signal?.removeEventListener("abort", end)
    }
    if (!signal?.aborted && !this.#engine.closing.aborted) {
      keeper.subscribe(subscription)
      signal?.addEventListener("abort", end)
      subscription.notify()
    }
    return { [Symbol.dispose]: end }
  }
}

conceal(Handle)
