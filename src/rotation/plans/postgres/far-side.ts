import { untilAborted } from "../../../core/index.ts"
import type { StepContext, Verdict } from "../../plan.ts"
import type { PostgresClient, PostgresConnect, PostgresConnection, PostgresLogin } from "./clients.ts"
import { loginFailure, postgresFailure, refusesLogin } from "./failures.ts"
import { fenced } from "./statements.ts"

/** PostgreSQL, as the plan asks it. Everything is thrown as `SecretError`, and ends when the step's signal aborts. */
export interface FarSide {
  /** Makes a change, unless a step that is newer than this one has come before: then `CONFLICT`. */
  change(statement: string, context: StepContext): Promise<void>
  /** Asks for rows. */
  ask(statement: string, values: readonly unknown[], context: StepContext): Promise<readonly unknown[]>
  /** Whether a login works, on a connection of its own. */
  accepts(login: PostgresLogin, context: StepContext): Promise<Verdict>
}

/** What a {@link FarSide} is made of. */
export interface FarSideOptions {
  readonly client: PostgresClient
  readonly connect: PostgresConnect
  readonly fenceTable: string
  /** What the row of the fence is called. Default: the name of the secret. */
  readonly fencedAs: string | undefined
}

/** PostgreSQL through these clients. */
export function farSide({ client, connect, fenceTable, fencedAs }: FarSideOptions): FarSide {
  const query = async (
    text: string,
    values: readonly unknown[] | undefined,
    { name, signal }: StepContext,
  ): Promise<readonly unknown[]> =>
    await untilAborted(signal, async () => {
      try {
        // Without values it goes by the simple protocol, the only one in which some proxies pass a block on.
        return (await client.query(text, ...(values === undefined ? [] : [[...values]]))).rows
      } catch (thrown) {
        throw postgresFailure(thrown, name, fenceTable, fencedAs ?? name)
      }
    })

  return {
    async change(statement, context) {
      const row = { table: fenceTable, secret: fencedAs ?? context.name }
      await query(fenced(row, context.fence, statement), undefined, context)
    },
    ask: async (statement, values, context) => await query(statement, values, context),
    accepts: async (login, { name, signal }) =>
      await untilAborted(signal, async own => {
        try {
          await tryLogin(connect, login, own)
          return "works"
        } catch (thrown) {
          if (refusesLogin(thrown)) return "refused"
          throw loginFailure(thrown, name, fenceTable)
        }
      }),
  }
}

async function tryLogin(connect: PostgresConnect, login: PostgresLogin, signal: AbortSignal): Promise<void> {
  const connection = await connect(login, { signal })
  // What breaks while nothing is asked would be an event that ends the process.
  connection.on?.("error", () => undefined)
  const leave = (): void => void end(connection)
  signal.addEventListener("abort", leave, { once: true })
  try {
    // Opened after everybody had left: it is closed, and asks nothing.
    if (!signal.aborted) await connection.query("select 1")
  } finally {
    signal.removeEventListener("abort", leave)
    await end(connection)
  }
}

/** A connection that cannot be closed properly is broken, and says nothing of the login that it was opened with. */
async function end(connection: PostgresConnection): Promise<void> {
  try {
    await connection.end()
  } catch {
    // Nothing is left to close.
  }
}
