import {
  type Duration,
  instant,
  isSecretError,
  type OptionalOperation,
  parseDuration,
  refuseUnknownOptions,
  type Secret,
  SecretError,
  type SecretInfo,
  type SecretStore,
  type SecretValue,
  type StoreWith,
  type Version,
  type VersionInfo,
} from "../core/index.ts"
import { Engine } from "./engine.ts"
import type { SecretEventListener, SecretEventName } from "./events.ts"
import { type Health, healthOf } from "./health.ts"
import { listed, listedVersions } from "./listing.ts"
import {
  type PolicyOptions,
  partialPolicy,
  policyOptionNames,
  type SecretsOptions,
  settingsOf,
} from "./options.ts"
import type { StandardSchema } from "./schema.ts"
import { allOrNothing, type Inquiry, inquire, quickHandle, withNearName } from "./startup.ts"
import type { Format } from "./view.ts"
import { type PutOptions, Writer } from "./write.ts"

/** What can be asked beside the name. Durations hold for this name; where two callers differ the shorter holds. */
export interface GetOptions extends PolicyOptions {
  readonly signal?: AbortSignal
}

/** One secret of {@link Secrets.getMany}: a reference, or a reference with a form. */
export type Request = string | RequestObject

export interface RequestObject extends PolicyOptions {
  /** `"tally/api-token"`, `"db#password"`, `"db#/hosts/0"`. */
  readonly name: string
  /** Any Standard Schema, of zod or valibot for example. A version that it does not accept is never shown. */
  readonly schema?: StandardSchema
  /** What is handed out, or to the schema: text, the JSON that the text is, or bytes. Default: `"text"`. */
  readonly format?: Format
}

/** The value that a request gives. */
export type Requested<R extends Request> = R extends {
  readonly schema: StandardSchema<unknown, infer Output>
}
  ? Output
  : R extends { readonly format: "bytes" }
    ? Uint8Array
    : R extends { readonly format: "json" }
      ? unknown
      : string

const NO_OPTIONS: GetOptions = Object.freeze({})

/**
 * Reads, keeps, watches and writes the secrets of one store: the place of all policy.
 *
 * ```ts
 * const secrets = new Secrets(dotenv(".env"))
 * const token = await secrets.get("tally/api-token")
 * await token.use(value => callTally(value))
 * await secrets.close()
 * ```
 */
export class Secrets<S extends SecretStore = SecretStore> implements AsyncDisposable {
  readonly #engine: Engine
  readonly #writer: Writer

  /**
   * @param store is closed with this object.
   * @throws SecretError `MISCONFIGURED` for what is no store, and for an option that does not exist or does not have its
   * form.
   */
  constructor(store: S, options: SecretsOptions = {}) {
    refuseNoStore(store)
    this.#engine = new Engine(store, settingsOf(options))
    this.#writer = new Writer(this.#engine)
  }

  get store(): S {
    return this.#engine.store as S
  }

