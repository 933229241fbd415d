import { readFile, writeFile } from "node:fs/promises"
import { configuredRotation, generatedKey } from "latchkey/rotation"

await writeFile(
  "rotations.json",
  '{ "rotation": { "enabled": true, "interval": "24h" }, "expiration": "8h", "scopes": ["forms:read"] }',
)

// #region data
const plan = generatedKey({
  consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" },
})
const rotation = configuredRotation(plan, JSON.parse(await readFile("rotations.json", "utf8")))
// #endregion
console.log(rotation.schedule, rotation.scopes, rotation.plan.consumers.tokenLifetime)
// prints: { interval: '24h' } [ 'forms:read' ] 8h
