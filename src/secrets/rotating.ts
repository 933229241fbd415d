import {
  type Change,
  className,
  conceal,
  type Duration,
  parseDuration,
  refuseUnknownOptions,
  type Secret,
  SecretError,
  systemClock,
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
  use<T>(call: (resource: R) => T | PromiseLike<T>): Promise<T>
  /**
   * Makes no new ones, and retires all there are, each as soon as no call uses it any more. Rejects with what `retire`
   * threw for the first one, when it is through with all.
   */
  close(): Promise<void>
}

interface Resource<R> {
  readonly resource: R
  users: number
  /** Called when the last user has gone, once it is to be retired. */
  unused: (() => void) | undefined
}

function resourceOf<R>(resource: R): Resource<R> {
  return { resource, users: 0, unused: undefined }
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
  const subscribe = subscriberOf(secret)
  const first = await make(secret.reveal())
  return new RotatingResource(secret, subscribe, make, first, after, options.retire)
}

type Subscribe<T> = (callback: (change: Change<T>) => Promise<void>) => Disposable

/** Subscribes later to all that changes from now on. */
function subscriberOf<T>(secret: Secret<T>): Subscribe<T> {
  if (secret instanceof Handle) return (secret as Handle<T>).subscriber()
  const since = secret.status.version
  return callback => secret.onRotate(callback, { since })
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
  #closed: Promise<void> | undefined

  constructor(
    secret: Secret<T>,
    subscribe: Subscribe<T>,
    make: (value: T) => R | Promise<R>,
    first: R,
    after: number,
    retire: (old: R) => void | Promise<void> = () => {},
  ) {
    this.#secret = secret
    this.#make = make
    this.#retire = retire
    this.#after = after
    this.#current = resourceOf(first)
    this.#subscription = subscribe(async ({ current }) => await this.#replace(current.reveal()))
    Handle.engineOf(secret)?.closers.add(this.#drain)
  }

  /** For printing: the name of the secret. */
  get name(): string {
    return this.#secret.name
  }

  current(): R {
    return this.#current.resource
  }

  async use<U>(call: (resource: R) => U | PromiseLike<U>): Promise<U> {
    if (this.#closed !== undefined) throw new SecretError("CLOSED", { secret: this.name })
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
    this.#closed ??= this.#close()
    await this.#closed
  }

  async #close(): Promise<void> {
    this.#subscription[Symbol.dispose]()
    Handle.engineOf(this.#secret)?.closers.delete(this.#drain)
    const ends = [...this.#retiring.values()].map(retireNow => retireNow())
    const all = await Promise.allSettled([...ends, this.#retireUnused(this.#current)])
    const failed = all.find(end => end.status === "rejected")
    if (failed !== undefined) throw failed.reason
  }

  async #replace(value: T): Promise<void> {
    this.#newest += 1
    const mine = this.#newest
    const made = resourceOf(await this.#make(value))
    const ended = this.#closed !== undefined || Handle.engineOf(this.#secret)?.closing.aborted
    // One that took so long that it was given up, or that comes after the end, never takes the place of a newer one.
    if (mine !== this.#newest || ended) return await this.#retireUnused(made).catch(this.#report)
    const old = this.#current
    this.#current = made
    this.#retireLater(old)
  }

  #retireLater(old: Resource<R>): void {
    const clock = Handle.engineOf(this.#secret)?.clock ?? systemClock
    let retired: Promise<void> | undefined
    const retireNow = () => {
      timer.clear()
      retired ??= this.#retireUnused(old).finally(() => this.#retiring.delete(old))
      return retired
    }
    this.#retiring.set(old, retireNow)
    const timer = clock.timer("background", this.#after, () => void retireNow().catch(this.#report))
  }

  async #retireUnused(old: Resource<R>): Promise<void> {
    if (old.users > 0) {
      await new Promise<void>(resolve => {
        old.unused = resolve
      })
    }
    await this.#retire(old.resource)
  }

  /** Retires what would be retired later, because everything ends. */
  readonly #drain = async (): Promise<void> => {
    await Promise.all([...this.#retiring.values()].map(retireNow => retireNow().catch(this.#report)))
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
