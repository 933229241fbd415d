import { openSecrets } from "latchkey"

// #region on-read
const secrets = await openSecrets(undefined, { refresh: "on-read" }) // no timers
const token = await secrets.get("tally/api-token")

export async function handler(): Promise<string> {
  await secrets.fresh("5m") // reads again, in one round, what is older
  return `ready with ${token}`
}
// #endregion
console.log(await handler())
await secrets.close()
// prints: ready with Secret‹tally/api-token›
