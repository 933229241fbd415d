import { writeFile } from "node:fs/promises"
import { openSecrets } from "latchkey"
import { Rotator, tallyToken } from "latchkey/rotation"

await writeFile("tally.token", "tly-new-snippet\n")

// #region tally
const secrets = await openSecrets()
const rotator = new Rotator({
  secrets,
  rotations: {
    "tally/api-token": {
      plan: tallyToken({
        input: { file: "tally.token" }, // or { stream: process.stdin }, or a function that asks
        consumers: { ttl: "5m", maxStale: "1h", callTimeout: "30s", tokenLifetime: "0s" },
      }),
    },
  },
})
const { happened, state, problem } = await rotator.rotate("tally/api-token")
// #endregion
console.log(happened, state, problem?.hint ?? "and nobody has to do anything yet")
await rotator.close()
await secrets.close()
// prints: waiting promoted and nobody has to do anything yet
