/** Runs in an empty project that has installed the package and zod: the typed loader. */
import assert from "node:assert/strict"
import { type Secret, Secrets } from "latchkey"
import { ConfigError, loadConfig, secret, setting } from "latchkey/config"
import { memory } from "latchkey/memory"
import { z } from "zod"

const Config = z.object({
  apiToken: secret("tally/api-token", z.string().startsWith("tly-")),
  port: setting("PORT", z.coerce.number().int().default(3000)),
})

const secrets = new Secrets(memory({ "tally/api-token": "tly-installed" }))
const config = await loadConfig(Config, { secrets, settings: {} })
const token: Secret<string> = config.apiToken
const port: number = config.port
assert.equal(token.reveal(), "tly-installed")
assert.equal(port, 3000)
await assert.rejects(
  loadConfig(Config, { secrets, settings: { PORT: "many" } }),
  error => error instanceof ConfigError && !error.message.includes("many"),
)
await secrets.close()
