import {
  aborted,
  type Clock,
  errorAbout,
  type Instant,
  instant,
  isSecretError,
  rebuild,
  SecretError,
  type SecretStore,
  type StoredSecret,
  type Version,
} from "../core/index.ts"
import { bounded, promised } from "./timing.ts"

/** What came of one read: when it began, in which place, and a secret or an error. */
export interface Answer {
  readonly order: number
  readonly at: Instant
  readonly result: StoredSecret | SecretError
  /** Whether the store itself answered, be it with an error about this one secret. */
  readonly reached: boolean
}

/** What came of one request for many names. */
export interface ManyAnswers {
  readonly answers: ReadonlyMap<string, Answer>
  /** Why the whole request failed. */
  readonly failure: SecretError | undefined
}

export interface CallContext {
  /** The secret that the call is about, if it is one. */
  readonly secret?: string | undefined
  /** In milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/**
 * Makes single calls to the store, and is the only place that does: each ends within its time or with its signal,
 * even if the store ignores both, and fails with a {@link SecretError} and nothing else.
 */
export class Reader {
  readonly #store: SecretStore
  readonly #clock: Clock
  #order = 0

  constructor(store: SecretStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The place of the newest call in the order of beginnings. */
  get order(): number {
    return this.#order
  }

  /** Takes the next place in the order of beginnings. */
  nextOrder(): number {
    this.#order += 1
    return this.#order
  }

  async read(name: string, context: CallContext, version?: Version): Promise<Answer> {
    const order = this.nextOrder()
    const at = instant(this.#clock)
    try {
      const secret = await this.call({ ...context, secret: name }, async signal =>
        storedSecret(await this.#store.read(name, version === undefined ? { signal } : { signal, version })),
      )
      return { order, at, result: secret, reached: true }
    } catch (thrown) {
      const error = thrown as SecretError
      return { order, at, result: error, reached: isAboutSecrets(error) }
    }
  }

  /** One request for many names: an answer for each, the same for all when the whole request failed. */
  async readMany(names: readonly string[], context: CallContext): Promise<ManyAnswers> {
    const order = this.nextOrder()
    const at = instant(this.#clock)
    const store = this.#store
    try {
      const results = await this.call(context, async signal => {
        const found = await store.readMany?.(names, { signal })
        return names.map((name): [string, StoredSecret | SecretError] => [
          name,
          this.#secretOrError(found?.get(name), name),
        ])
      })
      const answers = results.map(([name, result]): [string, Answer] => [
        name,
        { order, at, result, reached: true },
      ])
      return { answers: new Map(answers), failure: undefined }
    } catch (thrown) {
      const failure = thrown as SecretError
      const reached = isAboutSecrets(failure)
      const answers = names.map((name): [string, Answer] => [
        name,
        { order, at, result: errorAbout(failure, name), reached },
      ])
      return { answers: new Map(answers), failure }
    }
  }

  /** Any call to the store. @throws SecretError */
  async call<T>(context: CallContext, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { secret, timeout, signal } = context
    const store = this.#store.location
    if (signal.aborted) throw aborted({ secret, store })
    const controller = new AbortController()
    const work = promised(() => run(controller.signal))
    const ended = await bounded(this.#clock, "waited-for", timeout, work, signal)
    if (typeof ended !== "string" && "done" in ended) return ended.done
    controller.abort()
    if (ended === "late") {
      throw new SecretError("TIMEOUT", { secret, store, message: `no answer within ${timeout} ms` })
    }
    if (ended === "aborted") throw aborted({ secret, store })
    throw this.#rebuilt(ended.threw, secret)
  }

  #secretOrError(answer: unknown, name: string): StoredSecret | SecretError {
    try {
      return storedSecret(answer)
    } catch (thrown) {
      return this.#rebuilt(thrown, name)
    }
  }

  #rebuilt(thrown: unknown, secret: string | undefined): SecretError {
    return rebuild(thrown, { secret, store: this.#store.location })
  }
}

/**
 * Whether an error says something about what was asked for, and not about the store. A login that is refused is refused
 * for all: to go on asking for each of a thousand secrets might lock the account.
 */
function isAboutSecrets(error: SecretError): boolean {
  return !error.transient && error.code !== "UNAUTHENTICATED"
}

/** What a store answered, if it is what the interface promises: what it is instead may be anything, and is not told. */
function storedSecret(answer: unknown): StoredSecret {
  if (isSecretError(answer)) throw answer
  const { value, version, createdAt, expiresAt } = (answer ?? {}) as Partial<StoredSecret>
  const isValue = typeof value === "string" || ArrayBuffer.isView(value)
  const dated = isDateOrNothing(createdAt) && isDateOrNothing(expiresAt)
  if (isValue && typeof version === "string" && dated) return answer as StoredSecret
  throw new SecretError("UNAVAILABLE", { message: "the backend answered with something that is no secret" })
}

function isDateOrNothing(time: unknown): boolean {
  return time === undefined || (time instanceof Date && !Number.isNaN(time.getTime()))
}
