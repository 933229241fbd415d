// #region start
import { openSecrets } from "latchkey"

const secrets = await openSecrets() // LATCHKEY_STORE, or the environment over .env
const token = await secrets.get("tally/api-token") // TALLY__API_TOKEN; a live Secret<string>

const forms = await token.use(value =>
  fetch("https://api.tally.so/forms", { headers: { authorization: `Bearer ${value}` } }),
) // on a 401: reads the token again, and tries once more if it has changed

token.onRotate(({ version }) => console.error("the token is now", version)) // in a program that goes on running
console.log(`${token}`, forms.status) // Secret‹tally/api-token› 200
// #endregion
await secrets.close()
// prints: Secret‹tally/api-token› 200
