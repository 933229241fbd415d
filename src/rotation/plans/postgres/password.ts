import { misconfigured, refuseNoFunction, refuseUnknownOptions, SecretError } from "../../../core/index.ts"
import type { GeneratedPlan } from "../../plan.ts"
import { randomKeys } from "../../random-key.ts"
import { READY_PLAN_OPTIONS, type ReadyPlanOptions, taken } from "../plan-options.ts"
import type { PostgresClient, PostgresConnect, PostgresLogin } from "./clients.ts"
import { type FarSide, farSide } from "./far-side.ts"
import { scramVerifier } from "./scram.ts"
import { endSessionsOf, loginOf, MAY_LOG_IN, noLoginOf, passwordOf, tableName } from "./statements.ts"
import { type PostgresFormat, type StoredLogins, storedLogins } from "./stored-login.ts"

interface OptionsOfBoth extends ReadyPlanOptions {
  /** Through what passwords are changed. Its account needs what `needs` of the plan lists; it need be no superuser. */
  readonly client: PostgresClient
  /** Opens a fresh connection with a login, to see whether it works. */
  readonly connect: PostgresConnect
  /** How the login stands in the secret. Default: `"json"`. */
  readonly format?: PostgresFormat
  /**
   * The table that keeps late steps from undoing newer ones, made once by
   * `create table latchkey_fence (secret text primary key, fence bigint not null)`. Default: `"latchkey_fence"`.
   */
  readonly fenceTable?: string
  /** What the row in that table is called. Default: the secret's name; another one where two secrets of one name, of two stores, share a database. */
  readonly fencedAs?: string
}

/** Two users that take turns: no call fails while the password changes. */
export interface TwoPostgresUsers extends OptionsOfBoth {
  /** Two users that may do the same, because both are members of the role that owns the tables. */
  readonly users: readonly [string, string]
  readonly user?: undefined
  /**
   * Whether the sessions of the old user end when it is retired. `false`: they go on until they are closed. Default: they
   * end where its password is known to somebody (`compromised`), and go on otherwise.
   */
  readonly endSessions?: boolean | undefined
}

/** A single user, whose old password ends when the new one begins. */
export interface OnePostgresUser extends OptionsOfBoth {
  readonly user: string
  readonly users?: undefined
  readonly endSessions?: undefined
}

/** The options of {@link postgresPassword}. */
export type PostgresPasswordOptions = TwoPostgresUsers | OnePostgresUser

const OF = "postgresPassword()"
const SIGNALS = "membership in pg_signal_backend"
const OPTIONS = ["client", "connect", "format", "fenceTable", "fencedAs", "users", "user", "endSessions"]

/**
 * The password of a PostgreSQL user.
 *
 * With `users: ["app_a", "app_b"]` they take turns: the one that is not in use gets a new password and may log in; after
 * the grace the other one may no longer log in, and has no password. With `user: "app"` there is one user only, and a
 * moment in which consumers that still hold the old password cannot open connections: until they have read the new one.
 *
 * A password never leaves this process: PostgreSQL is given what it keeps of it (a SCRAM-SHA-256 verifier), and the
 * secret holds the rest. Every change moves a fence forward in the same transaction, so that a replica that was stopped
 * in the middle can set no old password and end no new user, however late it goes on. With one user the change is made
 * only while the old password, or already the new one, is accepted; a password that a person sets by hand in the very
 * moment between that look and the change is lost.
 *
 * What is accepted is asked on fresh connections with `select 1`. SQLSTATE 28P01 and 28000 mean that a login is refused,
 * but for a host that pg_hba.conf does not let in; that, and everything else, is thrown. Where pg_hba.conf says `trust`
 * every password is accepted, and nothing can be verified.
 *
 * @throws SecretError `MISCONFIGURED` for options that do not exist or do not fit.
 */
export function postgresPassword(options: PostgresPasswordOptions): GeneratedPlan {
  refuseUnknownOptions(OF, options, [...OPTIONS, ...READY_PLAN_OPTIONS])
  const { client, connect, format = "json", fenceTable = "latchkey_fence", fencedAs } = options
  refuseNoFunction(`client.query of ${OF}`, client?.query)
  refuseNoFunction(`connect of ${OF}`, connect)
  if (
    fencedAs !== undefined &&
    (typeof fencedAs !== "string" || fencedAs === "" || fencedAs.includes("\0"))
  ) {
    throw misconfigured(`fencedAs of ${OF} is no name`, 'write a text: "production db/url"')
  }
  const logins = storedLogins(format)
  const table = tableName(fenceTable)
  const far = farSide({ client, connect, fenceTable: table, fencedAs })
  const common = { ...taken(options), kind: "generated" as const, fenced: true }
  if (options.users !== undefined && options.user === undefined) {
    const users = twoUsers(options.users)
    const { endSessions } = options
    if (endSessions !== undefined && typeof endSessions !== "boolean") {
      throw misconfigured(
        `endSessions of ${OF} is neither true nor false`,
        "write endSessions: true or false, or leave it out",
      )
    }
    return {
      ...common,
      ...takingTurns(users, logins, far, endSessions),
      needs: needs(users, table, endSessions),
    }
  }
  if (options.user === undefined || options.users !== undefined || options.endSessions !== undefined) {
    throw misconfigured(
      `${OF} was given neither one user nor two`,
      'write users: ["app_a", "app_b"], which take turns, or user: "app"; endSessions belongs to two',
    )
  }
  const user = userName(options.user)
  return { ...common, ...alone(user, logins, far), needs: needs([user], table, false) }
}

