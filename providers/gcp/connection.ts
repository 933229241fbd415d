import {
  aborted,
  type OpenedOnce,
  openOnce,
  type SharedWork,
  sharedWork,
  untilAborted,
} from "../../src/core/index.ts"
import { cancellable } from "./cancel.ts"
import { isAnswer, isRefusedLogin } from "./errors.ts"
import { LoginFailure } from "./login.ts"
import type { GcpAnswer, GcpCallOptions, GcpClient } from "./sdk.ts"
import type { Channel, Identity } from "./session.ts"

/**
 * How long the SDK itself lets a call run, in milliseconds. `Secrets` ends it long before; this is for those who use the
 * store without, with a signal that never aborts.
 */
const LONGEST_CALL = 60_000

/** An identity, and its channel, which may be replaced without a new login. */
interface Session {
  readonly identity: Identity
  readonly channel: OpenedOnce<Open>
  isLoggingIn: boolean
}

/** A channel, and what is to be known of it to replace it. */
interface Open {
  readonly channel: Channel
  underWay: number
  /** How many calls the service has answered. */
  answers: number
  isReplaced: boolean
}

/**
 * The connection of one store, made with the first call, once for all that wait for it. A login goes on when those have
 * left who wait for it, so that it is there for the next. The login is made anew when the service refuses its token, and
 * the channel alone when it seems to be dead: a call was given up while the service answered nothing at all.
 */
export class Connection {
  readonly #findIdentity: () => Promise<Identity>
  readonly #closing = new AbortController()
  readonly #logins: SharedWork<Session>
  /** The one that has logged in last. */
  #session: Session | undefined
  /** How many sessions were given up because their token, or their login, was refused. */
  #refused = 0

  constructor(findIdentity: () => Promise<Identity>) {
    this.#findIdentity = findIdentity
    this.#logins = sharedWork(() => new LoginFailure("unreachable"), { closing: this.#closing.signal })
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
      const before = this.#refused
      try {
        return await this.#send(await this.#loggedIn(), own, send)
      } catch (thrown) {
        if (this.#refused === before || !isRefusedLogin(thrown) || own.aborted) throw thrown
        return await this.#send(await this.#loggedIn(), own, send)
      }
    }
    return await untilAborted(signal, sent, this.#closing.signal)
  }

  /** Ends all calls and gives back the connection. Waits for no login. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#session?.channel.close(({ channel }) => channel.close())
  }

  async #loggedIn(): Promise<Session> {
    // Whoever was refused must not join a login from before.
    return await this.#logins(String(this.#refused), async () => {
      const held = this.#session
      // A login that is still under way and is not to be joined may never be answered: the library would only join it.
      const session = held === undefined || held.isLoggingIn ? await this.#newSession() : held
      session.isLoggingIn = true
      try {
        await session.identity.login()
      } catch (thrown) {
        if (isRefusedLogin(thrown)) this.#refuse(session)
        throw thrown
      } finally {
        session.isLoggingIn = false
      }
      if (this.#session !== session) this.#letGo(this.#session)
      this.#session = session
      return session
    })
  }

  async #newSession(): Promise<Session> {
    const identity = await this.#findIdentity()
    const channel = openOnce(async () => {
      return { channel: await identity.channel(), underWay: 0, answers: 0, isReplaced: false }
    })
    return { identity, channel, isLoggingIn: false }
  }

  async #send<A>(
    session: Session,
    signal: AbortSignal,
    send: (client: GcpClient, options: GcpCallOptions) => Promise<A>,
  ): Promise<A> {
    const open = await this.#channelOf(session, signal)
    const before = open.answers
    const givenUp = () => {
      // HTTP/2 keeps a connection over which nothing comes any more, for a quarter of an hour and for all calls.
      if (open.answers === before) this.#replace(session, open)
    }
    open.underWay++
    signal.addEventListener("abort", givenUp, { once: true })
    try {
      if (signal.aborted) throw aborted({})
      const options = { retry: null, timeout: LONGEST_CALL, autoPaginate: false, signal } as const
      const answer = await cancellable(signal, async () => await send(open.channel.client, options))
      open.answers++
      return answer
    } catch (thrown) {
      if (isAnswer(thrown)) open.answers++
      if (isRefusedLogin(thrown)) this.#refuse(session)
      throw thrown
    } finally {
      signal.removeEventListener("abort", givenUp)
      open.underWay--
      // One that has been replaced meanwhile serves those who waited for its login, and nobody after them.
      if (this.#session !== session) this.#letGo(session)
      this.#closeIfDone(open)
    }
  }

  async #channelOf(session: Session, signal: AbortSignal): Promise<Open> {
    // Nobody waits any more, and nothing is to be made or sent for them.
    if (signal.aborted) throw aborted({})
    try {
      return await session.channel.get()
    } catch (thrown) {
      // The next call looks for credentials anew: something is wrong with these.
      this.#letGo(session)
      throw thrown
    }
  }

  /** Lets the next call log in anew; of the many calls that were refused together, only the first one does. */
  #refuse(session: Session): void {
    if (this.#session !== session || !session.identity.renewable) return
    session.identity.refused()
    this.#refused++
    this.#letGo(session)
  }

  #letGo(session: Session | undefined): void {
    if (session === undefined) return
    if (this.#session === session) this.#session = undefined
    void session.channel.close(open => this.#retire(open))
  }

  /** Lets the next call make a new channel. This one is given back when the calls on it have ended. */
  #replace(session: Session, open: Open): void {
    if (open.isReplaced || !session.identity.renewable) return
    this.#retire(open)
    void session.channel.take()
  }

  #retire(open: Open): void {
    open.isReplaced = true
    this.#closeIfDone(open)
  }

  #closeIfDone({ channel, isReplaced, underWay }: Open): void {
    if (isReplaced && underWay === 0) channel.close()
  }
}
