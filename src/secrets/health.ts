import { instant, type SecretErrorCode, type Version } from "../core/index.ts"
import type { Engine } from "./engine.ts"
import type { Keeper } from "./keeper.ts"

/** How one secret is. */
export interface SecretHealth {
  readonly name: string
  readonly version: Version
  /** Milliseconds since the store last answered for it. */
  readonly age: number
  readonly stale: boolean
  /** Whether it can be revealed. */
  readonly usable: boolean
  /** What the last refresh failed with; absent since one succeeded. */
  readonly lastError?: SecretErrorCode
  /** The newest version, if it cannot be used and an older one is. */
  readonly refused?: Version
  /** Milliseconds until it is read again; absent while it sleeps, is being read, or is read only when asked for. */
  readonly nextRefresh?: number
  readonly expiresAt?: Date
}

/** How everything is. Made to be shown as it is: it holds no value. */
export interface Health {
  /** `ok`: all secrets are fresh. `degraded`: all can be used, some are stale or held back. `failed`: some cannot. */
  readonly status: "ok" | "degraded" | "failed"
  /**
   * For a readiness probe: whether all secrets can be used. Degraded is ready, because an outage of the backend must
   * not take every replica out of service.
   */
  readonly ready: boolean
  /** The location of the store. */
  readonly store: string
  readonly secrets: readonly SecretHealth[]
  /** How often a listener of events threw. */
  readonly listenerFailures: number
}

/** Looks at everything that is held. Calls nothing. */
export function healthOf(engine: Engine): Health {
  const held = [...engine.keepers()].filter(keeper => keeper.state.held !== undefined)
  const usable = held.every(keeper => keeper.revealable) && !engine.closing.aborted
  const well = held.every(keeper => isWell(keeper))
  return {
    status: !usable ? "failed" : well ? "ok" : "degraded",
    ready: usable,
    store: engine.store.location,
    secrets: held.map(keeper => secretHealth(engine, keeper)),
    listenerFailures: engine.events.failures,
  }
}

function isWell(keeper: Keeper): boolean {
  const { failure, stale, refused, keptBecause } = keeper.state
  return failure === undefined && !stale && refused === undefined && keptBecause === undefined
}

function secretHealth(engine: Engine, keeper: Keeper): SecretHealth {
  const { clock, settings } = engine
  const { failure, keptBecause, refused } = keeper.state
  const { version, age, stale, expiresAt } = keeper.status(instant(clock))
  const lastError = failure ?? keptBecause
  const polled = settings.refresh === "background" && Number.isFinite(keeper.due)
  return {
    name: keeper.name,
    version,
    age,
    stale,
    usable: keeper.revealable,
    ...(lastError === undefined ? {} : { lastError }),
    ...(refused === undefined ? {} : { refused }),
    ...(polled ? { nextRefresh: Math.max(0, Math.round(keeper.due - clock.monotonic())) } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}
