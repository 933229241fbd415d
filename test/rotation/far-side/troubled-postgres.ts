import { Client, Pool } from "pg"
import type {
  PostgresClient,
  PostgresConnect,
  PostgresConnection,
} from "../../../src/rotation/plans/postgres/index.ts"
import { type ProxyTo, proxyTo } from "../../servers/toxiproxy.ts"

/** What befalls one call to PostgreSQL. */
export const POSTGRES_FAULTS = [
  "finds nobody who listens",
  "is reset",
  "never gets there, and is never answered",
  "is carried out and never answered",
  "is carried out and its answer is lost",
] as const

const AN_HOUR = 3_600_000

/** One of {@link POSTGRES_FAULTS}. */
export type PostgresFault = (typeof POSTGRES_FAULTS)[number]

/** How those get there who rotate a login: by a way on which one call fails. */
export interface TroubledPostgres {
  readonly client: PostgresClient
  readonly connect: PostgresConnect
  /** What was asked for, in its order. */
  readonly calls: readonly string[]
  /** Whether a call was made to which no answer comes. */
  readonly isHung: boolean
  /** Whether the call that was to fail has been made. */
  readonly isStruck: boolean
  close(): Promise<void>
}

/**
 * Lays such a way.
 *
 * @param login the account that rotates, and where the database is
 * @param blow which call fails, counted from 0, and how. Default: none
 */
export async function troubledPostgres(
  login: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly password: string
    readonly database: string
  },
  blow?: { readonly number: number; readonly fault: PostgresFault },
): Promise<TroubledPostgres> {
  const proxy = await proxyTo(login.host, login.port)
  const at = { ...login, host: proxy.host, port: proxy.port }
  const pool = new Pool({ ...at, max: 5 })
  // One that is cut while it waits for work is an event of its pool.
  pool.on("error", () => undefined)
  // What is cut while it connects is not carried out.
  await pool.query("select 1")
  const calls: string[] = []
  let [isHung, isStruck] = [false, false]

  async function call<T>(text: string, work: () => Promise<T>): Promise<T> {
    // The way is clear again when somebody else comes by.
    if (isHung) {
      isHung = false
      await proxy.up()
    }
    const isIt = calls.push(text) - 1 === blow?.number
    if (isIt) {
      isStruck = true
      await harm(proxy, blow.fault)
      isHung = blow.fault.endsWith("never answered")
    }
    try {
      return await work()
    } finally {
      if (isIt && !isHung) await proxy.up()
    }
  }

  return {
    client: {
      query: async (text, values) =>
        await call(statementOf(text), async () => await pool.query(text, values ?? [])),
    },
    async connect({ user, password }): Promise<PostgresConnection> {
      const connection = new Client({ ...at, user, password, connectionTimeoutMillis: 1_000 })
      connection.on("error", () => undefined)
      await call("connect", async () => await connection.connect())
      return {
        query: async text => await call(text, async () => await connection.query(text)),
        end: async () => await connection.end(),
      }
    },
    calls,
    get isHung() {
      return isHung
    },
    get isStruck() {
      return isStruck
    },
    async close() {
      await proxy.up()
      await pool.end()
      await proxy.close()
    },
  }
}

async function harm(proxy: ProxyTo, fault: PostgresFault): Promise<void> {
  if (fault === "finds nobody who listens") await proxy.down()
  else if (fault === "is reset") await proxy.reset()
  else if (fault === "is carried out and its answer is lost") await proxy.limit(1)
  else if (fault === "is carried out and never answered") await proxy.latency(AN_HOUR)
  else await proxy.hang()
}

/** What a statement does, without the names in it. */
function statementOf(text: string): string {
  return /alter role|pg_terminate_backend|rolcanlogin/i.exec(text)?.[0].toLowerCase() ?? "select"
}
