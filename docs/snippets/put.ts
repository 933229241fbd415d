// #region put
import { isSecretError, Secrets } from "latchkey"
import { dotenv } from "latchkey/dotenv"

const secrets = new Secrets(dotenv(".env")) // put() compiles only where the store can write
const token = await secrets.get("tally/api-token")

try {
  await secrets.put("tally/api-token", "tly-new", { expect: token.status.version })
  // All handles show the new value from here on, and callbacks are told.
} catch (error) {
  if (!isSecretError(error) || error.code !== "CONFLICT") throw error
  // Somebody else has changed it: read it again, and decide again.
}
// #endregion
console.log(token.reveal())
await secrets.close()
// prints: tly-new
