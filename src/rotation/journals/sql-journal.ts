import {
  type CallOptions,
  type JournalKeeper,
  journalText,
  misconfigured,
  readJournal,
  SecretError,
  untilAborted,
} from "../../core/index.ts"
import { untilLeft } from "./left.ts"
import { placeOf, type RotatedStore, refuseNoStore } from "./place.ts"
import { sqlError } from "./sql-errors.ts"
import { DEFAULT_TABLE, sqlJournalTable, sqlTable } from "./sql-table.ts"

/**
 * The part of a client of PostgreSQL that is used; a `Pool` of `pg` fits. Each call must be a transaction of its own, so
 * that what is answered is there for everybody: no client in the middle of a transaction.
 */
export interface SqlClient {
  query(
    text: string,
    params: unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
}

/** What is set about the journals in a table. */
export interface SqlJournalOptions {
  /** The store whose secrets are rotated. */
  readonly of: RotatedStore
  /** The table, with a schema before it if need be. Default: `"latchkey_rotation_journal"`. */
  readonly table?: string
}

/** Journals in a table of PostgreSQL. */
export interface SqlJournal extends JournalKeeper {
  /**
   * Makes the table, if it is not there, by the statement of {@link sqlJournalTable}.
   *
   * @throws SecretError `DENIED` if this user may not make tables
   */
  create(options?: Partial<CallOptions>): Promise<void>
}

/**
 * Keeps the journals of a store's secrets in a table of PostgreSQL, one row for each secret, changed by
 * `UPDATE … WHERE seq = …`. The time is that of the database.
 *
 * The client stays the caller's, and is not ended. It must speak to the primary: a replica is refused, because what it
 * tells may be behind. No secret is ever in the table.
 *
 * ```ts
 * const journals = sqlJournal(new Pool(), { of: azureStore })
 * await journals.create()
 * new Rotator({ store: azureStore, journals, rotations })
 * ```
 *
 * @throws SecretError `MISCONFIGURED` for what is no client, or no name of a table
 */
export function sqlJournal(client: SqlClient, options: SqlJournalOptions): SqlJournal {
  const { of, table = DEFAULT_TABLE } = options
  refuseNoStore(of)
  const { name: plain, quoted } = sqlTable(table)
  if (typeof client?.query !== "function")
    throw misconfigured("the client has no query()", "new Pool() of pg, for example")
  const location = `postgres table ${plain}`

  /** Runs one statement; ends with the signal, whatever the client does. */
  async function run(
    text: string,
    params: unknown[],
    signal: AbortSignal,
    { secret, changes }: { readonly secret?: string; readonly changes: boolean },
  ) {
    try {
      return await untilAborted(signal, async () => await client.query(text, params))
    } catch (thrown) {
      throw sqlError(thrown, { secret, store: location }, changes)
    }
  }

  async function textOf(place: string, secret: string, signal: AbortSignal): Promise<string | undefined> {
    const { rows } = await run(READ(quoted), [place], signal, { secret, changes: false })
    const { journal } = (rows[0] ?? {}) as Record<string, unknown>
    return typeof journal === "string" ? journal : undefined
  }

  return Object.freeze<SqlJournal>({
    location,
    async load(name, { signal }) {
      const place = await placeOf(of, name, { signal })
      const { rows } = await run(LOAD(quoted), [place], signal, { secret: name, changes: false })
      const { is_replica: isReplica, at, journal } = (rows[0] ?? {}) as Record<string, unknown>
      if (isReplica !== false) throw replica(location)
      const time = Number(at)
      return {
        ...(Number.isFinite(time) && time > 0 && { at: time }),
        ...(typeof journal === "string" && { journal: readJournal(journal) }),
      }
    },
    async save(name, journal, { expectSeq, signal }) {
      await untilLeft(signal, { secret: name, store: location }, async () => {
        const place = await placeOf(of, name, { signal })
        const next = [place, journal.seq, journalText(journal)]
        const before = expectSeq === 0 ? undefined : await textOf(place, name, signal)
        // One that is garbled, or of a newer form, is refused, and so nothing is ever written over it.
        if (expectSeq !== 0 && (before === undefined || readJournal(before).seq !== expectSeq))
          throw overtaken(location, name)
        const [statement, params] =
          before === undefined ? [INSERT(quoted), next] : [UPDATE(quoted), [...next, expectSeq, before]]
        const { rowCount } = await run(statement, params, signal, { secret: name, changes: true })
        if (rowCount !== 1) throw overtaken(location, name)
      })
    },
    async create({ signal = new AbortController().signal } = {}) {
      await run(sqlJournalTable(table), [], signal, { changes: true })
    },
  })
}

/** One row, also where there is no journal yet, so that the time is always told. */
const LOAD = (table: string): string => `SELECT pg_is_in_recovery() AS is_replica,
  floor(extract(epoch FROM now()) * 1000)::double precision AS at,
  (SELECT journal FROM ${table} WHERE place = $1) AS journal`

const READ = (table: string): string => `SELECT journal FROM ${table} WHERE place = $1`

const INSERT = (table: string): string =>
  `INSERT INTO ${table} (place, seq, journal) VALUES ($1, $2, $3) ON CONFLICT (place) DO NOTHING`

const UPDATE = (table: string): string =>
  `UPDATE ${table} SET seq = $2, journal = $3, written_at = now() WHERE place = $1 AND seq = $4 AND journal = $5`

function replica(store: string): SecretError {
  return new SecretError("MISCONFIGURED", {
    store,
    message: "the database is a replica: what it tells may be behind",
    hint: "connect to the primary: journals are read and written there alone",
  })
}

function overtaken(store: string, secret: string): SecretError {
  return new SecretError("CONFLICT", {
    store,
    secret,
    message: "somebody else wrote the journal of the rotation first",
  })
}
