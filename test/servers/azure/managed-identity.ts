import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** Where a program finds out who it is, as Azure App Service tells it ("How to use managed identities for App Service"). */
export interface ManagedIdentity {
  /** What stands in the program's environment: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`. */
  readonly environment: Readonly<Record<"IDENTITY_ENDPOINT" | "IDENTITY_HEADER", string>>
  /** How many tokens were asked for. */
  readonly calls: number
  close(): Promise<void>
}

/** A token lasts a day, as those of the real service do. In seconds. */
const LIFETIME = 86_400

/**
 * Starts the endpoint from which a program that runs in Azure gets its tokens. It speaks plain HTTP, as there.
 *
 * @param giveToken makes a token for a vault.
 */
export async function startManagedIdentity(giveToken: () => string): Promise<ManagedIdentity> {
  const header = randomUUID()
  let calls = 0
  const server = createServer((request, response) => {
    const resource = new URL(request.url ?? "/", "http://identity").searchParams.get("resource")
    const isAllowed = request.headers["x-identity-header"] === header && resource !== null
    calls += 1
    response.writeHead(isAllowed ? 200 : 401, { "content-type": "application/json" })
    response.end(
      JSON.stringify(
        isAllowed
          ? {
              access_token: giveToken(),
              expires_on: String(Math.floor(Date.now() / 1000) + LIFETIME),
              resource,
              token_type: "Bearer",
              client_id: "managed-identity",
            }
          : { statusCode: 401, message: "the header or the resource is missing" },
      ),
    )
  })
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    environment: { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER: header },
    get calls() {
      return calls
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
