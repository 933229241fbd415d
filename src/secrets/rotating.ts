import {
  className,
  conceal,
  type Duration,
  parseDuration,
  refuseUnknownOptions,
  type Secret,
  systemClock,
  type Timer,
} from "../core/index.ts"
import { Handle } from "./handle.ts"

export interface RotatingOptions<R> {
  /** Ends a resource that is not current any more: `old => old.end()`. Default: it is just let go. */
  readonly retire?: (old: R) => void | Promise<void>
  /** How long after the change the old one is retired. Zero is allowed. Default: `"30s"`. */
  readonly after?: Duration
}

/** A resource made from a secret, and made anew when that changes. */
export interface Rotating<out R> {
  /** The resource made from the newest value. Ask for it each time; whoever keeps it sees it retired. */
  current(): R
  /** Calls a function with the current resource, which is not retired before the call ends. */
  use<T>(call: (resource: R) => T | Promise<T>): Promise<T>
  /** Makes no new ones, and retires all there are. Rejects with what `retire` threw. */
  close(): Promise<void>
}

interface Resource<R> {
  readonly resource: R
  users: number
  /** Called when the last user has gone, once it is to be retired. */
  unused: (() => void) | undefined
}

/**
 * Keeps a resource, a connection pool for example, in step with a secret.
 *
 * A change that comes while the first one is made is not missed. If the new resource cannot be made, the old one stays,
 * `callbackFailed` says so, and it is tried again.
 *
 * @throws whatever `make` throws for the first one, untouched.
 */
export async function rotating<T, R>(
  secret: Secret<T>,
  make: (value: T) => R | Promise<R>,
  options: RotatingOptions<R> = {},
): Promise<Rotating<R>> {
  refuseUnknownOptions("rotating()", options, ["retire", "after"])
  const after = parseDuration(options.after ?? "30s", "after", "allowed")
  const since = secret.status.version
  const first = await make(secret.reveal())
  return new RotatingResource(secret, make, first, since, after, options.retire)
}

class RotatingResource<T, R> implements Rotating<R> {
  readonly #secret: Secret<T>
  readonly #make: (value: T) => R | Promise<R>
  readonly #retire: (old: R) => void | Promise<void>
  readonly #after: number
  readonly #subscription: Disposable
  /** Resources that are not current any more, each with the way to retire it now. */
  readonly #retiring = new Map<Resource<R>, () => Promise<void>>()
  #current: Resource<R>
  #newest = 0
  #closed = false

  constructor(
    secret: Secret<T>,
    make: (value: T) => R | Promise<R>,
    first: R,
    since: string,
    after: number,
    retire: (old: R) => void | Promise<void> = () => {},
  ) {
    this.#secret = secret
    this.#make = make
    this.#retire = retire
    this.#after = after
    this.#current = { resource: first, users: 0, unused: undefined }
    this.#subscription = secret.onRotate(async ({ current }) => await this.#replace(current.reveal()), {
      since,
    })
    Handle.engineOf(secret)?.closers.add(this.#retireOld)
  }

  /** For printing: the name of the secret. */
  get name(): string {
    return this.#secret.name
  }

  current(): R {
    return this.#current.resource
  }

  async use<U>(call: (resource: R) => U | Promise<U>): Promise<U> {
    const used = this.#current
    used.users += 1
    try {
      return await call(used.resource)
    } finally {
      used.users -= 1
      if (used.users === 0) used.unused?.()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#subscription[Symbol.dispose]()
    Handle.engineOf(this.#secret)?.closers.delete(this.#retireOld)
    await Promise.all([this.#retireOld(), this.#retire(this.#current.resource)])
  }

  async #replace(value: T): Promise<void> {
    this.#newest += 1
    const mine = this.#newest
    const resource = await this.#make(value)
    // One that took so long that it was given up, or that comes after the end, never takes the place of a newer one.
    if (mine !== this.#newest || this.#closed) return await this.#retire(resource)
    const old = this.#current
    this.#current = { resource, users: 0, unused: undefined }
    this.#retireLater(old)
  }

  #retireLater(old: Resource<R>): void {
    let timer: Timer | undefined
    const retireNow = async () => {
      timer?.clear()
      if (this.#retiring.delete(old)) await this.#retire(old.resource)
    }
    const due = () => {
      if (old.users === 0) void retireNow().catch(this.#report)
      else old.unused = () => void retireNow().catch(this.#report)
    }
    this.#retiring.set(old, retireNow)
    const clock = Handle.engineOf(this.#secret)?.clock ?? systemClock
    timer = clock.timer("background", this.#after, due)
  }

  /** Retires at once what would be retired later. */
  readonly #retireOld = async (): Promise<void> => {
    await Promise.all([...this.#retiring.values()].map(retireNow => retireNow()))
  }

  readonly #report = (thrown: unknown): void => {
    Handle.engineOf(this.#secret)?.events.emit("callbackFailed", {
      secret: this.#secret.name,
      version: this.#secret.status.version,
      attempt: 1,
      retried: false,
      reason: className(thrown),
    })
  }
}

conceal(RotatingResource)
