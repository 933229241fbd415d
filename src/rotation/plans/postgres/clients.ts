import type { CallOptions } from "../../../core/index.ts"

/** What a statement gives back, as far as it is looked at. */
export interface PostgresResult {
  readonly rows: readonly unknown[]
}

/**
 * The client through which passwords are changed: a `Pool` or a connected `Client` of the package `pg` is one. Every
 * statement is complete in itself, so that it does not matter which connection of a pool it takes.
 */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<PostgresResult>
}

/** A user of the database and the password. */
export interface PostgresLogin {
  readonly user: string
  readonly password: string
}

/** A connection that was opened to see whether a login works: a connected `Client` of the package `pg` is one. */
export interface PostgresConnection extends PostgresClient {
  end(): Promise<unknown>
  /** Where the connection emits errors, as an `EventEmitter` does; they would end the process if nobody listened. */
  on?(event: "error", listener: (error: Error) => void): unknown
}

/**
 * Opens a fresh connection with this login, past any pool and any proxy that keeps connections: what is asked is
 * whether PostgreSQL itself accepts the password now. Give it a time limit of its own (`connectionTimeoutMillis`).
 */
export type PostgresConnect = (login: PostgresLogin, context: CallOptions) => Promise<PostgresConnection>