  /**
   * A live handle on a secret that is text. The first call reads it and goes on trying within `startupDeadline`; all
   * others answer from what is kept.
   *
   * @param reference a name, or a name and a field: `"tally/api-token"`, `"db#password"`.
   * @throws SecretError any code; `TIMEOUT` with `lastCode` when it could not be read in time.
   */
  get(reference: string, options?: GetOptions): Promise<Secret<string>>
  /** The same, with a schema that every version must satisfy and whose output is revealed. */
  get<T>(reference: string, options: GetOptions & { schema: StandardSchema<unknown, T> }): Promise<Secret<T>>
  get(reference: string, options?: GetOptions & { schema?: StandardSchema }): Promise<Secret<unknown>> {
    const quick = options === undefined ? quickHandle(this.#engine, reference) : undefined
    return quick === undefined
      ? this.#inquire(reference, "text", options ?? NO_OPTIONS)
      : Promise.resolve(quick)
  }

  /** A live handle on a secret as bytes; text is given as UTF-8. */
  async getBytes(reference: string, options: GetOptions = NO_OPTIONS): Promise<Secret<Uint8Array>> {
    return (await this.#inquire(reference, "bytes", options)) as Secret<Uint8Array>
  }

  /** A live handle on a secret that is JSON. */
  getJson(reference: string, options?: GetOptions): Promise<Secret<unknown>>
  getJson<T>(
    reference: string,
    options: GetOptions & { schema: StandardSchema<unknown, T> },
  ): Promise<Secret<T>>
  async getJson(
    reference: string,
    options: GetOptions & { schema?: StandardSchema } = NO_OPTIONS,
  ): Promise<Secret<unknown>> {
    return await this.#inquire(reference, "json", options)
  }

  /** Like {@link get}, but `undefined` where there is no such secret. Not where it may not be read: that is an error. */
  async getOptional(
    reference: string,
    options: GetOptions = NO_OPTIONS,
  ): Promise<Secret<string> | undefined> {
    try {
      // Not by get(), which would look for a name that was meant instead: here a secret may be missing.
      return (await inquire(this.#engine, inquiryOf(reference, "text", options))) as Secret<string>
    } catch (thrown) {
      if (isSecretError(thrown) && thrown.code === "NOT_FOUND") return undefined
      throw thrown
    }
  }

  /**
   * Handles on many secrets, under the keys that are given, read in as few calls as the store allows.
   *
   * @throws SecretError once, with the `problems` of all that failed.
   */
  async getMany<const R extends Readonly<Record<string, Request>>>(
    requests: R,
    options: GetOptions = NO_OPTIONS,
  ): Promise<{ [K in keyof R]: Secret<Requested<R[K]>> }> {
    const results = await this.#inquireAll(requests, options)
    const handles = allOrNothing(this.store.location, results)
    return Object.fromEntries(Object.keys(requests).map((key, index) => [key, handles[index]])) as never
  }

  /** Like {@link getMany}, with an error in the place of each secret that failed. */
  async getManySettled<const R extends Readonly<Record<string, Request>>>(
    requests: R,
    options: GetOptions = NO_OPTIONS,
  ): Promise<{ [K in keyof R]: Secret<Requested<R[K]>> | SecretError }> {
    const results = await this.#inquireAll(requests, options)
    return Object.fromEntries(Object.keys(requests).map((key, index) => [key, results[index]])) as never
  }

  /**
   * Reads again what is older than this, in one round, what sleeps too; for the start of a request where nothing runs
   * between requests. What cannot be read is served from what is held, within `maxStale`.
   */
  async fresh(maxAge: Duration, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const engine = this.#engine
    const limit = parseDuration(maxAge, "maxAge")
    if (engine.closing.aborted) throw engine.closedError()
    const now = instant(engine.clock)
    const old = [...engine.keepers()].filter(keeper => {
      keeper.apply({ type: "time", now })
      const { held, failure } = keeper.state
      return (
        held !== undefined && (failure !== undefined || keeper.age(now) > Math.min(limit, keeper.endsAfter))
      )
    })
    const errors = await Promise.all(old.map(keeper => engine.refresh(keeper, options)))
    const ended = errors.find(error => error?.code === "ABORTED" || error?.code === "CLOSED")
    if (ended !== undefined) throw ended
  }

  /**
   * Reads one secret, or all that are kept, again now.
   *
   * @throws SecretError if a read failed or a new version was refused; what is held may be usable all the same.
   */
  async refresh(reference?: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const engine = this.#engine
    if (engine.closing.aborted) throw engine.closedError(reference)
    const keepers = reference === undefined ? [...engine.keepers()] : [engine.keeperOf(reference)]
    const after = engine.reader.order
    const errors = await Promise.all(keepers.map(keeper => engine.refresh(keeper, options, after)))
    allOrNothing(this.store.location, errors)
  }

  /**
   * Writes a value and resolves with its version, which handles show from then on. Sent once: when the answer is lost,
   * reading tells whether it arrived.
   *
   * @throws SecretError `CONFLICT` when `expect` does not hold; with `outcome: "unknown"` when nothing tells.
   */
  async put(
    this: SecretsThatSupport<"write">,
    name: string,
    value: SecretValue,
    options: PutOptions = {},
  ): Promise<Version> {
    refuseUnknownOptions("put()", options, ["expect", "expiresAt", "signal"])
    return await this.#writer.put(name, value, options)
  }

  /** Removes a secret with all its versions; handles on it stop revealing at once. @throws SecretError */
  async delete(
    this: SecretsThatSupport<"delete">,
    name: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.#writer.delete(name, options.signal)
  }

  /** All secrets of the store, or those under a name, without their values. */
  list(
    this: SecretsThatSupport<"list">,
    options: { readonly under?: string; readonly signal?: AbortSignal } = {},
  ): AsyncIterable<SecretInfo> {
    return listed(this.#engine, options)
  }

  /** All versions of a secret, without their values. */
  versions(
    this: SecretsThatSupport<"versions">,
    name: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncIterable<VersionInfo> {
    return listedVersions(this.#engine, name, options)
  }

  /** Whether the store has an operation. Where it has, TypeScript lets it be called. */
  supports<O extends OptionalOperation>(operation: O): this is Secrets<S & StoreWith<O>> {
    return this.store[operation] !== undefined
  }

  /** Listens to what happens. See {@link SecretEvents}. */
  on<Name extends SecretEventName>(name: Name, listener: SecretEventListener<Name>): Disposable {
    return this.#engine.events.on(name, listener)
  }

  /** How everything is, without asking anybody. */
  health(): Health {
    return healthOf(this.#engine)
  }

  /**
   * Ends all reads, timers, watches and callbacks and closes the store, within twice `callTimeout`. After that handles
   * reveal their last value, so that a server can drain, and reads are `CLOSED`. May be called twice.
   */
  async close(): Promise<void> {
    await this.#engine.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #inquire(
    reference: string,
    format: Format,
    options: GetOptions & { schema?: StandardSchema },
  ): Promise<Secret<unknown>> {
    const inquiry = inquiryOf(reference, format, options)
    try {
      return await inquire(this.#engine, inquiry)
    } catch (thrown) {
      throw await withNearName(this.#engine, inquiry, thrown)
    }
  }

  async #inquireAll(
    requests: Readonly<Record<string, Request>>,
    options: GetOptions,
  ): Promise<(Secret<unknown> | SecretError)[]> {
    refuseUnknownOptions("getMany()", options, [...policyOptionNames, "signal"])
    return await Promise.all(
      Object.values(requests).map(async request => {
        const { name, format = "text", ...rest } = typeof request === "string" ? { name: request } : request
        try {
          return await inquire(this.#engine, inquiryOf(name, format, { ...options, ...rest }))
        } catch (thrown) {
          if (isSecretError(thrown)) return thrown
          throw thrown
        }
      }),
    )
  }
}

/** Secrets whose store is known to have an operation: by its type, or by `if (secrets.supports("write"))`. */
export interface SecretsThatSupport<Operation extends OptionalOperation>
  extends Secrets<StoreWith<Operation>> {}

function inquiryOf(
  reference: string,
  format: Format,
  options: GetOptions & { schema?: StandardSchema },
): Inquiry {
  refuseUnknownOptions("get()", options, [...policyOptionNames, "schema", "signal"])
  return { reference, format, schema: options.schema, policy: partialPolicy(options), signal: options.signal }
}

/** For programs without types: a URL, or a backend that was named and not called, would fail at the first read. */
function refuseNoStore(store: unknown): void {
  const { read, canonical } = (store ?? {}) as Partial<SecretStore>
  if (typeof read === "function" && typeof canonical === "function") return
  throw new SecretError("MISCONFIGURED", {
    message: "new Secrets() takes a store and was given none",
    hint: 'write new Secrets(dotenv(".env")), or await openSecrets("dotenv:.env")',
  })
}
