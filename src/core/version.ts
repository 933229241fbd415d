import type { SecretValue, Version } from "./store.ts"
import { sameValue } from "./text.ts"

/** See {@link versionMaker}. */
export interface VersionMaker {
  (name: string, value: SecretValue): Version
  /** Forgets the value of a secret that is not there. Whatever comes after it is a new version. */
  forget(name: string): void
}

/**
 * Makes versions for stores that keep none: a number that moves when the value does, behind a random mark of this
 * store. It is not made from the value, so a version that is logged tells nothing about it, not even that two processes
 * hold the same one. The last value of each name is remembered for that.
 */
export function versionMaker(): VersionMaker {
  // Only there to tell processes apart: nothing is protected by it.
  const mark = Math.random().toString(36).slice(2, 8)
  const newest = new Map<string, { readonly value: SecretValue; readonly version: Version }>()
  let made = 0
  const versionOf = (name: string, value: SecretValue): Version => {
    const known = newest.get(name)
    if (known !== undefined && sameValue(known.value, value)) return known.version
    made += 1
    const version = `${mark}-${made}`
    // A copy of bytes, because whoever has them may write to them.
    newest.set(name, { value: typeof value === "string" ? value : value.slice(), version })
    return version
  }
  return Object.assign(versionOf, { forget: (name: string) => void newest.delete(name) })
}
