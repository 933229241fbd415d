import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { type Duration, isSecretError, openSecrets, type Secrets } from "latchkey"
import { ConfigError, loadConfig } from "latchkey/config"
import { Config } from "./config.ts"
import { askedToStop, DRAIN_MS, endSoon } from "./lifetime.ts"
import { log, logChanges } from "./log.ts"
import { createServer } from "./server.ts"
import { TallyClient } from "./tally-client.ts"
import { ToolCalls } from "./tool-calls.ts"

// A file is watched; a service is asked this often. Default: every five minutes.
const ttl = process.env.SECRETS_TTL as Duration | undefined

try {
  const secrets = await openSecrets(undefined, ttl ? { ttl } : {})
  try {
    await serve(secrets)
  } finally {
    await secrets.close()
  }
} catch (error) {
  // The messages of these two never hold a value; of others that is not known, so their kind has to do.
  const safe = error instanceof ConfigError || isSecretError(error)
  log(safe ? error.message.trimEnd() : `failed with ${error instanceof Error ? error.name : typeof error}`)
  process.exitCode = 1
}

/** Serves until it is asked to stop. */
async function serve(secrets: Secrets): Promise<void> {
  const { tally } = await loadConfig(Config, { secrets })
  logChanges(secrets)
  const client = new TallyClient({
    token: tally.apiToken,
    baseUrl: tally.baseUrl,
    timeoutMs: tally.timeoutMs,
  })
  const calls = new ToolCalls()
  const server = createServer(client, calls)

  const stop = askedToStop(server)
  await server.connect(new StdioServerTransport())
  log(`ready, asking ${tally.baseUrl}`)
  log(`stopping: ${await stop}`)

  endSoon()
  await calls.settled(DRAIN_MS)
  await server.close()
}
