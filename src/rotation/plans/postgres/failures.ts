import {
  isNetworkCode,
  type KnownFailure,
  networkFailure,
  printable,
  rebuild,
  type SecretError,
} from "../../../core/index.ts"
import { literal, OVERTAKEN } from "./statements.ts"

/** By SQLSTATE (PostgreSQL, "PostgreSQL Error Codes"). What is not here is named by its code. */
const CODES: Readonly<Record<string, KnownFailure>> = {
  "28000": {
    code: "UNAUTHENTICATED",
    message: "PostgreSQL does not let in the account that changes passwords",
    hint: "look at the user of the client, and at pg_hba.conf",
  },
  "28P01": {
    code: "UNAUTHENTICATED",
    message: "PostgreSQL does not accept the password of the account that changes passwords",
    hint: "look at the password of the client",
  },
  "42501": {
    code: "DENIED",
    message: "the account that changes passwords may not do it",
    hint: "it needs CREATEROLE, each of the users granted to it WITH ADMIN OPTION, and select, insert and update on the fence table",
  },
  "42704": {
    code: "MISCONFIGURED",
    message: "there is no user of this name",
    hint: "create both users as members of the role that owns the tables: create role app_a in role app",
  },
  "3D000": {
    code: "MISCONFIGURED",
    message: "there is no database of this name",
    hint: "look at what client and connect connect to",
  },
  "25006": {
    code: "MISCONFIGURED",
    message: "the server is read-only",
    hint: "connect to the primary, not to a standby",
  },
  "53300": { code: "UNAVAILABLE", message: "PostgreSQL has no connection left" },
  "55P03": {
    code: "UNAVAILABLE",
    message: "somebody holds a lock on the fence or on the user",
    hint: "look for a transaction that was left open: select * from pg_stat_activity where state like 'idle in transaction%'",
  },
  "57014": { code: "TIMEOUT", message: "PostgreSQL cancelled the statement" },
}

/** What is not there in the table of fences, which nobody but the owner of the database can make. */
function noFence(table: string): KnownFailure {
  return {
    code: "MISCONFIGURED",
    message: "the table of fences is not there, or is another one",
    hint: `create table ${table} (secret text primary key, fence bigint not null)`,
  }
}

/** A newer step came first, or seems to have: with a journal that was removed, the count of steps begins anew. */
function overtaken(table: string, row: string): KnownFailure {
  return {
    code: "CONFLICT",
    message: "a newer step of the rotation has changed the users already, and this one came too late",
    hint: `wait for the next run; if the journal of this secret was removed, the count began anew: with no rotation of it on its way, delete from ${table} where secret = ${printable(literal(row))}`,
  }
}

const HINTS = {
  host: "look at the host of the client",
  address: "look at host and port of the client",
  certificate: "look at ssl of the client",
  tls: "look at ssl of the client",
}

/**
 * A failure of PostgreSQL, or of the way there. Nothing of it is kept but its code: messages of drivers quote statements
 * and connection strings.
 *
 * @param table the table of fences, for the hint.
 * @param row what the row of this secret in it is called.
 */
export function postgresFailure(
  thrown: unknown,
  secret: string,
  table: string,
  row: string = secret,
): SecretError {
  const context = { secret, store: "postgres" }
  const code = codeOf(thrown)
  if (code === undefined) return rebuild(thrown, context)
  if (code === OVERTAKEN) return rebuild(thrown, context, overtaken(table, row))
  // No table, no such column, no unique key for "on conflict".
  if (["42P01", "42703", "42P10"].includes(code)) return rebuild(thrown, context, noFence(table))
  const known = Object.hasOwn(CODES, code) ? CODES[code] : networkFailure(code, HINTS)
  if (known !== undefined) return rebuild(thrown, context, known)
  if (isNetworkCode(code)) return rebuild(thrown, context, { code: "UNAVAILABLE" })
  if (!isSqlState(code)) return rebuild(thrown, context)
  return rebuild(thrown, context, {
    code: "UNAVAILABLE",
    message: `PostgreSQL ended the statement with SQLSTATE ${code}`,
    hint: "look it up among PostgreSQL's error codes, and in the server's log",
  })
}

/**
 * Whether a failed login says that the credential is not accepted: a wrong password, or a user that may not log in. A
 * host that pg_hba.conf does not let in says nothing of the credential.
 */
export function refusesLogin(thrown: unknown): boolean {
  const code = codeOf(thrown)
  return code === "28P01" || (code === "28000" && textOf(thrown, "routine") !== "ClientAuthentication")
}

/** What is wrong when a login to look at a credential ends so. */
export function loginFailure(thrown: unknown, secret: string, table: string): SecretError {
  if (codeOf(thrown) !== "28000") return postgresFailure(thrown, secret, table)
  return rebuild(
    thrown,
    { secret, store: "postgres" },
    {
      code: "DENIED",
      message: "PostgreSQL does not let this host, user and database in, whatever the password",
      hint: "add a line to pg_hba.conf for the place from which credentials are rotated",
    },
  )
}

function codeOf(thrown: unknown): string | undefined {
  return textOf(thrown, "code")
}

function textOf(thrown: unknown, field: "code" | "routine"): string | undefined {
  try {
    const text = (thrown as Record<string, unknown> | null | undefined)?.[field]
    return typeof text === "string" ? text : undefined
  } catch {
    // A getter that throws: nothing that is known.
    return undefined
  }
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code)
}
