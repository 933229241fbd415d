import type { SecretValue } from "../core/index.ts"

/**
 * Whether a value stands in anything that a thing carries: in any property of its own, also one that is not enumerable,
 * and in what those carry. Found as it is, in base64 at any offset, and in hex.
 */
export function tells(thing: unknown, value: SecretValue): boolean {
  const forms = formsOf(value)
  const seen = new Set<unknown>()

  const inText = (text: string): boolean =>
    forms.exact.some(form => text.includes(form)) || text.toLowerCase().includes(forms.hex)

  const inThing = (one: unknown): boolean => {
    if (typeof one === "string") return inText(one)
    if (typeof one !== "object" || one === null || seen.has(one)) return false
    seen.add(one)
    if (one instanceof Uint8Array) return hexOf(one).includes(forms.hex)
    const items = one instanceof Map || one instanceof Set ? [...one] : []
    if (items.some(inThing)) return true
    return Reflect.ownKeys(one).some(key => inText(String(key)) || inThing(propertyOf(one, key)))
  }
  return inThing(thing)
}

function propertyOf(thing: object, key: string | symbol): unknown {
  try {
    return Reflect.get(thing, key)
  } catch {
    // What cannot be read tells nothing.
    return undefined
  }
}

function formsOf(value: SecretValue): { readonly exact: readonly string[]; readonly hex: string } {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
  // The value may begin at each of the three places in a group of base64; its whole groups look the same in all texts.
  const encoded = [0, 1, 2].map(start => {
    const length = Math.floor((bytes.length - start) / 3) * 3
    return base64Of(bytes.subarray(start, start + length))
  })
  const urlSafe = encoded.map(text => text.replaceAll("+", "-").replaceAll("/", "_"))
  const exact = [...encoded, ...urlSafe, ...(typeof value === "string" ? [value] : [])]
  return { exact, hex: hexOf(bytes) }
}

function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")
}
