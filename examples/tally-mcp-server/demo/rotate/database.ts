import { randomBytes } from "node:crypto"
import { Client, Pool } from "pg"
import { running } from "../../../../test/servers/index.ts"
import type { Report } from "../services.ts"

/** A database of this run alone, with two users of the example that take turns, and an account that rotates them. */
export interface Database {
  readonly title: string
  readonly users: readonly [string, string]
  /** The address for a user, as the secret holds it. */
  address(user: string, password: string): string
  /** Opens a fresh connection. */
  connect(login: { readonly user: string; readonly password: string }): Promise<Client>
  /** The account that rotates: no superuser. */
  readonly rotator: Pool
  /** How many calls were written down, and by how many connections. */
  count(): Promise<{ readonly calls: number; readonly connections: number }>
  /** Takes it away, with its users. */
  remove(): Promise<void>
}

/** Makes it in a PostgreSQL that is started for it, with a first password for the first user. */
export async function makeDatabase(firstPassword: string, report: Report): Promise<Database> {
  const { host, port, version, ...owner } = await running("postgres", report)
  // Users belong to the whole server, which may be that of several runs.
  const id = `tally_demo_${randomBytes(4).toString("hex")}`
  const users = [`${id}_a`, `${id}_b`] as const
  const rotatorPassword = newPassword()
  const root = new Pool({ host, port, ...owner, max: 1 })
  const pools = [root]
  const poolOf = (user: string, password: string): Pool => {
    const pool = new Pool({ host, port, user, password, database: id, max: 4 })
    // A connection that is lost while nobody uses it is opened again by whoever needs one.
    pool.on("error", () => undefined)
    pools.push(pool)
    return pool
  }
  const remove = async () => {
    await Promise.all(pools.slice(1).map(async pool => await pool.end()))
    await root.query(`drop database if exists ${id} with (force)`)
    for (const role of [...users, `${id}_rotator`, id]) await root.query(`drop role if exists ${role}`)
    await root.end()
  }
  try {
    await root.query(`create role ${id}`)
    await root.query(`create role ${users[0]} in role ${id} login password '${firstPassword}'`)
    await root.query(`create role ${users[1]} in role ${id}`)
    for (const user of users) await root.query(`alter role ${user} set role ${id}`)
    await root.query(`create role ${id}_rotator login createrole password '${rotatorPassword}'`)
    await root.query(`grant ${users.join(", ")} to ${id}_rotator with admin option`)
    await root.query(`create database ${id}`)
    const admin = poolOf(owner.user, owner.password)
    await admin.query("create table latchkey_fence (secret text primary key, fence bigint not null)")
    await admin.query(`grant select, insert, update on latchkey_fence to ${id}_rotator`)
    await admin.query(
      "create table tool_calls (at timestamptz not null default now(), client text not null, tool text not null, ok boolean not null)",
    )
    await admin.query(`alter table tool_calls owner to ${id}`)

    return {
      title: `PostgreSQL ${version}`,
      users,
      address: (user, password) => `postgres://${user}:${password}@${host}:${port}/${id}`,
      async connect({ user, password }) {
        const client = new Client({
          host,
          port,
          user,
          password,
          database: id,
          connectionTimeoutMillis: 5_000,
        })
        await client.connect()
        return client
      },
      rotator: poolOf(`${id}_rotator`, rotatorPassword),
      async count() {
        const calls = await admin.query("select count(*) from tool_calls")
        const sessions = await admin.query("select sessions from pg_stat_database where datname = $1", [id])
        return { calls: Number(calls.rows[0]?.count), connections: Number(sessions.rows[0]?.sessions) }
      },
      remove,
    }
  } catch (thrown) {
    await remove()
    throw thrown
  }
}

/** Text that needs no quoting, neither in SQL nor in a URL. */
export function newPassword(): string {
  return randomBytes(24).toString("hex")
}
