// #region config
import { openSecrets } from "latchkey"
import { loadConfig, secret, setting } from "latchkey/config"
import { z } from "zod"

const Config = z.object({
  tally: z.object({
    apiToken: secret("tally/api-token", z.string().startsWith("tly-")),
    baseUrl: setting("TALLY_BASE_URL", z.url().default("https://api.tally.so")),
  }),
  port: setting("PORT", z.coerce.number().int().min(0).default(3000)),
})

const secrets = await openSecrets()
const config = await loadConfig(Config, { secrets }) // all names in one round; stops with everything that is wrong
const { tally, port } = config // typed: { apiToken: Secret<string>, baseUrl: string }, number
tally.apiToken.reveal() // always the newest value that the schema accepts
// #endregion
console.log(`${tally.apiToken} ${tally.baseUrl} ${port}`)
await secrets.close()
// prints: Secret‹tally/api-token› https://api.tally.so 3000
