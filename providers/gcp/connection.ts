import { SecretError } from "../../src/core/index.ts"
import { isAnswer, isRefusedLogin } from "./errors.ts"
import type { GcpAnswer, GcpCallOptions, GcpClient } from "./sdk.ts"
import type { Session } from "./session.ts"

/**
 * How long the SDK itself lets a call run, in milliseconds. `Secrets` ends it long before; this is for those who use the
 * store without, with a signal that never aborts.
 */
const LONGEST_CALL = 60_000

/** A session, and what is to be known of it to replace it. */
interface Open {
  readonly session: Session
  underWay: number
  /** How many calls the service has answered. */
  answers: number
  replaced: boolean
}

/**
 * The connection of one store. It is made with the first call, once for all that wait for it; one that could not be made
 * is tried again with the next call. It is replaced when the service refuses its token, which is the login anew, and when
 * it seems to be dead: a call was given up while the service answered nothing at all.
 */
export class Connection {
  readonly #openSession: () => Promise<Session>
  readonly #closing = new AbortController()
  #current: Promise<Open> | undefined

  constructor(openSession: () => Promise<Session>) {
    this.#openSession = openSession
  }

  /**
   * Makes one call. It is sent once more, with a new login, when the service did not know who asked: that it has done
   * nothing is certain then.
   *
   * @param send calls the client that it is given, with the options that it is given.
   * @throws what the SDK threw; LoginFailure; SecretError `ABORTED`, `CLOSED`
   */
  async call<A extends GcpAnswer<unknown>>(
    signal: AbortSignal,
    send: (client: GcpClient, options: GcpCallOptions) => Promise<A>,
  ): Promise<A> {
    // A write is several calls, and its caller may have gone between two of them.
    if (signal.aborted) throw new SecretError("ABORTED")
    if (this.#closing.signal.aborted) throw closed()
    return await this.#until(signal, async own => {
      const open = await this.#reach()
      try {
        return await this.#send(open, own, send)
      } catch (thrown) {
        if (!open.session.renewable || !isRefusedLogin(thrown) || own.aborted) throw thrown
        return await this.#send(await this.#reach(), own, send)
      }
    })
  }

  /** Ends all calls and gives back the connection. */
  async close(): Promise<void> {
    this.#closing.abort()
    const current = await this.#current?.catch(() => undefined)
    current?.session.close()
  }

  async #send<A>(
    open: Open,
    signal: AbortSignal,
    send: (client: GcpClient, options: GcpCallOptions) => Promise<A>,
  ): Promise<A> {
    const before = open.answers
    const givenUp = () => {
      // HTTP/2 keeps a connection over which nothing comes any more, for a quarter of an hour and for all calls.
      if (open.answers === before) this.#replace(open)
    }
    open.underWay++
    signal.addEventListener("abort", givenUp, { once: true })
    try {
      await open.session.login()
      if (signal.aborted) throw closed()
      const options = { retry: null, timeout: LONGEST_CALL, autoPaginate: false, signal } as const
      const answer = await send(open.session.client, options)
      open.answers++
      return answer
    } catch (thrown) {
      if (isAnswer(thrown)) open.answers++
      if (isRefusedLogin(thrown)) this.#renew(open)
      throw thrown
    } finally {
      signal.removeEventListener("abort", givenUp)
      open.underWay--
      this.#closeIfDone(open)
    }
  }

  #reach(): Promise<Open> {
    this.#current ??= this.#openSession().then(
      session => ({ session, underWay: 0, answers: 0, replaced: false }),
      (thrown: unknown) => {
        this.#current = undefined
        throw thrown
      },
    )
    return this.#current
  }

  /** Lets the next call log in anew; of the many calls that were refused together, only the first one does. */
  #renew(open: Open): void {
    if (open.replaced || !open.session.renewable) return
    open.session.refused()
    this.#replace(open)
  }

  /** Lets the next call make a new connection. This one is given back when the calls on it have ended. */
  #replace(open: Open): void {
    if (open.replaced || !open.session.renewable) return
    open.replaced = true
    this.#current = undefined
    this.#closeIfDone(open)
  }

  #closeIfDone(open: Open): void {
    if (open.replaced && open.underWay === 0) open.session.close()
  }

  /** Runs something until it ends, the signal aborts or the store is closed, and leaves no listener behind. */
  async #until<T>(signal: AbortSignal, run: (own: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController()
    const ends = [signal, this.#closing.signal]
    let end = () => {}
    const ended = new Promise<never>((_, reject) => {
      end = () => {
        own.abort()
        reject(signal.aborted ? new SecretError("ABORTED") : closed())
      }
    })
    for (const one of ends) one.addEventListener("abort", end, { once: true })
    try {
      return await Promise.race([run(own.signal), ended])
    } finally {
      for (const one of ends) one.removeEventListener("abort", end)
    }
  }
}

function closed(): SecretError {
  return new SecretError("CLOSED", { message: "the store was closed" })
}
