// Loads so many secrets and settings of the environment through the typed loader.
import { Secrets } from "latchkey"
import { loadConfig, secret, setting } from "latchkey/config"
import { env } from "latchkey/env"
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
const secrets = new Secrets(env())
await secrets.getManySettled(Object.fromEntries(indexes.map(i=>["k"+i,"service/token-"+i])));process.exit(0);let config
if (indexes.some(index => config.secrets[`token${index}`]?.reveal() !== `token-${index}`))
  process.exitCode = 1
if (indexes.some(index => config.settings[`setting${index}`] !== index)) process.exitCode = 1
await secrets.close()
