import { type Clock, elapsed, type Instant, instant, isSecretError } from "../../src/core/index.ts"
import type { Ask, Client } from "./client.ts"
import { type Reason, VaultFailure } from "./failure.ts"
import { type Attempt, type Grant, grantOf, type Login } from "./login/index.ts"
import { COUNTED, PATIENT, pauseAfter, refusedLogins } from "./refused-logins.ts"
import { closed, type Works } from "./works.ts"

/** Who is logged in. */
export interface Holder {
  readonly token: string
  /** Which login of this process it comes from. What was leased with one dies with it. */
  readonly login: number
  /** When the token ends, by the wall clock, in milliseconds; infinite if it has no end, or none that is known. */
  readonly end: number
}

/** The identity that a store has at the server: one login for all calls, renewed and repeated when it must be. */
export interface Session {
  /**
   * Does something with a token that holds, as far as is known. If the server refuses and does not say why, asks once
   * whether the token is still alive; a dead one is replaced by a new login, and the call is made once more.
   *
   * @throws VaultFailure, SecretError `UNAUTHENTICATED`, `CLOSED`, and whatever `call` throws
   */
  use<T>(call: (holder: Holder) => Promise<T>, signal: AbortSignal): Promise<T>
}

/** What a session is made of. */
export interface SessionParts {
  readonly client: Client
  readonly login: Login
  /** Where the login is, which can be above the namespace of the secrets. */
  readonly namespace: string | undefined
  readonly clock: Clock
  readonly works: Works
  /** Whether something depends on when tokens end. */
  readonly endMatters: boolean
}

interface Held extends Holder {
  /** What it was got with. */
  readonly credential: string
  readonly since: Instant
  /** Milliseconds from `since` to its end; 0 if it has none. */
  readonly lease: number
  /** Milliseconds from `since` to the moment from which it is to be prolonged. */
  readonly due: number
  readonly renewable: boolean
}

/**
 * A login, and what becomes of it. There are no timers: a token is prolonged by the call that finds two thirds of its
 * time over, so that a process that sleeps, or is frozen between requests, does nothing in between. All others go on with
 * the token that still holds.
 */
