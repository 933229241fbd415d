// Loads so many secrets and settings of the environment through the typed loader.
import { Secrets } from "latchkey"
import { loadConfig, secret, setting } from "latchkey/config"
import { memory as env } from "latchkey/memory"
import { z } from "zod"

const indexes = Array.from({ length: Number(process.argv[2]) }, (_, index) => index)
const Config = z.object({
  secrets: z.object(
    Object.fromEntries(
      indexes.map(index => [
        `token${index}`,
        secret(`service/token-${index}`, z.string().startsWith("token-")),
      ]),
    ),
  ),
  settings: z.object(
    Object.fromEntries(
      indexes.map(index => [`setting${index}`, setting(`SETTING_${index}`, z.coerce.number().int().min(0))]),
    ),
  ),
})
const secrets = new Secrets(env(Object.fromEntries(indexes.map(i=>["service/token-"+i,"token-"+i]))))
const config = await loadConfig(Config, { secrets })
if (indexes.some(index => config.secrets[`token${index}`]?.reveal() !== `token-${index}`))
  process.exitCode = 1
if (indexes.some(index => config.settings[`setting${index}`] !== index)) process.exitCode = 1
await secrets.close()
