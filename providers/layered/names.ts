import {
  isPortableName,
  isSecretError,
  type NameRule,
  PORTABLE_OR_OWN,
  type SecretStore,
} from "../../src/core/index.ts"

/** A layer's one spelling of a name, or nothing where the layer cannot hold it. */
export function canonicalIn(layer: SecretStore, name: string): string | undefined {
  try {
    return layer.canonical(name)
  } catch (thrown) {
    if (isSecretError(thrown) && thrown.code === "INVALID_NAME") return undefined
    throw thrown
  }
}

const NO_LAYER = "none of the layers can hold a secret of this name"

/**
 * Why no layer can hold a name: each rule that it breaks, once, in the order of the layers.
 *
 * @param layers those of which none can hold it.
 */
export function brokenRules(layers: readonly SecretStore[], name: string): string {
  const rules = new Set(layers.map(layer => refusalIn(layer, name)).filter(rule => rule !== undefined))
  return rules.size === 0 ? NO_LAYER : [...rules].join("; ")
}

/** A layer's own rule, without the one for portable names, which is the same in all of them. */
function refusalIn(layer: SecretStore, name: string): string | undefined {
  try {
    layer.canonical(name)
    return undefined
  } catch (thrown) {
    if (!isSecretError(thrown)) throw thrown
    const { hint } = thrown
    return hint?.startsWith(PORTABLE_OR_OWN) ? hint.slice(PORTABLE_OR_OWN.length) : hint
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
    rule: NO_LAYER,
    broken: native => brokenRules(layers, native),
    toNative: portable => portable,
    toPortable: native => (isPortableName(native) ? native : undefined),
    holds: native => spellings(native).length > 0,
    fold(native) {
      const found = spellings(native)
      return found.find(isPortableName) ?? found[0] ?? native
    },
  }
}
