import { type Duration, openSecrets } from "latchkey"
import { Client, Pool } from "pg"
import { type Consumers, postgresPassword, type RotationPlan, Rotator } from "../../../src/rotation/index.ts"
import { mintedTally } from "./minted-tally.ts"

/** What is rotated under load, and as whom. */
export type RotatedSide =
  | { readonly kind: "tally"; readonly url: string; readonly adminKey: string }
  | {
      readonly kind: "postgres"
      readonly login: {
        readonly host: string
        readonly port: number
        readonly user: string
        readonly password: string
        readonly database: string
      }
      readonly users: readonly [string, string]
    }

/** What a process is told that rotates. */
export interface RotateOptions {
  readonly store: string
  readonly name: string
  readonly consumers: Consumers
  /** From one rotation to the next. */
  readonly interval: Duration
  /** After how many rotations it ends. */
  readonly rotations: number
  readonly side: RotatedSide
}

/** A process that rotates by its schedule, and tells of each rotation and each failure in a line. */
export async function runRotator(options: RotateOptions): Promise<void> {
  const { store, name, consumers, interval, rotations, side } = options
  const secrets = await openSecrets(store)
  const { plan, close } = planFor(side, consumers)
  const rotator = new Rotator({
    secrets,
    rotations: { [name]: { plan, schedule: { interval }, jitter: "0%" } },
  })
  const stopping = new AbortController()
  let done = 0
  rotator.on(event => {
    if (event.type === "failed") process.stdout.write(`failed ${event.step}: ${event.error.message}\n`)
    if (event.type !== "moved" || event.to !== "idle") return
    done += 1
    process.stdout.write(`rotated ${done}\n`)
    if (done === rotations) stopping.abort()
  })
  await rotator.run(stopping.signal)
  await rotator.close()
  await secrets.close()
  await close()
}

function planFor(
  side: RotatedSide,
  consumers: Consumers,
): { readonly plan: RotationPlan; close(): Promise<void> } {
  if (side.kind === "tally") {
    const { url, adminKey } = side
    return { plan: mintedTally({ url, adminKey, consumers }), close: async () => undefined }
  }
  const { login, users } = side
  const pool = new Pool(login)
  pool.on("error", () => undefined)
  const plan = postgresPassword({
    client: pool,
    async connect({ user, password }) {
      const client = new Client({ ...login, user, password, connectionTimeoutMillis: 10_000 })
      await client.connect()
      return client
    },
    users,
    consumers,
  })
  return { plan, close: async () => await pool.end() }
}
