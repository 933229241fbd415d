import { randomBytes } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import type { SecretStore } from "latchkey"
import { dotenv } from "latchkey/dotenv"
import { keyringKey, postgresPassword, Rotator } from "latchkey/rotation"
import { TallyStandIn } from "../../stand-in/index.ts"
import { type CallCount, Pace } from "../pace.ts"
import { makePlace, newToken } from "../place.ts"
import type { Stopped } from "../replica.ts"
import type { Report } from "../services.ts"
import { tracesOf } from "../traces.ts"
import { Caller } from "./caller.ts"
import { Chronicle, type ToldRotation } from "./chronicle.ts"
import { type Database, makeDatabase, newPassword } from "./database.ts"
import { type HttpReplica, startHttpReplica } from "./http-replica.ts"
import { isDeadSoon, loginOf, type Specimen, tokenUnder } from "./old-credentials.ts"
import {
  CALLS_PER_SECOND,
  DATABASE,
  KEY,
  OF_THE_DATABASE,
  OF_THE_KEY,
  PATIENCE_MS,
  READS,
  TOKEN_LIFETIME_S,
  WARM_UP_CALLS,
} from "./times.ts"

export interface RunOptions {
  readonly signal: AbortSignal
  /** Told what is waited for before the load begins. */
  readonly report: Report
  /** Told that the load has begun. */
  readonly began: (database: string) => void
  /** Told several times a second how far it is. */
  readonly progress: (done: number, text: string) => void
  /** Told of every rotation that is over. */
  readonly told: (rotation: ToldRotation) => void
}

export interface RunReport {
  readonly rotations: readonly ToldRotation[]
  /** What a Rotator could not do, in words without values. */
  readonly trouble: readonly string[]
  readonly calls: CallCount
  readonly refusals: number
  /** How many tokens came to their end on the way and were renewed. */
  readonly expired: number
  readonly tokens: number
  /** What PostgreSQL says: calls that were written down, connections that were opened. */
  readonly database: { readonly calls: number; readonly connections: number }
  /** How often a credential stands in what the replicas wrote, however spelled. */
  readonly traces: number
  readonly stopped: readonly Stopped[]
}

/**
 * Two replicas of the server over HTTP, a client that keeps them busy, and a Rotator that rotates the signing key and
 * the password of the database on a schedule of seconds. Whatever happens, nothing that was started is left behind.
 *
 * @throws Error when something does not start, or when the signal aborts.
 */
export async function rotateOnSchedule(options: RunOptions): Promise<RunReport> {
  const { signal, report } = options
  await using stack = new AsyncDisposableStack()
  const [tally, clientSecret, password] = [newToken(), randomBytes(32).toString("base64url"), newPassword()]
  const firstKey = randomBytes(32).toString("base64url")
  const known = [tally, clientSecret, password, firstKey]

  report("starting PostgreSQL")
  const database = await makeDatabase(password, report)
  stack.defer(async () => await database.remove())
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  stack.defer(async () => await standIn.close())
  standIn.tokens.add(tally)
  const place = await makePlace(
    [
      `TALLY__API_TOKEN=${tally}`,
      `AUTH__CLIENT_SECRET=${clientSecret}`,
      `AUTH__JWT_KEY=${firstKey}`,
      `DB__URL=${database.address(database.users[0], password)}`,
      "",
    ].join("\n"),
  )
  stack.defer(async () => await place.remove())
  signal.throwIfAborted()

  report("starting two replicas of the server")
  const environment = {
    TALLY_BASE_URL: standIn.url(),
    SECRETS_TTL: READS.ttl,
    SECRETS_MAX_STALE: READS.maxStale,
    TOKEN_LIFETIME_S: `${TOKEN_LIFETIME_S}`,
    CLOCK_SKEW_S: "0",
  }
  const replicas: HttpReplica[] = []
  stack.defer(async () => void (await Promise.all(replicas.map(replica => replica.stop()))))
  for (let number = 1; number <= 2; number++) replicas.push(await startHttpReplica(place.folder, environment))
  const origins = replicas.map(({ origin }) => origin)

  const caller = new Caller(origins, clientSecret)
  stack.defer(async () => await caller.close())
  await caller.connect()
  report("warming up")
  for (let made = 0; made < WARM_UP_CALLS; made++) await caller.call()
  options.began(database.title)
  const pace = new Pace(CALLS_PER_SECOND, async () => await caller.call())
  stack.defer(async () => void (await pace.stop()))

  const store = dotenv(place.envFile)
  stack.defer(async () => await store.close())
  const { rotations, trouble } = await rotate({ database, store, origins, pace, caller, known, options })

  const calls = await pace.stop()
  const stopped = await Promise.all(replicas.map(replica => replica.stop()))
  const text = replicas.map(replica => replica.written()).join("")
  return {
    rotations,
    trouble,
    calls,
    refusals: caller.refusals,
    expired: caller.expired,
    tokens: caller.tokens,
    database: await database.count(),
    traces: known.reduce((sum, value) => sum + tracesOf(value, text), 0),
    stopped,
  }
}

