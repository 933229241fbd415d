import { SecretManagerServiceClient } from "@google-cloud/secret-manager"
import { credentials } from "@grpc/grpc-js"
import { type GcpOptions, gcp } from "../../../../providers/gcp/index.ts"
import { startGcp } from "../../../servers/gcp/index.ts"
import type { Life } from "../life.ts"
import type { Bench, Place } from "./bench.ts"

const calm = { signal: new AbortController().signal }

type Client = NonNullable<GcpOptions["client"]>

/**
 * Secrets in the stand-in for Google Secret Manager.
 *
 * @param alias what consumers read. Default: the newest version.
 */
export async function gcpBench(alias?: string): Promise<Bench> {
  const server = await startGcp()
  const sdk = new SecretManagerServiceClient({
    apiEndpoint: server.host,
    port: server.port,
    sslCreds: credentials.createInsecure(),
    projectId: server.project,
    // Otherwise it would be asked of the metadata server.
    universeDomain: "googleapis.com",
  })
  const parent = `projects/${server.project}`
  const heldBy = (secret: string): string | undefined => {
    const value = server.held(secret).at(-1)?.value
    return value && Buffer.from(value).toString()
  }
  let places = 0

  return {
    async place(): Promise<Place> {
      places += 1
      const name = `tally/token-${places}`
      const id = name.replaceAll("/", "--")
      const opened = (client: Client) =>
        gcp({ project: server.project, client, ...(alias === undefined ? {} : { version: alias }) })
      const consumer = opened(sdk as unknown as Client)
      return {
        name,
        async open(life) {
          const store = opened(through(life, sdk as unknown as Client))
          return { store, close: async () => await store.close() }
        },
        way: async () => ({
          config: {
            is: "gcp",
            endpoint: server.address,
            project: server.project,
            ...(alias === undefined ? {} : { alias }),
          },
          close: async () => undefined,
        }),
        read: async () => String((await consumer.read(name, calm)).value),
        async put(value) {
          const version = server.put(id, value)
          if (alias !== undefined) server.aliases(id, { [alias]: version })
        },
        async leftovers() {
          const [secrets] = await sdk.listSecrets({ parent }, { autoPaginate: true })
          const ours = secrets.filter(secret => secret.name?.includes(`/latchkey--rotation--${id}--`))
          const { parked = [], sent = [] } = JSON.parse(
            server.annotations(id)["latchkey-rotation-notes"] ?? "{}",
          )
          return [
            ...ours.map(secret => ({ what: "a candidate", value: heldBy(secret.name ?? "") })),
            ...parked.map(() => ({ what: "a note of a candidate", value: undefined })),
            ...sent.map(() => ({ what: "a note of a promotion", value: undefined })),
          ]
        },
        async remove() {
          await consumer.close()
          server.remove(id)
        },
      }
    },
    async close() {
      await sdk.close()
      await server.close()
    },
  }
}

/** A client whose every call is one request of a program. */
function through(life: Life, client: Client): Client {
  return new Proxy(client, {
    get(target, method) {
      const call: unknown = Reflect.get(target, method, target)
      if (typeof call !== "function") return call
      return (...rest: unknown[]) => life.request(async () => await Reflect.apply(call, target, rest))
    },
  })
}
