import {
  elapsed,
  type Instant,
  type SecretErrorCode,
  type StoredSecret,
  sameValue,
  type Version,
} from "../core/index.ts"
import type { Policy } from "./options.ts"

/**
 * The state of one secret: a pure machine. An event comes in, a new state and what is to be done come out; it does no
 * input or output and knows the time only from its events.
 *
 * ```
 *            accepted              read failed                 age ≥ ttl + maxStale
 *   empty ────────────► live ─────────────────────► stale ───────────────────────────► ended (STALE)
 *                        ▲ │ absent                   │ absent                             │
 *                        │ ▼                          ▼                                    │
 *                        │ doubted ── absent again, a second later ──► held version read? ─┤
 *                        │    │                                          │ yes: kept       │ no
 *                        │    └── accepted ──┐                           ▼                 ▼
 *                        └──────────────────-┴──────────────────────── live      ended (NOT_FOUND …)
 * ```
 * An accepted answer leads back to live from everywhere.
 */
export interface EntryState {
  /** The last accepted version. Kept when revealing has ended, to know a change from a return. */
  readonly held: StoredSecret | undefined
  /** Other versions that had the same value as the held one, newest last. */
  readonly aliases: readonly Version[]
  /** The accepted version with another value before the held one, and when it was replaced. */
  readonly previous: { readonly secret: StoredSecret; readonly replacedAt: Instant } | undefined
  /** When the read began whose answer last spoke for the held value. */
  readonly answeredAt: Instant
  /** The place in the order of beginnings of the newest answer that was taken in, be it a failure. */
  readonly order: number
  /** The same of the newest one that spoke for the held value. */
  readonly answeredOrder: number
  /** What the last refresh failed with, until one succeeds. */
  readonly failure: SecretErrorCode | undefined
  /** How often refreshing has failed in a row. */
  readonly failures: number
  /** Whether `stale` was said. */
  readonly stale: boolean
  /** The first of two readings that say that the secret is gone. */
  readonly doubt: { readonly code: SecretErrorCode; readonly since: Instant } | undefined
  /** Why the newest version cannot be had while the held one still can. */
  readonly keptBecause: SecretErrorCode | undefined
  /** The newest version that was refused. */
  readonly refused: Version | undefined
  /** Why nothing may be revealed. */
  readonly end: { readonly code: SecretErrorCode; readonly lastCode?: SecretErrorCode } | undefined
}

/** What happened. `order` and `at` are those of the beginning of the call; `now` is when it is taken in. */
export type EntryEvent =
  | { type: "accepted"; order: number; at: Instant; now: Instant; secret: StoredSecret }
  | { type: "refused"; order: number; at: Instant; now: Instant; version: Version; code: SecretErrorCode }
  | { type: "failed"; order: number; now: Instant; code: SecretErrorCode }
  | { type: "absent"; order: number; at: Instant; now: Instant; code: WithdrawalCode }
  | { type: "held-readable"; order: number; at: Instant; code: WithdrawalCode }
  | { type: "held-gone"; order: number; code: WithdrawalCode }
  | { type: "removed"; order: number }
  | { type: "recalled"; heldVersion: Version; secret: StoredSecret; replacedAt: Instant }
  | { type: "time"; now: Instant }

/** The codes that can end a value that is held. */
export type WithdrawalCode = "NOT_FOUND" | "DISABLED" | "DENIED"

/** What is to be done after a step, in this order. */
export type Effect =
  /** Say so to whoever listens. */
  | { type: "accepted"; version: Version; previousVersion: Version | undefined; changed: boolean }
  | { type: "refused"; version: Version; code: SecretErrorCode }
  | { type: "failed"; code: SecretErrorCode }
  | { type: "recovered"; version: Version }
  | { type: "stale"; age: number; ended: boolean }
  | { type: "withdrawn"; code: SecretErrorCode }
  | { type: "kept"; code: SecretErrorCode; version: Version }
  /** Run the callbacks. */
  | { type: "changed" }
  /** Read again, not before this much time has passed. */
  | { type: "confirm"; after: number }
  /** Read the held version itself. */
  | { type: "read-held"; version: Version; code: WithdrawalCode }

export interface Step {
  readonly state: EntryState
  readonly effects: readonly Effect[]
}

