// #region rotator
import { openSecrets } from "latchkey"
import { generatedKey, Rotator } from "latchkey/rotation"

const secrets = await openSecrets()
const rotator = new Rotator({
  secrets,
  rotations: {
    "auth/session-key": {
      plan: generatedKey({
        consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "8h" },
      }),
      schedule: { interval: "24h" },
    },
  },
})
rotator.on(event => {
  if (event.type === "moved") console.log(event.name, event.to)
  if (event.type === "blocked") console.error(event.name, "waits for a person:", event.reason)
})
const stopping = new AbortController()
process.once("SIGTERM", () => stopping.abort())
const running = rotator.run(stopping.signal) // until the signal aborts
// #endregion
await rotator.tick()
stopping.abort()
await running
console.log(rotator.health().status)
await rotator.close()
await secrets.close()
// prints: auth/session-key claimed
// prints: auth/session-key parked
// prints: auth/session-key applied
// prints: auth/session-key verified
// prints: auth/session-key promoted
// prints: ok
