import { decodeUrlPart, isSecretError, readStoreUrl, type SecretStore, type StoreUrl } from "../core/index.ts"

/** Where a store looks, one place after another: more than one where it is made of layers. */
export function placesOf(location: string): string[] {
  const layers = layersOf(location)
  return layers.length === 0 ? [location] : layers.flatMap(placesOf)
}

/** The locations of the layers of a store, which may be layered themselves; none for a store of another kind. */
export function layersOf(location: string): readonly string[] {
  return urlOf(location, "layered:", ["store"])?.parts.parameters.get("store") ?? []
}

/** The `.env` files among the places where a store looks, the one that wins first. */
export function dotenvFilesOf(store: SecretStore): string[] {
  return placesOf(store.location).flatMap(dotenvFilesAt)
}

/** The `.env` files of one place, none for a place of another kind. */
export function dotenvFilesAt(place: string): string[] {
  const read = urlOf(place, "dotenv:", ["optional"])
  return read === undefined ? [] : read.parts.path.split(",").map(part => decodeUrlPart(read.url, part))
}

/** A location taken apart as the URL that it is; `undefined` for one of another kind, or that is no URL of ours. */
function urlOf(
  location: string,
  scheme: string,
  known: readonly string[],
): { readonly url: URL; readonly parts: StoreUrl } | undefined {
  const url = location.startsWith(scheme) ? URL.parse(location) : null
  if (url === null) return undefined
  try {
    const parts = readStoreUrl(url, known)
    decodeUrlPart(url, parts.path)
    return { url, parts }
  } catch (thrown) {
    // A store of somebody else may call its place as it likes: it is then told as it is.
    if (isSecretError(thrown)) return undefined
    throw thrown
  }
}
