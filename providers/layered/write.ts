import { SecretError, type SecretValue, type VersionInfo, type WriteOptions } from "../../src/core/index.ts"
import { find, nowhere } from "./find.ts"
import type { Homes, Layer } from "./homes.ts"
import { brokenRules, canonicalIn } from "./names.ts"
import { joinVersion, splitVersion } from "./version.ts"

/**
 * Writes a secret where it lives, a new one to the first layer that can write it.
 *
 * @throws SecretError `UNSUPPORTED` where it lives in a layer that cannot write: what a layer below were given,
 * nobody would ever read; `CONFLICT` if the precondition does not hold; and what a layer says that cannot answer
 * whether it has the secret
 */
export async function writeSecret(
  homes: Homes,
  name: string,
  value: SecretValue,
  { expect, ...options }: WriteOptions,
): Promise<VersionInfo> {
  const home = await homeOf(homes, name, options.signal)
  const layer = home ?? firstThatWrites(homes, name)
  if (layer.store.write === undefined) {
    if (expect === "absent") throw new SecretError("CONFLICT", { message: "there is such a secret already" })
    throw shadowed(layer, "written")
  }
  const info = await layer.store.write(name, value, { ...options, ...expectIn(layer, expect) })
  homes.settle(name, layer)
  return { ...info, version: joinVersion({ layer: layer.place, version: info.version }) }
}

/**
 * Removes a secret from the layer in which it lives. It is then gone for this process, whatever layers below have.
 *
 * @throws SecretError `NOT_FOUND`; `UNSUPPORTED` where it lives in a layer that cannot delete
 */
export async function deleteSecret(homes: Homes, name: string, signal: AbortSignal): Promise<void> {
  const layer = await homeOf(homes, name, signal)
  if (layer === undefined) throw nowhere(homes, name, [])
  if (layer.store.delete === undefined) throw shadowed(layer, "deleted")
  await layer.store.delete(name, { signal })
}

/** The layer in which a secret lives, remembered or looked for. */
export async function homeOf(homes: Homes, name: string, signal: AbortSignal): Promise<Layer | undefined> {
  const home = homes.of(name)
  if (home !== undefined) return home
  const found = await find(homes, name, signal)
  if (found.layer !== undefined && homes.of(name) === undefined) throw found.answer
  return found.layer
}

/** The layer to which a new secret goes. @throws SecretError `INVALID_NAME` if none that can write can hold the name */
export function firstThatWrites(homes: Homes, name: string): Layer {
  const writable = homes.layers.filter(({ store }) => store.write !== undefined)
  const layer = writable.find(({ store }) => canonicalIn(store, name) !== undefined)
  if (layer !== undefined) return layer
  const stores = writable.map(({ store }) => store)
  throw new SecretError("INVALID_NAME", {
    message: "none of the layers that can write can hold a secret of this name",
    hint: brokenRules(stores, name),
  })
}

/** The precondition in the layer's own terms. A version of another layer is not the current one. */
function expectIn(layer: Layer, expect: WriteOptions["expect"]): Pick<WriteOptions, "expect"> {
  if (expect === undefined || expect === "absent") return expect === undefined ? {} : { expect }
  const expected = splitVersion(expect)
  if (expected?.layer === layer.place) return { expect: expected.version }
  throw new SecretError("CONFLICT", { message: "another version is the current one" })
}

/** The refusal to change a secret where it lives, which would not be read if it were changed elsewhere. */
export function shadowed({ store }: Layer, done: "written" | "deleted" | "rotated"): SecretError {
  return new SecretError("UNSUPPORTED", {
    message: `it is set in ${store.location}, where it cannot be ${done}, and hides what layers below have`,
    hint: `change it in ${store.location}, or remove it there first and start again`,
  })
}
