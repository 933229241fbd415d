import { aborted, type OpenedOnce, openOnce, untilAborted } from "../../src/core/index.ts"
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
  readonly #closing = new AbortController()
  readonly #opened: OpenedOnce<Open>

  constructor(openSession: () => Promise<Session>) {
    this.#opened = openOnce(async () => {
      const session = await openSession()
      return { session, underWay: 0, answers: 0, replaced: false }
    })
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
    const sent = async (own: AbortSignal): Promise<A> => {
      const open = await this.#opened.get()
      try {
        return await this.#send(open, own, send)
      } catch (thrown) {
        if (!open.session.renewable || !isRefusedLogin(thrown) || own.aborted) throw thrown
        return await this.#send(await this.#opened.get(), own, send)
      }
    }
    return await untilAborted(signal, sent, this.#closing.signal)
  }

  /** Ends all calls and gives back the connection. */
  async close(): Promise<void> {
    this.#closing.abort()
    const open = await this.#opened.take()
    open?.session.close()
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
      // Nobody waits any more, and nothing is to be sent for them.
      if (signal.aborted) throw aborted({})
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
    void this.#opened.take()
    this.#closeIfDone(open)
  }

  #closeIfDone(open: Open): void {
    if (open.replaced && open.underWay === 0) open.session.close()
  }
}
