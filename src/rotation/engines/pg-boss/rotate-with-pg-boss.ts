import { aborted, refuseNoFunction, SecretError } from "../../../core/index.ts"
import type { Rotator } from "../../rotator.ts"
import type { Happened, RotationOutcome } from "../../status/report.ts"
import type { PgBossClient, PgBossJob, PgBossQueueOptions } from "./client.ts"
import { failureOf, queueError, wrongPolicy } from "./errors.ts"
import { lookOf, nextLooksOf, ROUND, readJob } from "./jobs.ts"
import { type PgBossOptions, type Settings, settingsOf } from "./options.ts"

/** What of a Rotator is used. */
export type QueuedRotator = Pick<Rotator, "tick" | "health">

/** What is written down with a job that was done. Holds no value. */
export interface LookReport {
  readonly happened: Happened
  readonly state?: string
  /** When something is due next. */
  readonly next?: string
  /** What a person has to do. */
  readonly problem?: string
}

/** A process that works on the rotations of a queue. */
export interface PgBossRotation extends AsyncDisposable {
  readonly queue: string
  /**
   * Takes no more jobs, ends what is under way after its present step, and resolves when nothing is: within some seconds.
   * A job that did not come to its end is tried again, by whoever is there. The queue, its schedule and the Rotator stay.
   * Await it before `boss.stop()`. May be called twice.
   *
   * @throws SecretError `UNAVAILABLE` where pg-boss could not end its workers.
   */
  stop(): Promise<void>
}

/**
 * A failed job comes back later than the Rotator's own pause after a failure, which is up to 72 seconds and doubles. A
 * worker that died is noticed by its heartbeat.
 */
const QUEUE: PgBossQueueOptions = {
  policy: "exclusive",
  retryLimit: 4,
  retryDelay: 75,
  retryBackoff: true,
  retryDelayMax: 4_500,
  expireInSeconds: 900,
  heartbeatSeconds: 60,
  deleteAfterSeconds: 86_400,
}

/**
 * Lets a job queue on PostgreSQL say which process looks at which secret, and when. A job for every secret is made in a
 * round by pg-boss's cron, and one when something is due: the end of a grace, the next rotation. What is due is decided by
 * the Rotator and its journals alone, so that a job which comes late, twice or never does no harm. Jobs hold names only.
 *
 * A job that fails, fails with the error of its step, and is tried again as the queue says.
 *
 * ```ts
 * const boss = await new PgBoss(url).start()
 * await using rotation = await rotateWithPgBoss(boss, rotator)
 * ```
 *
 * @param boss a started `PgBoss` (pg-boss 12). Not stopped here.
 * @throws SecretError `MISCONFIGURED` for options that do not exist or do not fit, and for a queue of another policy;
 * `UNAVAILABLE` where the queue cannot be reached.
 */
export async function rotateWithPgBoss(
  boss: PgBossClient,
  rotator: QueuedRotator,
  options: PgBossOptions = {},
): Promise<PgBossRotation> {
  for (const method of ["createQueue", "getQueue", "schedule", "work", "offWork", "send"] as const)
    refuseNoFunction(`boss.${method} of rotateWithPgBoss()`, boss?.[method])
  const settings = settingsOf(options)
  const workers = new Workers(boss, rotator, settings)
  await workers.start()
  const stop = async (): Promise<void> => await workers.stop()
  return { queue: settings.queue, stop, [Symbol.asyncDispose]: stop }
}

/** The workers of this process. */
class Workers {
  readonly #boss: PgBossClient
  readonly #rotator: QueuedRotator
  readonly #settings: Settings
  readonly #ids: string[] = []
  readonly #stopping = new AbortController()
  /** What is under way: the queue does not wait for a job whose time is over, and it may need seconds to end. */
  readonly #underWay = new Set<Promise<unknown>>()
  #stopped: Promise<void> | undefined

  constructor(boss: PgBossClient, rotator: QueuedRotator, settings: Settings) {
    this.#boss = boss
    this.#rotator = rotator
    this.#settings = settings
  }

