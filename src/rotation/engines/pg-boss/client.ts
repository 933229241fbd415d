/** A job, as far as it is looked at. */
export interface PgBossJob {
  readonly data: unknown
  /** Aborts when the time of the job is over, and when its queue is stopped and waits no longer. */
  readonly signal?: AbortSignal
}

/** How a queue is made, where it is not there yet (pg-boss, "Queues"). */
export interface PgBossQueueOptions {
  readonly policy: string
  readonly retryLimit: number
  readonly retryDelay: number
  readonly retryBackoff: boolean
  readonly retryDelayMax: number
  readonly expireInSeconds: number
  readonly heartbeatSeconds: number
  readonly deleteAfterSeconds: number
}

/** How a job is made (pg-boss, "Jobs"). */
export interface PgBossSendOptions {
  readonly singletonKey: string
  readonly startAfter?: number
  readonly priority?: number
}

/** The job queue: a started `PgBoss` of the package `pg-boss` is one. */
export interface PgBossClient {
  createQueue(name: string, options: PgBossQueueOptions): Promise<unknown>
  getQueue(name: string): Promise<{ readonly policy?: string } | null>
  schedule(
    name: string,
    cron: string,
    data: object,
    options: { readonly tz: string; readonly singletonKey: string },
  ): Promise<unknown>
  work(
    name: string,
    options: { readonly pollingIntervalSeconds: number },
    handler: (jobs: PgBossJob[]) => Promise<unknown>,
  ): Promise<string>
  offWork(name: string, options: { readonly id: string; readonly wait: boolean }): Promise<unknown>
  /** Resolves to `null` where a job with this key waits, is tried again or is worked on already. */
  send(name: string, data: object, options: PgBossSendOptions): Promise<string | null>
}
