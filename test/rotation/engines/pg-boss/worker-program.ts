import { createInterface } from "node:readline"
import { PgBoss } from "pg-boss"
import { dotenv } from "../../../../providers/dotenv/index.ts"
import { type Clock, type Duration, systemClock } from "../../../../src/core/index.ts"
import { rotateWithPgBoss } from "../../../../src/rotation/engines/pg-boss/index.ts"
import { Rotator } from "../../../../src/rotation/index.ts"
import { mintedTally } from "../../far-side/minted-tally.ts"

/** What a worker is told when it is started. */
export interface WorkerOptions {
  readonly database: string
  /** The tables of pg-boss. */
  readonly schema: string
  readonly queue: string
  /** The `.env` with the secrets. */
  readonly path: string
  readonly names: readonly string[]
  readonly url: string
  readonly adminKey: string
  /** How long the token before is used after a promotion. */
  readonly callTimeout: Duration
  /** By how many milliseconds the clock of its machine is ahead. */
  readonly ahead?: number
}

/** How soon pg-boss notices what has happened, in seconds; for the most part a minute. */
export const SOON = {
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
  cronMonitorIntervalSeconds: 1,
  cronWorkerIntervalSeconds: 1,
} as const

/** As short as they may be, so that another replica need not wait for long. */
const DEADLINES = { make: "2s", apply: "2s", verify: "3s", revoke: "2s", list: "2s" } as const

/** A process that works on the queue until it is told to stop by a line. Tells by lines what it does. */
export async function startWorker(options: WorkerOptions): Promise<void> {
  const { database, schema, queue, path, names, url, adminKey, callTimeout, ahead = 0 } = options
  const clock: Clock = { ...systemClock, wall: () => systemClock.wall() + ahead }
  const say = (line: string): boolean => process.stdout.write(`${line}\n`)
  const store = dotenv(path)
  const consumers = { ttl: "1s", maxStale: "0s", callTimeout, tokenLifetime: "0s" } as const
  const plan = mintedTally({ url, adminKey, consumers, deadlines: DEADLINES })
  const rotator = new Rotator({
    store,
    rotations: Object.fromEntries(names.map(name => [name, { plan, schedule: { interval: "24h" } }])),
    lease: "6s",
    callTimeout: "2s",
    clock,
  })
  rotator.on(event => {
    if (event.type === "moved") say(`${event.name} ${event.to}`)
  })
  const boss = new PgBoss({ connectionString: database, schema, ...SOON })
  boss.on("error", thrown => say(`error ${thrown.message}`))
  await boss.start()
  const engine = { queue, cron: "*/5 * * * *", pollEvery: "500ms", clock } as const
  const rotation = await rotateWithPgBoss(boss, rotator, engine)
  say("ready")

  for await (const _ of createInterface({ input: process.stdin })) break
  process.stdin.destroy()
  const stopping = rotation.stop()
  say("stopping")
  await stopping
  await boss.stop()
  await rotator.close()
  await store.close()
  say("stopped")
}