type Parts = Omit<GeneratedPlan, "kind" | "consumers" | "grace" | "deadlines" | "needs" | "fenced">

const passwords = randomKeys(OF, {})

function takingTurns(
  users: readonly [string, string],
  logins: StoredLogins,
  far: FarSide,
  endSessions: boolean | undefined,
): Parts {
  return {
    overlap: true,
    async create({ current }) {
      const inUse = current && logins.read(current.value).user
      const user = inUse === users[0] ? users[1] : users[0]
      const login = { user, password: String(passwords.make()) }
      return { value: logins.write(login, current?.value), id: user }
    },
    async apply({ value }, context) {
      const { user, password } = logins.read(value)
      if (!users.includes(user)) throw foreignUser(context.name)
      if (context.current !== undefined && logins.read(context.current.value).user === user) {
        throw new SecretError("CONFLICT", {
          secret: context.name,
          message: "the user of the new password is the one in use, whose password must not change under it",
          hint: "abort this rotation: the next one takes the other user",
        })
      }
      await far.change(loginOf(user, await scramVerifier(password)), context)
    },
    verify: async ({ value }, context) => await far.accepts(logins.read(value), context),
    async verifyOld({ id, value }, context) {
      if (value !== undefined) return await far.accepts(logins.read(value), context)
      if (id === undefined) throw foreignUser(context.name)
      const rows = await far.ask(MAY_LOG_IN, [id], context)
      return rows.some(row => (row as { rolcanlogin?: unknown }).rolcanlogin === true) ? "works" : "refused"
    },
    async revoke({ id, value }, context) {
      const user = id ?? (value && logins.read(value).user)
      if (user === undefined || !users.includes(user)) throw foreignUser(context.name)
      await far.change(noLoginOf(user), context)
      // Afterwards, when no new session can come between.
      if (endSessions ?? context.compromised === true) await far.change(endSessionsOf(user), context)
    },
    async identify(value) {
      const { user } = readable(logins, value) ?? {}
      return user !== undefined && users.includes(user) ? user : undefined
    },
  }
}

function alone(user: string, logins: StoredLogins, far: FarSide): Parts {
  const own = (value: Parameters<StoredLogins["read"]>[0], name: string): PostgresLogin => {
    const login = logins.read(value)
    if (login.user !== user) throw foreignUser(name)
    return login
  }
  return {
    overlap: false,
    async create({ current, name }) {
      if (current !== undefined) own(current.value, name)
      const login = { user, password: String(passwords.make()) }
      return { value: logins.write(login, current?.value) }
    },
    async apply({ value }, context) {
      const { name, current } = context
      const login = own(value, name)
      const known = current === undefined ? [] : [own(current.value, name), login]
      if (known.length > 0 && !(await oneAccepted(known, far, context))) {
        throw new SecretError("CONFLICT", {
          secret: name,
          message: "PostgreSQL accepts neither the old password nor the new one: somebody changed it",
          hint: "store the password that is in force by hand; the next rotation begins with it",
        })
      }
      await far.change(passwordOf(user, await scramVerifier(login.password)), context)
    },
    verify: async ({ value }, context) => await far.accepts(own(value, context.name), context),
    // A user has one password only, and the new one was seen to be it.
    verifyOld: async ({ value }, context) =>
      value === undefined ? "refused" : await far.accepts(logins.read(value), context),
  }
}

async function oneAccepted(
  logins: readonly PostgresLogin[],
  far: FarSide,
  context: Parameters<FarSide["accepts"]>[1],
): Promise<boolean> {
  for (const login of logins) if ((await far.accepts(login, context)) === "works") return true
  return false
}

function readable(
  logins: StoredLogins,
  value: Parameters<StoredLogins["read"]>[0],
): PostgresLogin | undefined {
  try {
    return logins.read(value)
  } catch {
    // Not of this plan's making: who it belongs to cannot be known from it.
    return undefined
  }
}

function foreignUser(secret: string): SecretError {
  return new SecretError("UNSUPPORTED", {
    secret,
    message: "the login belongs to none of the users that this plan rotates, and is left alone",
    hint: "end or replace it by hand, or name its user in postgresPassword()",
  })
}

/** What PostgreSQL takes as a name; longer ones it would cut, and then mean another user ("Identifiers and Key Words"). */
const LONGEST_USER = 63

function userName(user: unknown): string {
  const fits =
    typeof user === "string" &&
    user !== "" &&
    Buffer.byteLength(user) <= LONGEST_USER &&
    !user.includes("\0") &&
    user.isWellFormed()
  if (fits) return user
  throw misconfigured(
    `a user of ${OF} is no name that PostgreSQL takes`,
    `write a text of 1 to ${LONGEST_USER} bytes: "app_a"`,
  )
}

function twoUsers(users: unknown): readonly [string, string] {
  const [one, other, ...more] = Array.isArray(users) ? users.map(userName) : []
  if (one === undefined || other === undefined || more.length > 0 || one === other) {
    throw misconfigured(
      `users of ${OF} are not two different ones`,
      'write users: ["app_a", "app_b"], or user: "app" where there is one only',
    )
  }
  return [one, other]
}

function needs(users: readonly string[], table: string, endSessions?: boolean): readonly string[] {
  return [
    `CREATEROLE, and ${users.map(user => JSON.stringify(user)).join(" and ")} granted WITH ADMIN OPTION`,
    `select, insert, update on ${table}`,
    ...(endSessions === true
      ? [SIGNALS]
      : endSessions === undefined
        ? [`${SIGNALS}, for --compromised`]
        : []),
  ]
}