interface Scene {
  readonly database: Database
  readonly store: SecretStore
  readonly origins: readonly string[]
  readonly pace: Pace
  readonly caller: Caller
  /** Every value that was in use. */
  readonly known: string[]
  readonly options: RunOptions
}

/** Runs the Rotator until every secret has been rotated as often as it should, or patience ends. */
async function rotate(scene: Scene): Promise<Pick<RunReport, "rotations" | "trouble">> {
  const { database, store, origins, pace, caller, known, options } = scene
  const inUse = async (name: string): Promise<Specimen> => {
    const secret = String((await store.read(name, { signal: options.signal })).value)
    known.push(secret)
    return name === KEY.name ? await tokenUnder(secret, origins) : loginOf(secret, database)
  }
  const specimens = new Map<string, Specimen>()
  for (const { name } of [KEY, DATABASE]) {
    const specimen = await inUse(name)
    // What was refused from the beginning would prove nothing by being refused at the end.
    if (!(await specimen.isAccepted())) throw new Error(`the first ${name} is not accepted`)
    specimens.set(name, specimen)
  }

  const chronicle = new Chronicle({
    count: () => ({ made: pace.count.made, failed: pace.count.failed, refusals: caller.refusals }),
    async isOldDead(name) {
      const old = specimens.get(name)
      specimens.set(name, await inUse(name))
      return old !== undefined && (await isDeadSoon(old))
    },
    told: options.told,
  })
  await using rotator = new Rotator({ store, rotations: rotationsOf(database) })
  using _ = rotator.on(event => chronicle.take(event))

  const ending = new AbortController()
  const run = rotator.run(AbortSignal.any([ending.signal, options.signal]))
  const of = KEY.times + DATABASE.times
  try {
    for (const start = performance.now(); performance.now() - start < PATIENCE_MS; ) {
      await pause(200, undefined, { signal: options.signal })
      const done = [KEY, DATABASE].map(({ name, times }) => Math.min(times, chronicle.timesOf(name)))
      const sum = done.reduce((one, other) => one + other)
      options.progress(sum, `${pace.count.made} calls, ${pace.count.failed} failed; ${chronicle.present}`)
      if (sum === of) break
    }
  } finally {
    ending.abort()
    await run
  }
  await chronicle.settled()
  const { rotations, trouble } = chronicle
  return { rotations, trouble }
}

function rotationsOf(database: Database): ConstructorParameters<typeof Rotator>[0]["rotations"] {
  return {
    [KEY.name]: {
      plan: keyringKey({ consumers: OF_THE_KEY }),
      schedule: { interval: KEY.interval },
      jitter: "0%",
    },
    [DATABASE.name]: {
      plan: postgresPassword({
        client: database.rotator,
        connect: async login => await database.connect(login),
        users: database.users,
        format: "url",
        consumers: OF_THE_DATABASE,
      }),
      schedule: { interval: DATABASE.interval },
      jitter: "0%",
    },
  }
}
