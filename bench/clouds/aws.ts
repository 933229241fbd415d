import { openStore, type SecretStore } from "latchkey"
import { startHttpProxy } from "../../test/faults/http-proxy.ts"
import { running } from "../../test/servers/index.ts"
import { type Cloud, heldBy, LATENCY, NAMES } from "./cloud.ts"

/** LocalStack, behind a proxy that is slow. */
export async function aws(): Promise<Cloud> {
  const server = await running("localstack")
  const keys = { AWS_ACCESS_KEY_ID: server.accessKeyId, AWS_SECRET_ACCESS_KEY: server.secretAccessKey }
  const url = `aws://${server.region}/bench-${process.pid}`
  await filled(await openStore(url, { env: { ...keys, AWS_ENDPOINT_URL: server.url } }))
  const proxy = await startHttpProxy({ upstream: server.url, latencyMs: LATENCY })
  return {
    environment: {
      ...keys,
      AWS_REGION: server.region,
      AWS_ENDPOINT_URL: proxy.url,
      LATCHKEY_STORE: url,
      BENCH_PREFIX: `bench-${process.pid}/`,
    },
    seen: () => ({
      calls: proxy.log.requests.length,
      waves: proxy.log.waves,
      mostInFlight: proxy.log.mostInFlight,
    }),
    forget: () => proxy.log.clear(),
    close: async () => await proxy.close(),
  }
}

/** Writes all secrets into a store, and closes it. */
export async function filled(store: SecretStore): Promise<void> {
  const { signal } = new AbortController()
  try {
    for (const name of NAMES) await store.write?.(name, heldBy(name), { signal })
  } finally {
    await store.close()
  }
}
