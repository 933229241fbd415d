import { openSecrets } from "latchkey"
import { postgresPassword, Rotator } from "latchkey/rotation"
import { Client, Pool } from "pg"

// #region postgres
const pool = new Pool() // by PGHOST, PGDATABASE and so on, as an account that may do what is listed below
const plan = postgresPassword({
  client: pool,
  connect: async ({ user, password }) => {
    const client = new Client({ user, password, connectionTimeoutMillis: 5_000 })
    await client.connect()
    return client
  },
  users: ["app_a", "app_b"],
  format: "postgres://{username}:{password}@db.internal:5432/app",
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" },
})
const secrets = await openSecrets()
const rotator = new Rotator({
  secrets,
  rotations: { "db/url": { plan, schedule: { cron: "0 3 * * *", timezone: "Europe/Paris" } } },
})
// #endregion
const { happened, state, problem } = await rotator.rotate("db/url")
console.log(happened, state, problem?.message ?? "")
await rotator.close()
await secrets.close()
await pool.end()
