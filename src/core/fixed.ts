import { conceal } from "./conceal.ts"
import { SecretError } from "./error.ts"
import { aborted } from "./foreign.ts"
import { ON_ROTATE_OPTIONS, refuseNoFunction, refuseUnknownOptions, USE_OPTIONS } from "./known-options.ts"
import type { Attempt, Change, OnRotateOptions, Pinned, Secret, SecretStatus, UseOptions } from "./secret.ts"
import type { Version } from "./store.ts"

const VERSION: Version = "fixed"

/** A secret that never changes, without a store. */
export class FixedSecret<T> implements Secret<T> {
  readonly #name: string
  readonly #value: () => T

  constructor(name: string, value: T) {
    this.#name = name
    this.#value = () => value
    Object.freeze(this)
  }

  get name(): string {
    return this.#name
  }

  get status(): SecretStatus {
    return { version: VERSION, age: 0, stale: false }
  }

  get previous(): Pinned<T> | undefined {
    return undefined
  }

  reveal(): T {
    return this.#value()
  }

  async use<R>(
    call: (value: T, attempt: Attempt) => R | PromiseLike<R>,
    options: UseOptions<R> = {},
  ): Promise<R> {
    refuseNoFunction("use()", call)
    refuseUnknownOptions("use()", options, USE_OPTIONS)
    if (options.signal?.aborted) throw aborted({ secret: this.#name })
    return await call(this.#value(), {
      version: VERSION,
      signal: options.signal ?? new AbortController().signal,
    })
  }

  onRotate(callback: (change: Change<T>) => void | Promise<void>, options: OnRotateOptions = {}): Disposable {
    refuseNoFunction("onRotate()", callback)
    refuseUnknownOptions("onRotate()", options, ON_ROTATE_OPTIONS)
    return { [Symbol.dispose]() {} }
  }

  map<U>(derive: (value: T) => U): Secret<U> {
    try {
      return new FixedSecret(this.#name, derive(this.#value()))
    } catch {
      // What the function threw may quote the value that it was given.
      throw new SecretError("INVALID_VALUE", {
        secret: this.#name,
        message: "the function given to map() does not accept the value",
        hint: "see what it asks for",
      })
    }
  }
}

conceal(FixedSecret)
