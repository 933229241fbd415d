import type {
  PgBossClient,
  PgBossJob,
  PgBossQueueOptions,
  PgBossSendOptions,
} from "../../../../src/rotation/engines/pg-boss/index.ts"
import type { FakeClock } from "../../../../src/testing/index.ts"

/** A job as the queue keeps it. */
export interface KeptJob {
  readonly data: object
  readonly key: string
  readonly priority: number
  /** When it may be taken, by the clock. */
  at: number
  state: "waits" | "active" | "done" | "failed"
  tries: number
  /** What its handler gave, or threw. */
  output: unknown
}

interface Worker {
  readonly id: string
  readonly handler: (jobs: PgBossJob[]) => Promise<unknown>
  /** Resolves when it has nothing under way. */
  idle: Promise<unknown>
}

/** A queue of the policy "exclusive" in the memory of a test, by its clock: of each key one job waits or is worked on. */
export class FakeQueue implements PgBossClient {
  readonly jobs: KeptJob[] = []
  readonly schedules: unknown[] = []
  /** What the queue was made as; what was there before stays. */
  made: Partial<PgBossQueueOptions> | undefined
  /** Throws in the place of a call. */
  fails: ((call: keyof PgBossClient, calls: number) => void) | undefined
  readonly #clock: FakeClock
  readonly #workers: Worker[] = []
  readonly #active = new Set<AbortController>()
  #calls = 0
  #turn = 0

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  get workers(): number {
    return this.#workers.length
  }

  /** The keys of the jobs that wait or are worked on. */
  get open(): string[] {
    return this.jobs.filter(isOpen).map(({ key }) => key)
  }

  async createQueue(_name: string, options: PgBossQueueOptions): Promise<void> {
    this.#call("createQueue")
    this.made ??= options
  }

  async getQueue(): Promise<{ readonly policy?: string } | null> {
    this.#call("getQueue")
    return this.made ?? null
  }

  async schedule(name: string, cron: string, data: object, options: object): Promise<void> {
    this.#call("schedule")
    this.schedules.push({ name, cron, data, ...options })
  }

  async work(_name: string, _options: object, handler: Worker["handler"]): Promise<string> {
    this.#call("work")
    const id = `worker-${this.#calls}`
    this.#workers.push({ id, handler, idle: Promise.resolve() })
    return id
  }

  async offWork(_name: string, { id }: { readonly id: string }): Promise<void> {
    const index = this.#workers.findIndex(worker => worker.id === id)
    const [worker] = index === -1 ? [] : this.#workers.splice(index, 1)
    await worker?.idle
    this.#call("offWork")
  }

  async send(
    _name: string,
    data: object,
    { singletonKey, startAfter = 0, priority = 0 }: PgBossSendOptions,
  ): Promise<string | null> {
    this.#call("send")
    if (this.jobs.some(job => job.key === singletonKey && isOpen(job))) return null
    const at = this.#clock.wall() + startAfter * 1_000
    this.jobs.push({ data, key: singletonKey, priority, at, state: "waits", tries: 0, output: undefined })
    return String(this.jobs.length)
  }

  /** Gives the next job that may be taken to the next worker. @returns the job when it is over, `undefined` for none */
  next(): Promise<KeptJob> | undefined {
    const ready = this.jobs.filter(({ state, at }) => state === "waits" && at <= this.#clock.wall())
    const [job] = ready.sort((one, other) => other.priority - one.priority)
    const worker = this.#workers[this.#turn % Math.max(1, this.#workers.length)]
    if (job === undefined || worker === undefined) return undefined
    this.#turn += 1
    const working = this.#work(job, worker)
    worker.idle = working
    return working
  }

  /** The time of every job that is worked on is over: it is tried again, and nobody waits for it. */
  expire(): void {
    for (const expiring of this.#active) expiring.abort()
  }

  async #work(job: KeptJob, { handler }: Worker): Promise<KeptJob> {
    const expiring = new AbortController()
    this.#active.add(expiring)
    job.state = "active"
    job.tries += 1
    const expired = new Promise<never>((_, reject) => {
      expiring.signal.addEventListener("abort", () => reject(new Error("expired")), { once: true })
    })
    try {
      const { signal } = expiring
      job.output = await Promise.race([handler([{ data: structuredClone(job.data), signal }]), expired])
      job.state = "done"
    } catch (thrown) {
      job.output = thrown
      job.state = job.tries > (this.made?.retryLimit ?? 0) ? "failed" : "waits"
      job.at = this.#clock.wall() + (this.made?.retryDelay ?? 0) * 2 ** (job.tries - 1) * 1_000
    } finally {
      this.#active.delete(expiring)
    }
    return job
  }

  #call(call: keyof PgBossClient): void {
    this.#calls += 1
    this.fails?.(call, this.#calls)
  }
}

function isOpen({ state }: KeptJob): boolean {
  return state === "waits" || state === "active"
}
