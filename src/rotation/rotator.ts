import type { RotationListener } from "./events.ts"
import type { ResumeOptions, RotateOptions, RotatorCallOptions, RotatorOptions } from "./options.ts"
import type {
  DryRun,
  RotationOutcome,
  RotationReport,
  RotationStatus,
  RotatorHealth,
} from "./status/report.ts"

/**
 * Rotates the secrets of one store on a schedule: from creation to retirement, with many replicas running and with a
 * crash at any point. What it knows is in the journals: any number of Rotators may run, in any number of processes.
 *
 * ```ts
 * const rotator = new Rotator({
 *   secrets,
 *   rotations: { "auth/session-key": { plan: generatedKey({ consumers }), schedule: { interval: "24h" } } },
 * })
 * await rotator.run(stopping.signal)
 * ```
 */
export interface Rotator extends AsyncDisposable {
  /** Listens to what happens. A listener that throws harms nobody. */
  on(listener: RotationListener): Disposable

  /**
   * Looks at every secret once: begins what is due, goes on with what was begun, clears up behind others. Resolves when
   * each waits, is done or has failed; a failing secret harms no other one, and is told in the report.
   *
   * @throws SecretError `ABORTED`, `CLOSED`, and nothing else.
   */
  tick(options?: RotatorCallOptions): Promise<RotationReport>

  /**
   * Keeps doing what `tick` does, each secret when its time comes. Resolves when the signal aborts or the Rotator is
   * closed; a failing secret ends nothing. Keeps the process alive.
   */
  run(signal: AbortSignal): Promise<void>

  /**
   * Rotates one secret now, whether it is due or not, and carries on until it waits or is done. One that is on its way is
   * carried on instead, and no other one is begun after it.
   *
   * @throws SecretError `MISCONFIGURED` for a name without a rotation, `ABORTED`, `CLOSED`. Whatever else fails is told
   * in the outcome.
   */
  rotate(name: string, options?: RotateOptions): Promise<RotationOutcome>

  /**
   * Goes back to the value before the last promotion, as long as it is not retired: as a promotion of its own, with a
   * check at the far side and a grace.
   *
   * @throws SecretError as `rotate`; `CONFLICT` where there is nothing to go back to.
   */
  rollback(name: string, options?: RotatorCallOptions): Promise<RotationOutcome>

  /**
   * Goes on with what is blocked, after a person has looked.
   *
   * @throws SecretError as `rotate`; `CONFLICT` where nothing is on its way.
   */
  resume(name: string, options?: ResumeOptions): Promise<RotationOutcome>

  /**
   * Takes back what was begun and is not promoted. Where it is blocked, lets go of it: nothing is revoked, and what the
   * secret holds is adopted by the next rotation.
   *
   * @throws SecretError as `rotate`; `CONFLICT` where nothing is on its way, or the new credential is in use already.
   */
  abort(name: string, options?: RotatorCallOptions): Promise<RotationOutcome>

  /** How every rotation is, by their journals as they are now. */
  status(): Promise<readonly RotationStatus[]>
  /** How one is. @throws SecretError `MISCONFIGURED` for a name without a rotation, `CLOSED` */
  status(name: string): Promise<RotationStatus>

  /**
   * What `rotate` would do, with the permissions that it needs, and whether the store and the plan would let it. Changes
   * nothing.
   *
   * @throws SecretError `MISCONFIGURED` for a name without a rotation, `CLOSED`. What fails is told in the checks.
   */
  dryRun(name: string, options?: RotatorCallOptions): Promise<DryRun>

  /** How everything is, as of when it was last looked at. Asks nobody. */
  health(): RotatorHealth

  /** Ends everything, and resolves when nothing is under way. May be called twice. The store stays open. */
  close(): Promise<void>
}

/** Makes a {@link Rotator}. */
export interface RotatorConstructor {
  /**
   * @throws SecretError `MISCONFIGURED` for an option that does not exist or does not have its form, a plan with which a
   * rotation would go wrong, a cron expression that never fires; `UNSUPPORTED` for a store that cannot rotate;
   * `INVALID_NAME` for a name that it cannot hold.
   */
  new (options: RotatorOptions): Rotator
}
