import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { type Duration, isSecretError, openSecrets, type Secrets, type SecretsOptions } from "latchkey"
import { ConfigError, loadConfig } from "latchkey/config"
import { keyring } from "latchkey/rotation"
import { DRAIN_MS, endSoon } from "../lifetime.ts"
import { log, logChanges } from "../log.ts"
import { TallyClient } from "../tally-client.ts"
import { AccessTokens } from "./access-tokens.ts"
import { createApp } from "./app.ts"
import { Audit } from "./audit.ts"
import { HttpConfig } from "./config.ts"

try {
  const secrets = await openSecrets(undefined, timesOf(process.env))
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

/** How fresh secrets are kept; whoever rotates them has to know, as the `consumers` of its plans. */
function timesOf({ SECRETS_TTL: ttl, SECRETS_MAX_STALE: maxStale }: NodeJS.ProcessEnv): SecretsOptions {
  return {
    ...(ttl ? { ttl: ttl as Duration } : {}),
    ...(maxStale ? { maxStale: maxStale as Duration } : {}),
  }
}

/** Serves until it is asked to stop. */
async function serve(secrets: Secrets): Promise<void> {
  const stop = askedToStop()
  const config = await loadConfig(HttpConfig, { secrets })
  logChanges(secrets)
  const { clockSkewSeconds, tokenLifetimeSeconds: lifetimeSeconds, clientSecret } = config.auth
  const keys = await keyring(secrets, "auth/jwt-key", { form: "set", clockSkew: `${clockSkewSeconds}s` })
  const audit = await Audit.open(config.database)
  const { apiToken: token, baseUrl, timeoutMs } = config.tally
  const app = createApp({
    tally: new TallyClient({ token, baseUrl, timeoutMs }),
    tokens: new AccessTokens(keys, { lifetimeSeconds, clockSkewSeconds }),
    clientSecret,
    audit,
  })
  try {
    const server = await listening(createServer(app), config.port)
    log(`ready on http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)
    log(`stopping: ${await stop}`)
    endSoon()
    await drained(server)
  } finally {
    await audit.close()
    await keys.close()
  }
}

async function askedToStop(): Promise<string> {
  return await new Promise(resolve => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve(name))
  })
}

/** Only this machine can connect: whoever serves others puts a proxy with TLS in front. */
async function listening(server: Server, port: number): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", resolve)
  })
  return server
}

/** Lets calls that are under way come to their end, for a while. */
async function drained(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(late)
}
