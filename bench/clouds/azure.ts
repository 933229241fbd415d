import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startAzure, startManagedIdentity } from "../../test/servers/azure/index.ts"
import { type Cloud, heldBy, LATENCY, NAMES } from "./cloud.ts"

/** The stand-in for Key Vault, which is slow itself, with a login by managed identity. */
export async function azure(): Promise<Cloud> {
  const server = await startAzure({ latency: LATENCY })
  const identity = await startManagedIdentity(() => server.token("reader"))
  const folder = await mkdtemp(join(tmpdir(), "latchkey-bench-"))
  const ca = join(folder, "ca.pem")
  await writeFile(ca, server.ca)
  for (const name of NAMES) server.put(name.replaceAll("/", "--"), heldBy(name))
  // The request that is answered with the challenge belongs to the login.
  const isRead = ({ authorised }: { readonly authorised: boolean }) => authorised
  return {
    environment: {
      ...identity.environment,
      LATCHKEY_STORE: `azure://127.0.0.1:${server.port}?ca=${encodeURIComponent(ca)}&disable-challenge-resource-verification=true`,
      BENCH_URL: server.url,
      BENCH_CA: ca,
    },
    seen: () => ({
      calls: server.log.count(isRead),
      waves: server.log.waves(isRead),
      mostInFlight: server.log.mostInFlight(isRead),
    }),
    forget: () => server.log.clear(),
    async close() {
      await identity.close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
