import { misconfigured } from "../../../core/index.ts"

/** The SQLSTATE with which a fenced statement ends when a newer step came first; of no class of PostgreSQL's own. */
export const OVERTAKEN = "LKF01"

/** Which row of which table holds the fence. */
export interface FenceRow {
  readonly table: string
  readonly secret: string
}

/** How long a statement waits for a lock that somebody holds: less than a step may take, so that its end is seen. */
const LOCK_TIMEOUT = "3s"

/**
 * A statement that does something only if no newer step has come before, and says so for those to come: both in one
 * transaction, since it is one statement. The row of the fence is locked until the end, so that of two that come together
 * the older one waits, sees the newer fence, and ends with {@link OVERTAKEN}. A step may be repeated.
 */
export function fenced({ table, secret }: FenceRow, fence: number, change: string): string {
  if (!Number.isSafeInteger(fence)) throw new TypeError("a fence is a whole number")
  // PL/pgSQL, because a block is one statement on any connection of a pool, and ALTER ROLE takes no parameters.
  return `do ${literal(`begin
  perform pg_catalog.set_config('lock_timeout', '${LOCK_TIMEOUT}', true);
  insert into ${table} as held (secret, fence) values (${literal(secret)}, ${fence})
    on conflict (secret) do update set fence = excluded.fence where held.fence <= excluded.fence;
  if not found then
    raise exception using errcode = '${OVERTAKEN}', message = 'latchkey: a newer step came first';
  end if;
  ${change};
end`)}`
}

/** Gives a user another password, by what the server keeps of it. */
export function passwordOf(user: string, verifier: string): string {
  return `alter role ${identifier(user)} with password ${literal(verifier)}`
}

/** The same, and lets the user log in again. */
export function loginOf(user: string, verifier: string): string {
  return `alter role ${identifier(user)} with login password ${literal(verifier)}`
}

/** Ends all logins of a user from now on. */
export function noLoginOf(user: string): string {
  return `alter role ${identifier(user)} with nologin password null`
}

/**
 * Ends the sessions of a user that are open. In a fenced block, because the user may be in use again by the time that a
 * stopped replica goes on.
 */
export function endSessionsOf(user: string): string {
  return `perform pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where usename = ${literal(user)}`
}

/** Whether a user may log in, which everybody may ask. Takes the user as `$1`. */
export const MAY_LOG_IN = "select rolcanlogin from pg_roles where rolname = $1"

/**
 * A table's name as it can stand in a statement, perhaps with its schema in front.
 *
 * @throws SecretError `MISCONFIGURED` for what would have to be quoted.
 */
export function tableName(name: string): string {
  if (typeof name === "string" && /^[a-z_][a-z0-9_]{0,62}(?:\.[a-z_][a-z0-9_]{0,62})?$/.test(name))
    return name
  throw misconfigured(
    "fenceTable of postgresPassword() is no plain name of a table",
    'write it in small letters, digits and "_", with its schema if need be: "operations.latchkey_fence"',
  )
}

/** A name as PostgreSQL reads it, whatever stands in it ("Identifiers and Key Words"). */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as PostgreSQL reads it, whatever `standard_conforming_strings` says ("String Constants"). */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted
}
