import type { SecretStore, StoreCapabilities } from "../../src/core/index.ts"

/**
 * What layers can do together. Nobody knows beforehand to which layer a write will go, so only what all that can be
 * written have is promised of writes. Older versions are promised if one layer keeps them: where another one holds the
 * secret, reading them is that layer's `UNSUPPORTED`.
 */
export function capabilitiesOf(layers: readonly SecretStore[]): StoreCapabilities {
  const all = layers.map(layer => layer.capabilities)
  const written = layers.filter(layer => layer.write !== undefined).map(layer => layer.capabilities)
  const everyWritten = (has: (one: StoreCapabilities) => boolean) => written.length > 0 && written.every(has)
  return {
    preconditions: {
      absent: everyWritten(one => one.preconditions.absent),
      version: everyWritten(one => one.preconditions.version),
    },
    versionedReads: all.some(one => one.versionedReads),
    // Each layer is asked in batches of its own size.
    batchSize: layers.some(layer => layer.readMany !== undefined) ? Number.MAX_SAFE_INTEGER : 1,
    binary: (written.length > 0 ? written : all).every(one => one.binary),
    expiry: everyWritten(one => one.expiry),
    softDelete: all.some(one => one.softDelete),
    local: all.every(one => one.local),
  }
}
