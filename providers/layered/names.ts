import { isPortableName, isSecretError, type NameRule, type SecretStore } from "../../src/core/index.ts"

/** A layer's one spelling of a name, or nothing where the layer cannot hold it. */
export function canonicalIn(layer: SecretStore, name: string): string | undefined {
  try {
    return layer.canonical(name)
  } catch (thrown) {
    if (isSecretError(thrown) && thrown.code === "INVALID_NAME") return undefined
    throw thrown
  }
}

/**
 * The names of layers: those that at least one of them can hold. Where layers spell a name differently, a portable
 * spelling wins, that of the upper layer first: over the environment, `TALLY_API_TOKEN` is `tally-api-token` in every
 * layer, also in one below that could hold a secret with capital letters.
 */
export function layeredNames(layers: readonly SecretStore[]): Required<NameRule> {
  const spellings = (name: string): string[] =>
    layers.map(layer => canonicalIn(layer, name)).filter(spelling => spelling !== undefined)
  return {
    rule: "none of the layers can hold a secret of this name",
    toNative: portable => portable,
    toPortable: native => (isPortableName(native) ? native : undefined),
    holds: native => spellings(native).length > 0,
    fold(native) {
      const found = spellings(native)
      return found.find(isPortableName) ?? found[0] ?? native
    },
  }
}
