import { Agent } from "node:http"
import { vault } from "../../../../providers/vault/index.ts"
import { rootOf, type VaultRoot } from "../../../faults/backends/vault-root.ts"
import type { VaultServer } from "../../../servers/index.ts"
import { eventually } from "../../../support/eventually.ts"
import { layWire } from "../../crash/wire.ts"
import type { VaultAddress } from "./address.ts"
import type { Arena, Remnant } from "./arena.ts"
import type { Opened, Opening } from "./open.ts"

const NAME = "tally/api-token"
const calm = { signal: new AbortController().signal }

/** A version as the server answers it. */
interface Held {
  readonly data: { readonly data: Readonly<Record<string, string>> }
}

/** A replica's own way to the server. */
export async function openVault(
  { url, mount, token }: VaultAddress,
  { life, now }: Opening,
): Promise<Opened> {
  const agent = new Agent({ keepAlive: true })
  const wire = await layWire({ life, upstream: url, agent, now })
  const store = vault({ kv: 2, address: wire.url, mount, auth: { method: "token", token } })
  return {
    store,
    async close() {
      await wire.close()
      await store.close()
      agent.destroy()
    },
  }
}

/** A secret in an engine that is mounted for it. */
export async function vaultArena(server: VaultServer): Promise<Arena> {
  const root = rootOf(server)
  const mount = `race-${crypto.randomUUID().slice(0, 8)}`
  await root.ask("POST", `sys/mounts/${mount}`, { type: "kv", options: { version: "2" } })
  // A new engine of version 2 takes a moment until it answers.
  await eventually(async () => await root.ask("POST", `${mount}/data/ready`, { data: {} }), { every: 50 })
  const address: VaultAddress = { kind: "vault", url: server.url, mount, token: server.rootToken }
  const store = vault({ kv: 2, address: server.url, mount, auth: { method: "token", token: address.token } })
  const heldBy = async (path: string): Promise<string | undefined> => {
    const found = (await root.ask("GET", `${mount}/data/${path}`).catch(() => undefined)) as Held | undefined
    return found?.data.data.value
  }
  return {
    address,
    name: NAME,
    put: async value => void (await store.write(NAME, value, calm)),
    async history() {
      const { data } = (await root.ask("GET", `${mount}/metadata/${NAME}`)) as {
        readonly data: { readonly versions: Readonly<Record<string, unknown>> }
      }
      const values: string[] = []
      for (const version of Object.keys(data.versions))
        values.push((await heldBy(`${NAME}?version=${version}`)) ?? "a version that is gone")
      return values
    },
    async remnants() {
      const below = `latchkey/rotation/${NAME}`
      const keys = (await keysBelow(root, `${mount}/metadata/${below}`)).filter(key => key !== "journal")
      const remnants: Remnant[] = []
      for (const key of keys) remnants.push({ what: "a candidate", value: await heldBy(`${below}/${key}`) })
      return remnants
    },
    async close() {
      await store.close()
      await root.ask("DELETE", `sys/mounts/${mount}`)
    },
  }
}

async function keysBelow(root: VaultRoot, path: string): Promise<readonly string[]> {
  // Nothing at all is answered with 404, which here is the same as an empty list.
  const answer = await root.ask("GET", `${path}?list=true`).catch(() => undefined)
  return (answer as { data?: { keys?: readonly string[] } } | undefined)?.data?.keys ?? []
}
