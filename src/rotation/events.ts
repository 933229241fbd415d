import { type BlockedReason, type RotationState, refuseNoFunction, type SecretError } from "../core/index.ts"
import type { Notice, Step } from "./protocol/steps.ts"

/** What every event of a rotation says. No event holds a value. */
interface About {
  /** The secret. */
  readonly name: string
  /** Which rotation; absent where none has ever begun. */
  readonly rotationId?: string
  /** Where it stood, as far as this process knows. */
  readonly state: RotationState
  /** When, by the clock of this process. */
  readonly at: Date
}

/** What a `Rotator` tells whoever listens. */
export type RotationEvent =
  /** One step was done: one call of the store or of the plan. */
  | (About & {
      readonly type: "step"
      readonly step: RotationStep
      /** How long it took, in milliseconds. */
      readonly took: number
    })
  /** A step failed; the rotation stays where it is until it is tried again. */
  | (About & {
      readonly type: "failed"
      /** Absent where it failed before its first step, or after its last. */
      readonly step?: RotationStep
      readonly error: SecretError
      /** Absent for `"refresh"`: handles are read again when their time comes. */
      readonly retryAt?: Date
    })
  /** The journal says another state now. `"idle"` to `"claimed"` is the beginning of a rotation, anything to `"idle"` its end. */
  | (About & { readonly type: "moved"; readonly from: RotationState; readonly to: RotationState })
  /** Nothing goes on before a time: the grace, the propagation, or the pause after a failed attempt. */
  | (About & { readonly type: "waiting"; readonly until: Date })
  /** Another replica works on it. */
  | (About & { readonly type: "held"; readonly until: Date })
  /** Another replica was faster. `alarm`: a write of this one may have come after one of its, which the next run mends. */
  | (About & { readonly type: "lost"; readonly alarm: boolean })
  /** A person has to look. Told every time that somebody comes by. */
  | (About & { readonly type: "blocked"; readonly reason: BlockedReason })
  /** The old credential was revoked, and the far side still accepts it. */
  | (About & { readonly type: "still-accepted"; readonly retryAt: Date })
  /** A person has to do something before a rotation can begin: `what` is the plan's own line. */
  | (About & { readonly type: "awaits"; readonly what: string })
  /** Something that a person should hear of, though the rotation goes on. */
  | (About & { readonly type: "notice"; readonly notice: Notice })

/** The name of a step: what is done to the store or asked of the plan. */
export type RotationStep = Exclude<Step["do"], "tell"> | "check" | "awaits" | "refresh"

/** See `Rotator.on`. */
export type RotationListener = (event: RotationEvent) => void

/** Hands events to listeners, one after another. */
export class RotationEvents {
  readonly #listeners: Set<RotationListener> = new Set()
  /** How often a listener threw: there is nobody to tell, so it is counted, for `health()`. */
  failures = 0

  /** Whether anybody listens. */
  get heard(): boolean {
    return this.#listeners.size > 0
  }

  /** @throws SecretError `MISCONFIGURED` for no function. */
  on(listener: RotationListener): Disposable {
    refuseNoFunction("on()", listener)
    // A wrapper of its own lets the same function listen twice, each with its own end.
    const own: RotationListener = event => listener(event)
    this.#listeners.add(own)
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  emit(event: RotationEvent): void {
    // Of those who listen now: one who begins to in answer to an event hears of the next one.
    for (const listener of [...this.#listeners]) {
      try {
        const ended: unknown = (listener as (event: RotationEvent) => unknown)(Object.freeze(event))
        if (ended instanceof Promise) ended.catch(this.#failed)
      } catch {
        // A listener must not stop the others, nor the rotation that it was told of.
        this.#failed()
      }
    }
  }

  readonly #failed = (): void => {
    this.failures += 1
  }
}
