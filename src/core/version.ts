import type { SecretValue, Version } from "./store.ts"

/**
 * Makes versions for stores that keep none: a keyed hash of the value, under a random key of this process, so that
 * a version that is logged tells nothing about the value, not even that two processes hold the same one.
 */
export function versionMaker(): (value: SecretValue) => Promise<Version> {
  let key: Uint8Array | undefined
  return async value => {
    // Loading node:crypto costs milliseconds: not on the import path of the library.
    const { createHmac, randomBytes } = await import("node:crypto")
    key ??= randomBytes(32)
    return createHmac("sha256", key).update(value).digest("base64url").slice(0, 22)
  }
}
