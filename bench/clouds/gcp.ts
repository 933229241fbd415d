import { startGcp } from "../../test/servers/gcp/index.ts"
import { type Cloud, heldBy, LATENCY, NAMES } from "./cloud.ts"

/** The stand-in for Secret Manager, which is slow itself and asks nobody who he is. */
export async function gcp(): Promise<Cloud> {
  const server = await startGcp({ latencyMs: LATENCY })
  for (const name of NAMES) server.put(name.replaceAll("/", "--"), heldBy(name))
  return {
    environment: {
      LATCHKEY_STORE: `gcp://${server.project}?endpoint=${server.address}&insecure=true`,
      BENCH_HOST: server.host,
      BENCH_PORT: String(server.port),
      BENCH_PROJECT: server.project,
      METADATA_SERVER_DETECTION: "none",
    },
    seen: () => ({
      calls: server.log.requests.length,
      waves: server.log.waves,
      mostInFlight: server.log.mostInFlight,
    }),
    forget: () => server.log.clear(),
    close: async () => await server.close(),
  }
}
