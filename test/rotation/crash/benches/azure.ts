import { rm } from "node:fs/promises"
import { Agent } from "node:https"
import { join } from "node:path"
import { ask } from "../../../servers/azure/ask.ts"
import { startAzure } from "../../../servers/azure/index.ts"
import { makeCertificate } from "../../../support/certificates.ts"
import { openConfigured } from "../process/store-config.ts"
import { layWire } from "../wire.ts"
import type { Bench, Place } from "./bench.ts"
import { journalsCallByCall } from "./call-by-call.ts"
import { newFolder } from "./folder.ts"
import { opened } from "./opened.ts"

const calm = { signal: new AbortController().signal }

/** Secrets in the stand-in for Azure Key Vault, whose journals are kept beside a `.env`. */
export async function azureBench(): Promise<Bench> {
  // A deletion is through at once, as it is for whoever comes some minutes later. What takes its time is tested there.
  const server = await startAzure({ deleteSettles: { polls: 0 } })
  const certificate = await makeCertificate()
  const agent = new Agent({ keepAlive: true, ca: server.ca })
  const folder = await newFolder()
  let places = 0

  /** The secrets of the vault, or those of them that are deleted and can be recovered. */
  async function names(of: "secrets" | "deletedsecrets"): Promise<readonly string[]> {
    const found: string[] = []
    let path: string | undefined = `/${of}?api-version=7.6`
    while (path !== undefined) {
      const { body } = await ask(server, { path, token: server.token() })
      const { value, nextLink } = body as { value: readonly { id: string }[]; nextLink?: string }
      found.push(...value.map(({ id }) => id.split("/").at(-1) ?? ""))
      path = nextLink ? new URL(nextLink).pathname + new URL(nextLink).search : undefined
    }
    return found
  }

  return {
    async place(now): Promise<Place> {
      places += 1
      const name = `tally/token-${places}`
      const native = name.replaceAll("/", "--")
      const at = (vaultUrl: string, ca: string) =>
        ({ is: "azure", vaultUrl, ca, token: server.token(), journals: join(folder, ".env") }) as const
      const consumer = openConfigured(at(server.url, server.ca))
      const isOurs = (one: string): boolean => one.startsWith("latchkey--") && one.includes(`${native}--`)
      return {
        name,
        async open(life) {
          const { url, close: cut } = await layWire({ life, upstream: server.url, agent, certificate, now })
          const config = { ...at(url, certificate.cert), knownAs: server.url }
          const configured = await opened({ config, close: cut })
          const { journals } = configured
          return { ...configured, ...(journals && { journals: journalsCallByCall(journals, life) }) }
        },
        way: async () => ({ config: at(server.url, server.ca), close: async () => undefined }),
        read: async () => String((await consumer.store.read(name, calm)).value),
        put: async value => void server.put(native, value),
        async leftovers() {
          const [there, deleted] = [await names("secrets"), await names("deletedsecrets")]
          return [
            ...there.filter(isOurs).map(one => ({ what: "a candidate", value: server.value(one) })),
            ...deleted.filter(isOurs).map(() => ({ what: "a deleted candidate", value: undefined })),
          ]
        },
        async remove() {
          await consumer.close()
          server.remove(native)
        },
      }
    },
    async close() {
      agent.destroy()
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}