/** What the machine needs to know of the policy and the store. */
export interface EntryPolicy extends Pick<Policy, "ttl" | "maxStale" | "callTimeout" | "onDenied"> {
  /** Whether the held version can be read by its id. */
  readonly versionedReads: boolean
}

/** How far apart the two readings are that end a value. */
const CONFIRMATION_GAP = 1_000

const NEVER: Instant = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY }

/** A secret of which nothing is known. */
export const emptyEntry: EntryState = {
  held: undefined,
  aliases: [],
  previous: undefined,
  answeredAt: NEVER,
  order: 0,
  answeredOrder: 0,
  failure: undefined,
  failures: 0,
  stale: false,
  doubt: undefined,
  keptBecause: undefined,
  refused: undefined,
  end: undefined,
}

/** Whether an answer says that the secret itself is gone, not that it cannot be reached. */
export function isWithdrawal(code: SecretErrorCode): code is WithdrawalCode {
  return code === "NOT_FOUND" || code === "DISABLED" || code === "DENIED"
}

/** Whether revealing has ended because the secret was withdrawn, and not because it is too old. */
export function isWithdrawn(state: EntryState): boolean {
  return state.end !== undefined && state.end.code !== "STALE"
}

/** One step of the machine. */
export function step(state: EntryState, event: EntryEvent, policy: EntryPolicy): Step {
  // Answers count in the order in which their calls began: an older one that comes late says nothing new.
  if ("order" in event && event.order < state.order) return { state, effects: [] }
  switch (event.type) {
    case "accepted":
      return accepted(state, event)
    case "refused":
      return refused(state, event)
    case "failed":
      return failed(state, event.order, event.code, event.now, policy)
    case "absent":
      return absent(state, event, policy)
    case "held-readable":
      return kept(state, event)
    case "held-gone":
      return withdrawn(state, event.order, event.code)
    case "removed":
      return withdrawn(state, event.order, "NOT_FOUND")
    case "recalled":
      return recalled(state, event)
    case "time":
      return timePassed(state, event.now, policy)
  }
}

/** What follows from an answer of the store, whatever it says about the value. */
function answered({ at, order }: { at: Instant; order: number }) {
  const place = { answeredAt: at, order, answeredOrder: order }
  return { ...place, failure: undefined, failures: 0, stale: false, doubt: undefined }
}

function accepted(state: EntryState, event: EntryEvent & { type: "accepted" }): Step {
  const { secret } = event
  const { held } = state
  const changed = held !== undefined && !sameValue(held.value, secret.value)
  const moved = held === undefined || changed || held.version !== secret.version
  const previous = changed && !isWithdrawn(state) ? held : undefined
  const effects: Effect[] = []
  if (moved) {
    effects.push({ type: "accepted", version: secret.version, previousVersion: held?.version, changed })
  }
  if (state.stale || state.end !== undefined) effects.push({ type: "recovered", version: secret.version })
  if (changed) effects.push({ type: "changed" })
  return {
    state: {
      ...state,
      ...answered(event),
      held: secret,
      aliases: changed ? [] : aliasesOf(state, secret.version),
      previous:
        previous === undefined
          ? changed
            ? undefined
            : state.previous
          : { secret: previous, replacedAt: event.now },
      keptBecause: undefined,
      refused: undefined,
      end: undefined,
    },
    effects,
  }
}

/** How many versions of one value are remembered; a caller that names an older one is told of a change once too often. */
const MOST_ALIASES = 8

function aliasesOf(state: EntryState, version: Version): readonly Version[] {
  const { held, aliases } = state
  if (held === undefined || held.version === version || aliases.includes(held.version)) return aliases
  return [...aliases, held.version].slice(-MOST_ALIASES)
}

function refused(state: EntryState, event: EntryEvent & { type: "refused" }): Step {
  const effects: Effect[] = []
  if (state.refused !== event.version)
    effects.push({ type: "refused", version: event.version, code: event.code })
  // The store has answered, so what is held is no staler than before; but what has ended does not come back.
  if (state.end === undefined && state.stale && state.held !== undefined) {
    effects.push({ type: "recovered", version: state.held.version })
  }
  return {
    state: {
      ...state,
      ...answered(event),
      refused: event.version,
    },
    effects,
  }
}

