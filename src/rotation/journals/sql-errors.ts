import { className, isSecretError, type KnownFailure, rebuild, type SecretError } from "../../core/index.ts"

/** What is known of a statement that failed: nothing that the database or the driver wrote, but codes. */
interface SqlFailure extends KnownFailure {
  /** Whether it may have taken effect all the same. Default: the database refused it, so it has not. */
  readonly open?: boolean
}

const DOWN: SqlFailure = {
  code: "UNAVAILABLE",
  message: "the database cannot be reached, or ended the connection",
  hint: "see whether PostgreSQL is up, and its network",
  open: true,
}

const NO_LOGIN: SqlFailure = {
  code: "UNAUTHENTICATED",
  message: "the database does not accept the login",
  hint: "see user, password and pg_hba.conf",
}

const READ_ONLY: SqlFailure = {
  code: "MISCONFIGURED",
  message: "this database is a replica, or only to be read: what it tells may be behind",
  hint: "connect to the primary: journals are read and written there alone",
}

/** By the codes of PostgreSQL, or by their class, which is their first two letters ("PostgreSQL Error Codes"). */
const CODES: Readonly<Record<string, SqlFailure>> = {
  "08": DOWN,
  "25006": READ_ONLY,
  "28": NO_LOGIN,
  "3D": { code: "MISCONFIGURED", message: "there is no such database", hint: "see the name of the database" },
  "3F": { code: "MISCONFIGURED", message: "there is no such schema", hint: "see the option table" },
  // Two writers of one row: the one that is told so has written nothing.
  "40001": { code: "CONFLICT", message: "somebody else wrote the journal of the rotation first" },
  "40003": DOWN,
  "40P01": { code: "CONFLICT", message: "somebody else wrote the journal of the rotation first" },
  "42501": {
    code: "DENIED",
    message: "the user of the database may not read or write the table of journals",
    hint: "GRANT SELECT, INSERT, UPDATE on it",
  },
  "42P01": {
    code: "MISCONFIGURED",
    message: "the table of journals is not there",
    hint: "make it with the statement of sqlJournalTable(), or call create() once",
  },
  "42": {
    code: "MISCONFIGURED",
    message: "the table of journals is another one",
    hint: "see sqlJournalTable()",
  },
  "53": {
    code: "UNAVAILABLE",
    message: "the database has no room for one more connection, or for more data",
    hint: "see max_connections and the disk",
  },
  "57014": { code: "TIMEOUT", message: "the database gave the statement up", hint: "see statement_timeout" },
  "57": DOWN,
}

/** Codes of Node, and of drivers, for a connection that was never made, so that nothing was sent. */
const NEVER_SENT: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"])

/**
 * What a driver threw, rebuilt from its code alone: its message quotes statements, its fields parameters.
 *
 * @param changes whether the statement was to change something, so that a lost answer leaves open whether it did.
 */
export function sqlError(
  thrown: unknown,
  context: { readonly secret: string | undefined; readonly store: string },
  changes: boolean,
): SecretError {
  if (isSecretError(thrown)) return rebuild(thrown, context)
  const failure = failureOf(thrown)
  const { open, ...known } = failure
  return rebuild(undefined, context, { ...known, ...(changes && open && { outcome: "unknown" }) })
}

function failureOf(thrown: unknown): SqlFailure {
  const code = codeOf(thrown)
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) {
    const known = CODES[code] ?? CODES[code.slice(0, 2)]
    if (known !== undefined) return known
    return {
      code: "UNAVAILABLE",
      transient: false,
      message: `the database refused the statement (SQLSTATE ${code})`,
    }
  }
  if (code !== undefined && NEVER_SENT.has(code)) return { ...DOWN, open: false }
  // Drivers tell of an ended connection, and of a pool that waited for too long, without any code.
  return { ...DOWN, message: `${DOWN.message} (${className(thrown)})` }
}

function codeOf(thrown: unknown): string | undefined {
  try {
    const { code } = (thrown ?? {}) as { code?: unknown }
    return typeof code === "string" ? code : undefined
  } catch {
    return undefined
  }
}
