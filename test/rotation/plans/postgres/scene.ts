import { Client, Pool } from "pg"
import { onTestFinished } from "vitest"
import type { PostgresClient, PostgresConnect } from "../../../../src/rotation/plans/postgres/index.ts"
import { identifier } from "../../../../src/rotation/plans/postgres/statements.ts"
import { running } from "../../../servers/index.ts"

/** A database of one test, two users that may log in to it, and an account that is no superuser and rotates them. */
export interface Scene {
  /** Unique in the server, and odd enough that whatever is not quoted properly breaks. */
  readonly users: readonly [string, string]
  /** The account that rotates. */
  readonly client: Pool
  /** The account that rotates, with settings of the session: `"-c lock_timeout=1s"`. */
  rotatorWith(settings: string): Pool
  /** A superuser in the same database, for what people do by hand. */
  readonly admin: Pool
  readonly connect: PostgresConnect
  /** Opens a connection as a consumer does; it is closed when the test ends. */
  open(user: string, password: string): Promise<Client>
  /** Another account of the same database, which may do what is granted to it. */
  as(user: string, password: string): Pool
}

const FENCE = "create table latchkey_fence (secret text primary key, fence bigint not null)"

let count = 0

/** Makes a scene, which is gone when the test ends. */
export async function postgresScene(): Promise<Scene> {
  const { host, port, user, password, database } = await running("postgres")
  const root = new Pool({ host, port, user, password, database })
  const id = `latchkey_plans_${process.pid}_${++count}`
  const users = [`${id} a"b; drop`, `${id}\\'$$$latchkey$`] as const
  const rotator = `${id}_rotator`
  const closing: (() => Promise<unknown>)[] = []
  onTestFinished(async () => {
    for (const close of closing.reverse()) await close()
    await root.query(`drop database if exists ${id} with (force)`)
    for (const each of [...users, rotator]) await root.query(`drop role if exists ${identifier(each)}`)
    await root.end()
  })

  await root.query(`create database ${id}`)
  await root.query(`create role ${rotator} createrole login password 'rotator'`)
  for (const each of users) {
    await root.query(`create role ${identifier(each)}`)
    await root.query(`grant ${identifier(each)} to ${rotator} with admin option`)
  }
  await root.query(`grant pg_signal_backend to ${rotator}`)

  const pool = (user: string, password: string, options = ""): Pool => {
    const made = new Pool({ host, port, user, password, database: id, max: 20, options })
    // A session that a test ends is an event of its pool.
    made.on("error", () => undefined)
    closing.push(async () => await made.end())
    return made
  }
  const admin = pool(user, password)
  await admin.query(FENCE)
  await admin.query(`grant select, insert, update on latchkey_fence to ${rotator}`)

  const open = async (user: string, password: string): Promise<Client> => {
    const made = new Client({ host, port, user, password, database: id })
    made.on("error", () => undefined)
    await made.connect()
    closing.push(async () => await made.end())
    return made
  }
  return {
    users,
    client: pool(rotator, "rotator"),
    rotatorWith: settings => pool(rotator, "rotator", settings),
    admin,
    connect: async ({ user, password }) => {
      const made = new Client({ host, port, user, password, database: id, connectionTimeoutMillis: 10_000 })
      await made.connect()
      return made
    },
    open,
    as: (user, password) => pool(user, password),
  }
}

/** A client that remembers the statements, and holds one back when it is told to: a replica that was stopped. */
export class StoppableClient implements PostgresClient {
  readonly statements: string[] = []
  readonly #client: PostgresClient
  #stopped: Promise<void> | undefined
  #reached: () => void = () => undefined

  constructor(client: PostgresClient) {
    this.#client = client
  }

  /** The next statement waits for `goOn`. Resolves when it has come as far. */
  stopBeforeNext(): { readonly reached: Promise<void>; goOn(): void } {
    let goOn = (): void => undefined
    this.#stopped = new Promise(resolve => {
      goOn = resolve
    })
    const reached = new Promise<void>(resolve => {
      this.#reached = resolve
    })
    return { reached, goOn: () => goOn() }
  }

  async query(text: string, values?: unknown[]) {
    this.statements.push(text, ...(values ?? []).map(String))
    const stopped = this.#stopped
    this.#stopped = undefined
    this.#reached()
    await stopped
    return await this.#client.query(text, values)
  }
}
