import { SecretManagerServiceClient } from "@google-cloud/secret-manager"
import { credentials } from "@grpc/grpc-js"
import { type GcpOptions, gcp } from "../../../../providers/gcp/index.ts"
import { startGcp } from "../../../servers/gcp/index.ts"
import type { Life } from "../../crash/life.ts"
import type { GcpAddress } from "./address.ts"
import type { Arena } from "./arena.ts"
import type { Opened, Opening } from "./open.ts"

const NAME = "tally/api-token"
const ID = "tally--api-token"

type Client = NonNullable<GcpOptions["client"]>

/** A replica's own connection to the server. */
export function openGcp({ host, port, project, alias }: GcpAddress, { life }: Opening): Opened {
  const client = new SecretManagerServiceClient({
    apiEndpoint: host,
    port,
    sslCreds: credentials.createInsecure(),
    projectId: project,
    // Otherwise it would be asked of the metadata server.
    universeDomain: "googleapis.com",
  })
  const through = callByCall(client as unknown as Client, life)
  const store = gcp({ project, client: through, ...(alias === undefined ? {} : { version: alias }) })
  return {
    store,
    async close() {
      await store.close()
      await client.close()
    },
  }
}

/**
 * A secret in a stand-in for Google Secret Manager that is started for it.
 *
 * @param alias what consumers read. Default: the newest version.
 */
export async function gcpArena(alias?: string): Promise<Arena> {
  const server = await startGcp()
  const { host, port, project } = server
  const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString()
  return {
    address: { kind: "gcp", host, port, project, ...(alias === undefined ? {} : { alias }) },
    name: NAME,
    async put(value) {
      const version = server.put(ID, value)
      if (alias !== undefined) server.aliases(ID, { [alias]: version })
    },
    async history() {
      // Which versions an alias has meant is told by nobody.
      if (alias !== undefined) return []
      return server
        .held(ID)
        .map(({ value }) => text(value))
        .reverse()
    },
    async remnants() {
      const ours = server.secrets().filter(id => id.startsWith(`latchkey--rotation--${ID}--`))
      const { parked = [], sent = [] } = JSON.parse(server.annotations(ID)["latchkey-rotation-notes"] ?? "{}")
      return [
        ...ours.map(id => ({ what: "a candidate", value: text(server.held(id)[0]?.value) })),
        ...parked.map(() => ({ what: "a note of a candidate", value: undefined })),
        ...sent.map(() => ({ what: "a note of a promotion", value: undefined })),
      ]
    },
    close: async () => await server.close(),
  }
}

/** A client whose every call is one request of a replica. */
function callByCall(client: Client, life: Life): Client {
  return new Proxy(client, {
    get(target, method) {
      const call: unknown = Reflect.get(target, method, target)
      if (typeof call !== "function") return call
      return (...rest: unknown[]) => life.request(async () => await Reflect.apply(call, target, rest))
    },
  })
}
