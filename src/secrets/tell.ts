import { SecretError } from "../core/index.ts"
import type { Effect } from "./entry.ts"
import type { Events } from "./events.ts"

/** What is known of a step beyond its effects. */
export interface About {
  /** What a read failed with. */
  readonly error?: SecretError
  /** Whether the failure is that of another secret's read, behind which this one waited: it was told once. */
  readonly waited?: boolean
  /** Who refused a version. */
  readonly by?: string
}

/** Tells listeners of an effect, if it is one to be told. */
export function tell(events: Events, effect: Effect, about: About & { secret: string; store: string }): void {
  const { secret, store, by = secret } = about
  switch (effect.type) {
    case "accepted": {
      const { version, previousVersion, changed } = effect
      events.emit("accepted", {
        secret,
        version,
        changed,
        ...(previousVersion === undefined ? {} : { previousVersion }),
      })
      break
    }
    case "refused":
      events.emit("refused", { secret, version: effect.version, code: effect.code, by })
      break
    case "failed":
      if (about.waited) break
      events.emit("failed", {
        secret,
        code: effect.code,
        error: about.error ?? new SecretError(effect.code, { secret, store }),
      })
      break
    case "recovered":
      events.emit("recovered", { secret, version: effect.version })
      break
    case "stale":
      events.emit("stale", { secret, age: effect.age, ended: effect.ended })
      break
    case "withdrawn":
      events.emit("withdrawn", { secret, code: effect.code })
      break
    case "kept":
      events.emit("kept", { secret, code: effect.code, version: effect.version })
      break
    case "changed":
    case "confirm":
    case "read-held":
      // Things to do, not to tell.
      break
  }
}
