import { isPortableName, printable, type SecretStore } from "../core/index.ts"
import { type ListingOptions, localNames } from "./local-names.ts"
import { nearest, simplified } from "./nearest.ts"
import { canonicalOf, nativeNameOf } from "./spellings.ts"

export { localNames } from "./local-names.ts"
export { nearest } from "./nearest.ts"
export { canonicalOf, nativeNameOf } from "./spellings.ts"

/**
 * What to say of a missing secret under whose name another one was probably meant: `"did you mean …?"`. Nothing where
 * no name is near, or where listing the store would cost something.
 *
 * @param reference what was asked for.
 * @param options.clock times the listing, which ends after a second. Default: the clock of the machine.
 */
export async function nearName(
  store: SecretStore,
  reference: string,
  options?: ListingOptions,
): Promise<string | undefined> {
  return nearNameAmong(await localNames(store, options), store, reference)
}

/** The same, with the names that the store has. */
export function nearNameAmong(
  names: readonly string[],
  store: SecretStore,
  reference: string,
): string | undefined {
  const name = canonicalOf(store, reference)
  const near = name === undefined ? undefined : nearest(name, names)
  if (name === undefined || near === undefined) return undefined
  const native = nativeNameOf(store, name)
  const nearNative = nativeNameOf(store, near)
  if (native === undefined || nearNative === undefined)
    return `did you mean ${printable(near)}, which is there?`
  // The most common slip by far, so it is explained: people write one underscore for everything.
  if (isPortableName(near) && simplified(name) === simplified(near)) {
    return `${nearNative} is set, but ${printable(name)} is read from ${native}: "/" is two underscores, "-" is one`
  }
  return `did you mean ${printable(near)}, which is set as ${nearNative}?`
}
