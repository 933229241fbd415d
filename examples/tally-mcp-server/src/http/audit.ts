import { type Rotating, rotating, type Secret } from "latchkey"
import { Pool } from "pg"
import { NotWrittenDown } from "../errors.ts"
import { log } from "../log.ts"

/** One call of a tool, as it is kept. */
export interface AuditEntry {
  readonly client: string
  readonly tool: string
  /** Whether it gave what was asked for. */
  readonly ok: boolean
}

/** How long one statement, or opening one connection, may take, in ms. */
const PATIENCE_MS = 5_000

/** A connection is closed after so many statements, so that none outlives its user by long. */
const USES_OF_A_CONNECTION = 20

/** After a change of the address, calls that are under way have so long to end on the old one. */
const OLD_POOL_LIVES = "5s"

/** Writes every call into a table, through a pool of connections that is rebuilt when the address in the secret changes. */
export class Audit {
  readonly #pools: Rotating<Pool>

  private constructor(pools: Rotating<Pool>) {
    this.#pools = pools
  }

  static async open(address: Secret<string>): Promise<Audit> {
    return new Audit(
      await rotating(address, connected, { retire: async old => await old.end(), after: OLD_POOL_LIVES }),
    )
  }

  /** @throws NotWrittenDown */
  async record({ client, tool, ok }: AuditEntry): Promise<void> {
    try {
      await this.#pools.use(
        async pool =>
          await pool.query("insert into tool_calls (client, tool, ok) values ($1, $2, $3)", [
            client,
            tool,
            ok,
          ]),
      )
    } catch (thrown) {
      throw new NotWrittenDown(codeOf(thrown))
    }
  }

  async close(): Promise<void> {
    await this.#pools.close()
  }
}

function connected(connectionString: string): Pool {
  const pool = new Pool({
    connectionString,
    max: 4,
    maxUses: USES_OF_A_CONNECTION,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
  })
  // A connection that is lost while nobody uses it. The next call opens another one.
  pool.on("error", thrown => log(`lost a connection to the database (${codeOf(thrown)})`))
  return pool
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown && thrown.code
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : "no code"
}