function failed(
  state: EntryState,
  order: number,
  code: SecretErrorCode,
  now: Instant,
  policy: EntryPolicy,
): Step {
  const effects: Effect[] = [{ type: "failed", code }]
  const failing: EntryState = { ...state, order, failure: code, failures: state.failures + 1 }
  if (state.held === undefined || state.end !== undefined) return { state: failing, effects }
  if (!state.stale) effects.push({ type: "stale", age: elapsed(state.answeredAt, now), ended: false })
  const limited = timePassed({ ...failing, stale: true }, now, policy)
  return { state: limited.state, effects: [...effects, ...limited.effects] }
}

function absent(state: EntryState, event: EntryEvent & { type: "absent" }, policy: EntryPolicy): Step {
  const { order, now, code } = event
  if (code === "DENIED" && policy.onDenied === "maxStale") return failed(state, order, code, now, policy)
  const gone: EntryState = { ...state, order, failure: code, failures: state.failures + 1 }
  const doubted = doubt(gone, event, policy)
  // It may be doubted and too old at once, and then it must not be served until the second reading.
  const limited = timePassed(doubted.state, now, policy)
  return {
    state: limited.state,
    effects: [{ type: "failed", code }, ...doubted.effects, ...limited.effects],
  }
}

/** What follows when the secret seems to be gone. */
function doubt(state: EntryState, event: EntryEvent & { type: "absent" }, policy: EntryPolicy): Step {
  const { order, at, code } = event
  if (state.held === undefined || isWithdrawn(state)) return { state, effects: [] }
  if (state.doubt === undefined) {
    const effects: Effect[] = [{ type: "confirm", after: CONFIRMATION_GAP }]
    return { state: { ...state, doubt: { code, since: at } }, effects }
  }
  // By the monotonic clock alone: a wall clock that is set between two readings does not put a second between them.
  const apart = at.monotonic - state.doubt.since.monotonic
  if (apart < CONFIRMATION_GAP) {
    return { state, effects: [{ type: "confirm", after: CONFIRMATION_GAP - apart }] }
  }
  if (policy.versionedReads) {
    return { state, effects: [{ type: "read-held", version: state.held.version, code }] }
  }
  return withdrawn(state, order, code)
}

function kept(state: EntryState, event: EntryEvent & { type: "held-readable" }): Step {
  if (state.held === undefined) return { state, effects: [] }
  const effects: Effect[] = []
  if (state.keptBecause === undefined)
    effects.push({ type: "kept", code: event.code, version: state.held.version })
  if (state.stale || state.end !== undefined) effects.push({ type: "recovered", version: state.held.version })
  return {
    state: {
      ...state,
      ...answered(event),
      keptBecause: event.code,
      end: undefined,
    },
    effects,
  }
}

function withdrawn(state: EntryState, order: number, code: SecretErrorCode): Step {
  if (state.held === undefined || isWithdrawn(state)) return { state: { ...state, order }, effects: [] }
  const next: EntryState = {
    ...state,
    order,
    failure: code,
    previous: undefined,
    doubt: undefined,
    keptBecause: undefined,
    end: { code },
  }
  return { state: next, effects: [{ type: "withdrawn", code }] }
}

/** The version before, read from the store because this process never held it. */
function recalled(state: EntryState, event: EntryEvent & { type: "recalled" }): Step {
  const wanted =
    state.previous === undefined && state.end === undefined && state.held?.version === event.heldVersion
  if (!wanted) return { state, effects: [] }
  return {
    state: { ...state, previous: { secret: event.secret, replacedAt: event.replacedAt } },
    effects: [],
  }
}

function timePassed(state: EntryState, now: Instant, policy: EntryPolicy): Step {
  if (state.held === undefined || state.end !== undefined) return { state, effects: [] }
  const age = elapsed(state.answeredAt, now)
  if (state.failure !== undefined && age >= policy.ttl + policy.maxStale) {
    return {
      state: { ...state, stale: true, end: { code: "STALE", lastCode: state.failure } },
      effects: [{ type: "stale", age, ended: true }],
    }
  }
  // A process that was stopped finds its values old although no refresh has failed: it serves them, and says so.
  if (!state.stale && age > policy.ttl + policy.callTimeout) {
    return { state: { ...state, stale: true }, effects: [{ type: "stale", age, ended: false }] }
  }
  return { state, effects: [] }
}
