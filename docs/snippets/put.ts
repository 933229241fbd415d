// #region put
import { isSecretError, openSecrets } from "latchkey"

const secrets = await openSecrets()
const token = await secrets.get("tally/api-token")

if (secrets.supports("write")) {
  // A URL may name a store that cannot write, so put() compiles only where that was asked.
  try {
    await secrets.put("tally/api-token", "tly-new", { expect: token.status.version })
    // All handles show the new value from here on, and callbacks are told.
  } catch (error) {
    if (!isSecretError(error) || error.code !== "CONFLICT") throw error
    // Somebody else has changed it: read it again, and decide again.
  }
}
// #endregion
console.log(token.reveal())
await secrets.close()
// prints: tly-new
