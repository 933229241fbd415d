import { openSecrets } from "latchkey"
// #region rotate
import { generatedKey, Rotator } from "latchkey/rotation"

const secrets = await openSecrets()
const plan = generatedKey({
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" }, // they make the grace
})
const rotations = { "auth/session-key": { plan, schedule: { interval: "24h" } } } as const
const rotator = new Rotator({ secrets, rotations })
await rotator.tick() // does what is due; run() stays, and any number of processes may
// #endregion
console.log(rotator.health().status)
await rotator.close()
await secrets.close()
// prints: ok
