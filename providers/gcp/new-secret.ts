import type { GcpOptions } from "./options.ts"
import type { GcpEncryption, GcpNewSecret } from "./sdk.ts"

/**
 * How a store makes secrets.
 *
 * @param options as `checkOptions` gave them back: each place has its key, or none has.
 */
export function newSecret({ location, replication, kmsKey, labels }: GcpOptions): GcpNewSecret {
  const keys = new Map(keysOf(kmsKey).map(key => [placeOfKey(key), key]))
  const encryption = (place: string): GcpEncryption => {
    const key = keys.get(place)
    return key === undefined ? {} : { customerManagedEncryption: { kmsKeyName: key } }
  }
  const replicas = replication?.map(place => ({ location: place, ...encryption(place) }))
  return {
    ...(labels && { labels: { ...labels } }),
    ...(location !== undefined
      ? encryption(location)
      : { replication: replicas ? { userManaged: { replicas } } : { automatic: encryption("global") } }),
  }
}

/** Whether each place in which the values of new secrets are kept has one key, and no key is left over. */
export function hasKeyForEach({ location, replication, kmsKey }: GcpOptions): boolean {
  const places = location === undefined ? (replication ?? ["global"]) : [location]
  const keyed = keysOf(kmsKey).map(placeOfKey)
  return keyed.length === places.length && places.every(place => keyed.includes(place))
}

/** The names of keys, of which there may be one or several. */
export function keysOf(kmsKey: GcpOptions["kmsKey"]): readonly string[] {
  return typeof kmsKey === "string" ? [kmsKey] : (kmsKey ?? [])
}

function placeOfKey(key: string): string {
  return /\/locations\/([^/]+)\//.exec(key)?.[1] ?? ""
}
