import { openSecrets } from "latchkey"

// #region health
const secrets = await openSecrets(undefined, { ttl: "1m", maxStale: "30m" })
const token = await secrets.get("tally/api-token", { ttl: "20s" }) // for this name; the shorter one holds

secrets.on("stale", ({ secret, age }) => console.error(secret, "could not be refreshed for", age, "ms"))
secrets.on("withdrawn", ({ secret, code }) => console.error(secret, "is gone:", code))

const { status, ready } = secrets.health() // "ok" | "degraded" | "failed"; degraded is ready
const { version, age, stale } = token.status
// #endregion
console.log(status, ready, stale, version.length > 0, age < 5_000)
await secrets.close()
// prints: ok true false true true
