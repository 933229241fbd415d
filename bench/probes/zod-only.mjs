// Imports zod and parses so many secrets and settings of the environment.
import { z } from "zod"

const indexes = Array.from({ length: Number(process.argv[2]) }, (_, index) => index)
const Config = z.object({
  secrets: z.object(
    Object.fromEntries(indexes.map(index => [`token${index}`, z.string().startsWith("token-")])),
  ),
  settings: z.object(
    Object.fromEntries(indexes.map(index => [`setting${index}`, z.coerce.number().int().min(0)])),
  ),
})
const config = Config.parse({
  secrets: Object.fromEntries(
    indexes.map(index => [`token${index}`, process.env[`SERVICE__TOKEN_${index}`]]),
  ),
  settings: Object.fromEntries(indexes.map(index => [`setting${index}`, process.env[`SETTING_${index}`]])),
})
if (indexes.some(index => config.secrets[`token${index}`] !== `token-${index}`)) process.exitCode = 1
if (indexes.some(index => config.settings[`setting${index}`] !== index)) process.exitCode = 1
