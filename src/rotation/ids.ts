import { createHash } from "node:crypto"

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"

/**
 * A short text of letters and digits that stands for these parts and tells nothing of them: 5 bits a character. Always
 * begins with a letter, as some services demand of names.
 */
export function shortId(length: number, ...parts: readonly (string | number)[]): string {
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest()
  let text = "r"
  for (let index = 0; text.length < length; index++) text += ALPHABET[(bytes[index] ?? 0) % ALPHABET.length]
  return text
}

/** A number from 0 to below 1 that is the same everywhere for the same parts, and evenly spread over different ones. */
export function spread(...parts: readonly (string | number)[]): number {
  // FNV-1a, and then the finalizer of MurmurHash3, without which texts that differ in their end alone lie close together.
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(parts.join("\n"))) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
