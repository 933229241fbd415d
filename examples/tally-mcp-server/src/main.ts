import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js"
import { isSecretError, openSecrets, type Secrets } from "latchkey"
import { ConfigError, loadConfig } from "latchkey/config"
import { Config } from "./config.ts"
import { askedToStop, DRAIN_MS, endSoon } from "./lifetime.ts"
import { log } from "./log.ts"
import { createServer } from "./server.ts"
import { TallyClient } from "./tally-client.ts"
import { ToolCalls } from "./tool-calls.ts"

/** Serves until it is asked to stop. */
async function serve(secrets: Secrets): Promise<void> {
  const config = await loadConfig(Config, { secrets })
  const calls = new ToolCalls()
  const server = createServer(
    new TallyClient({
      token: config.tally.apiToken,
      baseUrl: config.tally.baseUrl,
      timeoutMs: config.tally.timeoutMs,
    }),
    calls,
  )
  secrets.on("accepted", ({ name }) => log(`${name} has a new value, which is used from now on`))

  const stop = askedToStop()
  await server.connect(new StdioServerTransport())
  log(`ready, asking ${config.tally.baseUrl}`)
  log(`stopping: ${await stop}`)
  endSoon()
  await calls.settled(DRAIN_MS)
  await server.close()
}

try {
  const secrets = await openSecrets()
  try {
    await serve(secrets)
  } finally {
    await secrets.close()
  }
} catch (error) {
  // The messages of these two never hold a value; of others that is not known, so their kind has to do.
  const known = error instanceof ConfigError || isSecretError(error)
  log(known ? error.message : `failed with ${error instanceof Error ? error.name : typeof error}`)
  process.exitCode = 1
}
