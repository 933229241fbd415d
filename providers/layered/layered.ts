import {
  defineStore,
  type NativeOperations,
  refuseUnknownOptions,
  SecretError,
  type SecretStore,
} from "../../src/core/index.ts"
import { capabilitiesOf } from "./capabilities.ts"
import { find, findSeveral, inLayer, nowhere } from "./find.ts"
import { Homes, type Layer } from "./homes.ts"
import { listLayers } from "./list.ts"
import { layeredNames } from "./names.ts"
import { layeredLedger } from "./rotation.ts"
import type { LayeredOptions, LayeredStore } from "./types.ts"
import { joinVersion, splitVersion } from "./version.ts"
import { watchLayers } from "./watch.ts"
import { deleteSecret, homeOf, writeSecret } from "./write.ts"

/**
 * Several stores as one: `layered([env(), dotenv(".env")])`. They are asked in their order.
 *
 * - **Only `NOT_FOUND` falls through** to the next layer, and a name that a layer cannot hold, because it cannot be
 *   there. A layer that cannot answer hides those below it, which might give a value that should be hidden.
 * - **A secret stays with the layer in which it was found**, for the life of this store: when it is deleted there it is
 *   gone, and does not come back from a layer below.
 * - **Versions** say which layer they are of, and mean nothing once the layers change their order.
 * - **Writing** goes where the secret lives, and with a new one to the first layer that can write. Where it lives in a
 *   layer that cannot write, it is `UNSUPPORTED`, because what a layer below were given, nobody would read.
 * - **Rotating** is what the layer does in which the secret lives; where that cannot rotate, it is `UNSUPPORTED`.
 * - **Names:** where layers spell a name differently, a portable spelling wins, that of the upper layer first.
 *
 * Closing it closes all layers.
 *
 * @throws SecretError `MISCONFIGURED` for an empty list, an option that does not exist, or a renaming that is ambiguous
 */
export function layered<const Layers extends readonly SecretStore[]>(
  layers: Layers,
  options: LayeredOptions = {},
): LayeredStore<Layers> {
  if (!Array.isArray(layers)) {
    throw new SecretError("MISCONFIGURED", {
      message: "layered() takes one array of stores",
      hint: 'put the stores in brackets: layered([env(), dotenv(".env")])',
    })
  }
  refuseUnknownOptions("layered()", options, ["prefix", "rename"])
  if (layers.length === 0) {
    throw new SecretError("MISCONFIGURED", {
      message: "there are no layers",
      hint: 'name at least one store: layered([env(), dotenv(".env")])',
    })
  }
  const homes = new Homes(layers)
  const names = layeredNames(layers)

  const operations: NativeOperations = {
    readMany: async (asked, { signal }) => await findSeveral(homes, asked, signal),
    write: async (name, value, call) => await writeSecret(homes, name, value, call),
    list: call => listLayers(homes, names.fold, call),
    async *versions(name, call) {
      const layer = await homeOf(homes, name, call.signal)
      if (layer === undefined) throw nowhere(homes, name, [])
      if (layer.store.versions === undefined) throw keepsNone(layer)
      for await (const info of layer.store.versions(name, call))
        yield { ...info, version: joinVersion({ layer: layer.place, version: info.version }) }
    },
    delete: async (name, { signal }) => await deleteSecret(homes, name, signal),
    watch: async (hint, call) => await watchLayers(layers, hint, call),
    rotation: () => layeredLedger(homes),
  }

  return defineStore({
    ...operationsOf(layers, operations),
    kind: "layered",
    location: `layered:?${layers.map(({ location }) => `store=${escaped(location)}`).join("&")}`,
    names,
    naming: { prefix: options.prefix, rename: options.rename },
    capabilities: capabilitiesOf(layers),
    async read(name, { version, signal }) {
      if (version !== undefined) {
        const wanted = splitVersion(version)
        const layer = wanted === undefined ? undefined : homes.layers[wanted.layer]
        if (wanted === undefined || layer === undefined) throw noSuchVersion()
        const stored = await layer.store.read(name, { version: wanted.version, signal })
        return { ...stored, version }
      }
      const found = await find(homes, name, signal)
      if (found.layer === undefined) throw nowhere(homes, name, found.absences)
      const answer = inLayer(found.layer, found.answer)
      if ("code" in answer) throw answer
      return answer
    },
    async ping(call) {
      await all(layers, layer => layer.ping(call))
    },
    async close() {
      await all(layers, layer => layer.close())
    },
  }) as unknown as LayeredStore<Layers>
}

/** Those operations that one layer has; to list, all must. */
function operationsOf(
  layers: readonly SecretStore[],
  operations: NativeOperations,
): Partial<NativeOperations> {
  const present = Object.entries(operations).filter(([operation]) => {
    const has = (layer: SecretStore) => layer[operation as keyof NativeOperations] !== undefined
    return operation === "list" ? layers.every(has) : layers.some(has)
  })
  return Object.fromEntries(present)
}

/** Lets each layer finish, also when another one fails. */
async function all(
  layers: readonly SecretStore[],
  call: (layer: SecretStore) => Promise<void>,
): Promise<void> {
  const ended = await Promise.allSettled(layers.map(call))
  const failure = ended.find(one => one.status === "rejected")
  if (failure !== undefined) throw failure.reason
}

function keepsNone({ store }: Layer): SecretError {
  return new SecretError("UNSUPPORTED", { message: `it is in ${store.location}, which keeps no versions` })
}

function noSuchVersion(): SecretError {
  return new SecretError("NOT_FOUND", { message: "there is no such version" })
}

/** A location as the value of a parameter; what stands in a location is readable as it is, but for these. */
function escaped(location: string): string {
  return location.replaceAll(/[%&#]/g, encodeURIComponent)
}
