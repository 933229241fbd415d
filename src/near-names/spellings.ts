import { environmentNames, isSecretError, parseReference, type SecretStore } from "../core/index.ts"

/**
 * The environment variable that a store means by a name, if it is one whose names are variables and neither a prefix
 * nor a renaming makes it another.
 */
export function nativeNameOf(store: SecretStore, reference: string): string | undefined {
  const name = canonicalOf(store, reference)
  if (name === undefined) return undefined
  const native = environmentNames.toNative(name)
  return canonicalOf(store, native) === name ? native : undefined
}

/** The one spelling that a store has for a name, without the field; `undefined` for one that it cannot hold. */
export function canonicalOf(store: SecretStore, reference: string): string | undefined {
  try {
    return store.canonical(parseReference(reference).name)
  } catch (thrown) {
    if (isSecretError(thrown)) return undefined
    throw thrown
  }
}