export function sessionOf({ client, login, namespace, clock, works, endMatters }: SessionParts): Session {
  const refused = refusedLogins(clock, login.counted ? COUNTED : PATIENT)
  const logins = works.together<Held>("login")
  const lookups = works.together<boolean>("lookup")
  let held: Held | undefined
  let count = 0
  let loggingIn = 0
  /** The last login whose token was accepted for something. */
  let accepted = 0
  /** The last login whose token died before it was accepted for anything. */
  let useless = 0
  let prolonging = false
  let failures = 0
  let failedAt = instant(clock)

  const logIn = (signal: AbortSignal): Promise<Held> => logins("", newLogin, signal)

  async function newLogin(signal: AbortSignal): Promise<Held> {
    const before = held
    loggingIn += 1
    try {
      const attempt = await login.attempt()
      refused.check(attempt.credential)
      const since = instant(clock)
      const grant = await granted(attempt, before?.token, signal)
      const isLate = (held?.login ?? 0) !== (before?.login ?? 0)
      if (login.issues && (isLate || works.closing.aborted)) await giveBack(grant.token, signal)
      // Whoever came later, because this one took too long, was faster.
      if (held !== undefined && isLate) return held
      count += 1
      failures = 0
      held = hold(grant, { login: count, credential: attempt.credential, since })
      return held
    } finally {
      loggingIn -= 1
    }
  }

  async function granted(
    attempt: Attempt,
    replacing: string | undefined,
    signal: AbortSignal,
  ): Promise<Grant> {
    try {
      return await attempt.logIn({ client, namespace, signal, replacing, endMatters })
    } catch (thrown) {
      const isFinal = isSecretError(thrown) && thrown.code === "UNAUTHENTICATED"
      if (isFinal || isDefinitive(thrown)) refused.note(attempt.credential, thrown)
      throw thrown
    }
  }

  function hold(grant: Grant, about: Pick<Held, "login" | "credential" | "since">): Held {
    const { lease } = grant
    // Vault's own clients prolong at two thirds plus a third of 10 to 20 %, by chance, so that a fleet does not come at once.
    const due = lease * (2 / 3 + (0.1 + 0.1 * Math.random()) / 3)
    return { ...grant, ...about, due, end: lease === 0 ? Number.POSITIVE_INFINITY : about.since.wall + lease }
  }

  const age = (one: Held): number => elapsed(one.since, instant(clock))
  const isOver = (one: Held): boolean => login.issues && one.lease > 0 && age(one) >= one.lease

  function isDue(one: Held): boolean {
    if (one.lease === 0 || age(one) < one.due || !(one.renewable || login.issues)) return false
    return !prolonging && elapsed(failedAt, instant(clock)) >= pauseAfter(failures, PATIENT)
  }

  async function current(signal: AbortSignal): Promise<Held> {
    if (held === undefined || isOver(held)) return await logIn(signal)
    if (isDue(held)) await prolong(held, signal)
    return held
  }

  /** Renews the token, or replaces it where that cannot be. Whatever comes of it, the token at hand still holds. */
  async function prolong(one: Held, signal: AbortSignal): Promise<void> {
    prolonging = true
    try {
      if (one.renewable) await renew(one, signal)
      else await logIn(signal)
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
    const { token } = one
    const since = instant(clock)
    try {
      const path = "auth/token/renew-self"
      const answer = await client.ask({ method: "POST", path, body: {}, ...own(token, "login"), signal })
      const grant = grantOf(answer, token)
      // Near the longest time that a token may have it is prolonged by less and less: then the next one is a new login.
      const worthwhile = grant.lease === 0 || grant.lease > one.lease / 2
      const { login: number, credential } = one
      const renewable = grant.renewable && worthwhile
      if (held === one) held = hold({ ...grant, renewable }, { login: number, credential, since })
    } catch (thrown) {
      if (!isDefinitive(thrown)) throw thrown
      if (held === one) held = { ...one, renewable: false }
      if (login.issues) await logIn(signal)
    }
  }

  const own = (token: string, stage: "login" | "lookup"): Pick<Ask, "token" | "namespace" | "stage"> => ({
    token,
    namespace,
    stage,
  })

  /** Whether the server knows a token. @throws VaultFailure if it does not say */
  async function isAlive(token: string, signal: AbortSignal): Promise<boolean> {
    try {
      await client.ask({ method: "GET", path: "auth/token/lookup-self", ...own(token, "lookup"), signal })
      return true
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      const { reason } = thrown
      if (reason === "not-permitted") return true
      if (saysDead(reason) || reason === "plainly-denied") return false
      throw thrown
    }
  }

  /** Whether it was the token that was refused. @throws VaultFailure if the server does not say */
  async function isDead(one: Held, { reason }: VaultFailure, signal: AbortSignal): Promise<boolean> {
    // A policy said no, so the token lives: nobody has to be asked.
    if (reason === "not-permitted") return false
    if (saysDead(reason)) return true
    const { token } = one
    return !(await lookups(String(one.login), lookup => isAlive(token, lookup), signal))
  }

  /** A token that nobody wanted. Whether it can be given back is nobody's concern: it ends by itself. */
  async function giveBack(token: string, signal: AbortSignal): Promise<void> {
    const path = "auth/token/revoke-self"
    await client
      .ask({ method: "POST", path, body: {}, ...own(token, "lookup"), signal })
      .catch(() => undefined)
    if (works.closing.aborted) throw closed()
  }

  function accept(one: Holder): void {
    if (accepted === one.login) return
    accepted = one.login
    refused.forget()
  }

  /** A token that was never accepted would be followed by another like it: that is as if the login had been refused. */
  function noteUseless({ login: number, credential }: Held): void {
    if (!login.issues || accepted === number || useless === number) return
    useless = number
    refused.note(credential, new VaultFailure({ status: 403, reason: "dead-token" }))
  }

  async function tried<T>(one: Held, call: (holder: Holder) => Promise<T>): Promise<T> {
    try {
      const done = await call(one)
      accept(one)
      return done
    } catch (thrown) {
      if (isAnswer(thrown) && (!isRefusal(thrown) || thrown.reason === "not-permitted")) accept(one)
      else if (isRefusal(thrown)) noteUseless(one)
      throw thrown
    }
  }

  /** The token that comes after one that is dead. */
  async function next(one: Held, signal: AbortSignal): Promise<Held> {
    if (held !== one && held !== undefined) return held
    return await logIn(signal)
  }

  return {
    async use(call, signal) {
      const first = await current(signal)
      try {
        return await tried(first, call)
      } catch (thrown) {
        if (!isRefusal(thrown)) throw thrown
        const isCurrent = held === first && loggingIn === 0
        if (isCurrent && !(await isDead(first, thrown, signal))) throw thrown
        return await tried(await next(first, signal), call)
      }
    },
  }
}

/** Whether the server did not accept the token, or did not let it do this: it says both with the same status. */
function isRefusal(thrown: unknown): thrown is VaultFailure {
  return (
    isAnswer(thrown) &&
    thrown.stage !== "login" &&
    (thrown.status === 403 || (thrown.status === 400 && thrown.reason === "missing-token"))
  )
}

function saysDead(reason: Reason | undefined): boolean {
  return reason === "dead-token" || reason === "missing-token"
}

/** Whether the server said no, and will say it again. */
function isDefinitive(thrown: unknown): boolean {
  return isAnswer(thrown) && (thrown.status === 400 || thrown.status === 403)
}

/** Whether it is the server that said it, and nothing in between. */
function isAnswer(thrown: unknown): thrown is VaultFailure {
  return thrown instanceof VaultFailure && thrown.status !== undefined && thrown.reason !== "odd-answer"
}
