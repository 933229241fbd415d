import type { CallOptions, SecretInfo } from "../../src/core/index.ts"
import type { Homes } from "./homes.ts"
import { canonicalIn } from "./names.ts"

/**
 * The names of all layers, each once, as the first layer that has it tells. Names that a layer has and that cannot be
 * read, because they mean something else here or live in another layer, are left out.
 */
export async function* listLayers(
  homes: Homes,
  canonical: (name: string) => string,
  { signal }: CallOptions,
): AsyncGenerator<SecretInfo> {
  const seen = new Set<string>()
  for (const layer of homes.layers) {
    // All of them, because layers may spell a name differently from how it is listed in the end.
    for await (const info of layer.store.list?.({ signal }) ?? []) {
      const name = canonical(info.name)
      const isMeant = canonicalIn(layer.store, name) === canonicalIn(layer.store, info.name)
      if (!isMeant || seen.has(name) || !homes.mayBeIn(name, layer)) continue
      seen.add(name)
      yield { ...info, name }
    }
  }
}
