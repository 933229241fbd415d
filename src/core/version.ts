import type { SecretValue, Version } from "./store.ts"
import { sameValue } from "./text.ts"

/**
 * Makes versions for stores that keep none: a number that moves when the value does, behind a random mark of this
 * store. It is not made from the value, so a version that is logged tells nothing about it, not even that two processes
 * hold the same one. The last value of each name is remembered for that.
 */
export function versionMaker(): (name: string, value: SecretValue) => Version {
  // Only there to tell processes apart: nothing is protected by it.
  const mark = Math.random().toString(36).slice(2, 8)
  const newest = new Map<string, { readonly value: SecretValue; readonly version: Version }>()
  let made = 0
  return (name, value) => {
    const known = newest.get(name)
    if (known !== undefined && sameValue(known.value, value)) return known.version
    made += 1
    const version = `${mark}-${made}`
    newest.set(name, { value, version })
    return version
  }
}
