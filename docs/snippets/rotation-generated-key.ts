import { openSecrets } from "latchkey"
import { generatedKey, Rotator } from "latchkey/rotation"

// #region generated-key
const secrets = await openSecrets()
const rotator = new Rotator({
  secrets,
  rotations: {
    "auth/session-key": {
      plan: generatedKey({
        bytes: 32,
        consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" },
      }),
      schedule: { interval: "24h" },
    },
  },
})
// #endregion
const { happened, next } = await rotator.rotate("auth/session-key")
const grace = Math.round(((next?.getTime() ?? 0) - Date.now()) / 60_000)
console.log(happened, "for the end of a grace of", grace, "minutes")
await rotator.close()
await secrets.close()
// prints: waiting for the end of a grace of 546 minutes
