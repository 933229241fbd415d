import { type Clock, elapsed, type Instant, instant, isSecretError } from "../../src/core/index.ts"
import type { Answer, Client } from "./client.ts"
import { VaultFailure } from "./failure.ts"
import { type Flight, flight } from "./flight.ts"
import { type Grant, grantOf, type Login } from "./login/index.ts"

/** Who is logged in. */
export interface Holder {
  readonly token: string
  /** Which login of this process it comes from. What was leased with one dies with it. */
  readonly login: number
}

/** The identity that a store has at the server: one login for all calls, renewed and repeated when it must be. */
export interface Session {
  /**
   * Does something with a token that holds, as far as is known. If the server does not accept it, asks once whether the
   * token is still alive; a dead one is replaced by a new login, and the call is made once more.
   *
   * @throws VaultFailure, SecretError `UNAUTHENTICATED`, and whatever `call` throws
   */
  use<T>(call: (holder: Holder) => Promise<T>, signal: AbortSignal): Promise<T>
}

interface Held extends Holder {
  readonly since: Instant
  /** Milliseconds from `since` to its end; 0 if it has none. */
  readonly lease: number
  /** Milliseconds from `since` to the moment from which it is to be prolonged. */
  readonly due: number
  readonly renewable: boolean
  /** Whether the one before it was replaced without the server having said that it was dead. */
  readonly onSuspicion: boolean
  /** Asks the server whether this token is alive, once for all who want to know. */
  readonly life: Flight<"alive" | "dead" | "unknown">
}

/**
 * How long a token that replaced another one on suspicion is not suspected itself, in milliseconds: a server that does not
 * say whether tokens are alive must not be asked for a new one by every name that is denied.
 */
const UNSUSPECTED = 60_000

/** The pause after the first prolongation that failed, doubled by each further one, and the longest, in milliseconds. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 300_000

/**
 * A login, and what becomes of it. There are no timers: a token is prolonged by the call that finds two thirds of its
 * time over, so that a process that sleeps, or is frozen between requests, does nothing in between. All others go on with
 * the token that still holds.
 *
 * @param namespace where the login is, which can be above the namespace of the secrets.
 */
export function sessionOf(
  client: Client,
  login: Login,
  namespace: string | undefined,
  clock: Clock,
): Session {
  let held: Held | undefined
  let count = 0
  let prolonging = false
  let failures = 0
  let failedAt = instant(clock)
  let suspicion = false
  let calls = 0
  /** The token that the server called alive, and how many calls had begun when it did: all of them are answered by it. */
  let proven: { readonly token: string; readonly calls: number } | undefined

  const logins = flight(async signal => {
    const grant = await login.logIn({ client, namespace, signal, replacing: held?.token })
    count += 1
    failures = 0
    held = hold(grant, count, suspicion)
    suspicion = false
    return held
  })

  function hold({ token, lease, renewable }: Grant, number: number, onSuspicion: boolean): Held {
    // Vault's own clients prolong at two thirds plus a third of 10 to 20 %, by chance, so that a fleet does not come at once.
    const due = lease * (2 / 3 + (0.1 + 0.1 * Math.random()) / 3)
    const life = flight(signal => lifeOf(token, signal))
    return { token, login: number, since: instant(clock), lease, due, renewable, onSuspicion, life }
  }

  const age = (one: Held): number => elapsed(one.since, instant(clock))
  const isOver = (one: Held): boolean => login.issues && one.lease > 0 && age(one) >= one.lease

  function isDue(one: Held): boolean {
    if (one.lease === 0 || age(one) < one.due || !(one.renewable || login.issues)) return false
    const wait = failures === 0 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
    return !prolonging && elapsed(failedAt, instant(clock)) >= wait
  }

  async function current(signal: AbortSignal): Promise<Held> {
    if (held === undefined || isOver(held)) return await logins.join(signal)
    if (isDue(held)) await prolong(held, signal)
    return held
  }

  /** Renews the token, or replaces it where that cannot be. Whatever comes of it, the token at hand still holds. */
  async function prolong(one: Held, signal: AbortSignal): Promise<void> {
    prolonging = true
    try {
      if (one.renewable) await renew(one, signal)
      else await logins.join(signal)
      failures = 0
    } catch (thrown) {
      failures += 1
      failedAt = instant(clock)
      // The call whose time this took is over; all others go on, and the token's end will tell if it comes to that.
      if (signal.aborted || !(thrown instanceof VaultFailure || isSecretError(thrown))) throw thrown
    } finally {
      prolonging = false
    }
  }

  async function renew(one: Held, signal: AbortSignal): Promise<void> {
    try {
      const { token } = one
      const answer = await client.ask({
        method: "POST",
        path: "auth/token/renew-self",
        body: {},
        token,
        namespace,
        stage: "login",
        signal,
      })
      const grant = grantOf(answer, token)
      // Near the longest time that a token may have it is prolonged by less and less: then the next one is a new login.
      const worthwhile = grant.lease === 0 || grant.lease > one.lease / 2
      if (held === one)
        held = hold({ ...grant, renewable: grant.renewable && worthwhile }, one.login, one.onSuspicion)
    } catch (thrown) {
      if (!isDefinitive(thrown)) throw thrown
      if (held === one) held = { ...one, renewable: false }
      if (login.issues) await logins.join(signal)
    }
  }

  async function lifeOf(token: string, signal: AbortSignal): Promise<"alive" | "dead" | "unknown"> {
    try {
      await lookUp(client, token, namespace, signal)
      return "alive"
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      if (thrown.reason === "not-permitted") return "alive"
      return thrown.reason === "dead-token" ? "dead" : "unknown"
    }
  }

  async function isDead(
    one: Held,
    refusal: VaultFailure,
    begun: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (refusal.reason === "dead-token" || refusal.reason === "missing-token") return true
    if (proven?.token === one.token && begun <= proven.calls) return false
    const life = await one.life.join(signal)
    if (life === "unknown") {
      suspicion = !(one.onSuspicion && age(one) < UNSUSPECTED)
      return suspicion
    }
    if (life === "alive") proven = { token: one.token, calls }
    return life === "dead"
  }

  return {
    async use(call, signal) {
      const first = await current(signal)
      calls += 1
      const begun = calls
      try {
        return await call(first)
      } catch (thrown) {
        if (!isRefusal(thrown)) throw thrown
        const isCurrent = held === first && !logins.isUnderWay
        if (isCurrent && !(await isDead(first, thrown, begun, signal))) throw thrown
        const next = held === first || held === undefined ? await logins.join(signal) : held
        return await call(next)
      }
    },
  }
}

/** Asks the server about a token. */
function lookUp(
  client: Client,
  token: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  return client.ask({
    method: "GET",
    path: "auth/token/lookup-self",
    token,
    namespace,
    stage: "lookup",
    signal,
  })
}

/** Whether the server did not accept the token, or did not let it do this: it says both with the same status. */
function isRefusal(thrown: unknown): thrown is VaultFailure {
  return (
    thrown instanceof VaultFailure &&
    thrown.stage !== "login" &&
    thrown.reason !== "odd-answer" &&
    (thrown.status === 403 || (thrown.status === 400 && thrown.reason === "missing-token"))
  )
}

/** Whether the server said no, and will say it again. */
function isDefinitive(thrown: unknown): boolean {
  return thrown instanceof VaultFailure && (thrown.status === 400 || thrown.status === 403)
}