  async start(): Promise<void> {
    const { queue, cron, atOnce, pollingIntervalSeconds } = this.#settings
    const boss = this.#boss
    await asked("making the queue", () => boss.createQueue(queue, QUEUE))
    const found = await asked("looking at the queue", () => boss.getQueue(queue))
    if (found?.policy !== QUEUE.policy) throw wrongPolicy(queue)
    try {
      await asked("its schedule", () =>
        boss.schedule(queue, cron, ROUND.data, { tz: "UTC", singletonKey: ROUND.key }),
      )
      // One by one: of several that begin by one call, offWork ends the first alone.
      for (let count = 0; count < atOnce; count += 1) {
        const id = await asked("beginning to work", () =>
          boss.work(queue, { pollingIntervalSeconds }, jobs => this.#own(this.#each(jobs))),
        )
        this.#ids.push(id)
      }
      // What fell due while nobody was there does not wait for the next round.
      await this.#send(ROUND)
    } catch (thrown) {
      await this.stop().catch(() => undefined)
      throw thrown
    }
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#end()
    await this.#stopped
  }

  async #end(): Promise<void> {
    this.#stopping.abort()
    const { queue } = this.#settings
    const ends = await Promise.allSettled(
      this.#ids.map(id => asked("ending a worker", () => this.#boss.offWork(queue, { id, wait: true }))),
    )
    await Promise.allSettled(this.#underWay)
    for (const end of ends) if (end.status === "rejected") throw end.reason
  }

  async #own<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work)
    try {
      return await work
    } finally {
      this.#underWay.delete(work)
    }
  }

  /** Workers take one job at a time, so that one which fails fails no other. */
  async #each(jobs: readonly PgBossJob[]): Promise<unknown> {
    let report: unknown
    for (const { data, signal } of jobs) {
      const ends = [this.#stopping.signal, ...(signal === undefined ? [] : [signal])]
      report = await this.#work(data, AbortSignal.any(ends))
    }
    return report
  }

  async #work(data: unknown, signal: AbortSignal): Promise<unknown> {
    const job = readJob(this.#settings.queue, data)
    if ("round" in job) return await this.#round(signal)
    const { outcomes } = await this.#rotator.tick({ names: [job.secret], signal })
    const [outcome] = outcomes
    if (outcome === undefined) throw new SecretError("UNAVAILABLE", { secret: job.secret })
    const failure = failureOf(outcome)
    if (failure !== undefined) throw failure
    await this.#next(job.secret, outcome)
    return reportOf(outcome)
  }

  async #round(signal: AbortSignal): Promise<{ readonly secrets: number }> {
    const { rotations } = this.#rotator.health()
    for (const { name } of rotations) {
      if (signal.aborted) throw aborted({ secret: name })
      await this.#send(lookOf(name))
    }
    return { secrets: rotations.length }
  }

  /** What is due after the next round is begun by that one, or by what it leads to. */
  async #next(secret: string, { next }: RotationOutcome): Promise<void> {
    const { clock, nextRound } = this.#settings
    const now = clock.wall()
    if (next === undefined || next.getTime() >= nextRound(now)) return
    // A number of seconds, so that the queue's own clock alone decides when they are over.
    const startAfter = Math.max(1, Math.ceil((next.getTime() - now) / 1_000))
    for (const look of nextLooksOf(secret)) if (await this.#send(look, { startAfter, priority: 1 })) return
  }

  async #send(
    { data, key }: { readonly data: object; readonly key: string },
    more: { readonly startAfter?: number; readonly priority?: number } = {},
  ): Promise<boolean> {
    const options = { singletonKey: key, ...more }
    const id = await asked("making a job", () => this.#boss.send(this.#settings.queue, data, options))
    return id !== null
  }
}

function reportOf({ happened, state, next, problem }: RotationOutcome): LookReport {
  return {
    happened,
    ...(state === undefined ? {} : { state }),
    ...(next === undefined ? {} : { next: next.toISOString() }),
    ...(problem === undefined ? {} : { problem: problem.hint }),
  }
}

/** @throws SecretError in the place of whatever the queue throws. */
async function asked<T>(doing: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    throw queueError(thrown, doing)
  }
}
