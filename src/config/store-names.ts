import {
  environmentNames,
  isSecretError,
  parseReference,
  type SecretStore,
  systemClock,
} from "../core/index.ts"

/** How long a store may take to list its names, in milliseconds, before an error is reported without them. */
const LISTING_TIME = 1_000

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

/** Where a store looks, one place after another: more than one where it is made of layers. */
export function placesOf(location: string): string[] {
  const isLayered = location.startsWith("layered:") && URL.canParse(location)
  const layers = isLayered ? new URL(location).searchParams.getAll("store") : []
  return layers.length === 0 ? [location] : layers.flatMap(placesOf)
}

/** The `.env` files among the places where a store looks, the one that wins first. */
export function dotenvFilesOf(store: SecretStore): string[] {
  return placesOf(store.location)
    .filter(place => place.startsWith("dotenv:"))
    .flatMap(place => place.slice("dotenv:".length).split(","))
}

/**
 * The names of a store where listing costs nothing. A store that cannot list them in time, or at all, has none: they
 * are only needed for hints, and the error that the hints belong to must not be replaced by another one.
 */
export async function localNames(store: SecretStore): Promise<string[]> {
  const { list } = store
  if (!store.capabilities.local || list === undefined) return []
  const names: string[] = []
  const ended = new AbortController()
  let timer: { clear(): void } | undefined
  const timeOut = new Promise<void>(resolve => {
    timer = systemClock.timer("waited-for", LISTING_TIME, resolve)
  })
  const listing = (async () => {
    for await (const { name } of list.call(store, { signal: ended.signal })) names.push(name)
  })()
  try {
    await Promise.race([listing, timeOut])
  } catch {
    // See above: whatever was listed until then is as good as all.
  } finally {
    timer?.clear()
    ended.abort()
  }
  return names
}
