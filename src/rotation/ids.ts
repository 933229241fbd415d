import { createHash } from "node:crypto"

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"

/**
 * A short text of letters and digits that stands for these parts and tells nothing of them: 5 bits a character. Always
 * begins with a letter, as some services demand of names.
 */
export function shortId(length: number, ...parts: readonly (string | number)[]): string {
  const bytes = digest(parts)
  let text = "r"
  for (let index = 0; text.length < length; index++) text += ALPHABET[(bytes[index] ?? 0) % ALPHABET.length]
  return text
}

/** A number from 0 to below 1 that is the same everywhere for the same parts, and evenly spread over different ones. */
export function spread(...parts: readonly (string | number)[]): number {
  return digest(parts).readUIntBE(0, 6) / 2 ** 48
}

function digest(parts: readonly (string | number)[]): Buffer {
  return createHash("sha256").update(JSON.stringify(parts)).digest()
}
