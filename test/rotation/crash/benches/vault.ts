import { Agent } from "node:http"
import { rootOf, type VaultRoot } from "../../../faults/backends/vault-root.ts"
import type { VaultServer } from "../../../servers/index.ts"
import { eventually } from "../../../support/eventually.ts"
import type { Life } from "../life.ts"
import { openConfigured } from "../process/store-config.ts"
import { layWire } from "../wire.ts"
import type { Bench, Place, Way } from "./bench.ts"
import { opened } from "./opened.ts"

const calm = { signal: new AbortController().signal }

/** A secret as the server answers it. */
interface Held {
  readonly data: { readonly data: { readonly value: string } }
}

/** Mounts an engine for secrets that are rotated, which goes with the bench. */
export async function vaultBench(server: VaultServer): Promise<Bench> {
  const root = rootOf(server)
  const mount = `crash-${crypto.randomUUID().slice(0, 8)}`
  await root.ask("POST", `sys/mounts/${mount}`, { type: "kv", options: { version: "2" } })
  // A new engine of version 2 takes a moment until it answers.
  await eventually(async () => await root.ask("POST", `${mount}/data/ready`, { data: {} }), { every: 50 })
  const agent = new Agent({ keepAlive: true })
  let places = 0

  return {
    async place(now): Promise<Place> {
      places += 1
      const name = `tally/token-${places}`
      const at = (address: string) => ({ is: "vault", address, mount, token: server.rootToken }) as const
      const consumer = openConfigured(at(server.url)).store
      const way = async (life: Life): Promise<Way> => {
        const { url, close } = await layWire({ life, upstream: server.url, agent, now })
        return { config: at(url), close }
      }
      const kept = `${mount}/metadata/latchkey/rotation/${name}`
      return {
        name,
        way,
        open: async life => await opened(await way(life)),
        read: async () => String((await consumer.read(name, calm)).value),
        put: async value => void (await root.ask("POST", `${mount}/data/${name}`, { data: { value } })),
        async leftovers() {
          const keys = (await keysBelow(root, kept)).filter(key => key !== "journal")
          return await Promise.all(
            keys.map(async key => {
              const path = `${mount}/data/latchkey/rotation/${name}/${key}`
              const found = (await root.ask("GET", path).catch(() => undefined)) as Held | undefined
              return { what: "a candidate", value: found?.data.data.value }
            }),
          )
        },
        async remove() {
          await consumer.close()
          for (const key of await keysBelow(root, kept)) await root.ask("DELETE", `${kept}/${key}`)
          await root.ask("DELETE", `${mount}/metadata/${name}`)
        },
      }
    },
    async close() {
      agent.destroy()
      await root.ask("DELETE", `sys/mounts/${mount}`)
    },
  }
}

async function keysBelow(root: VaultRoot, path: string): Promise<readonly string[]> {
  // Nothing at all is answered with 404, which here is the same as an empty list.
  const answer = await root.ask("GET", `${path}?list=true`).catch(() => undefined)
  return (answer as { data?: { keys?: readonly string[] } } | undefined)?.data?.keys ?? []
}
