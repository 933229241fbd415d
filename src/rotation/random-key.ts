import { misconfigured, type SecretValue } from "../core/index.ts"

/** How random bytes are written down: as text, or as the `"bytes"` that they are. */
export type KeyEncoding = "base64url" | "base64" | "hex" | "bytes"

/** What a random key looks like: random bytes in an encoding, or random characters of an alphabet. */
export interface KeyForm {
  /** How many random bytes, from 16 to 1024. Default: 32. */
  readonly bytes?: number
  /** Default: `"base64url"`. `"bytes"` needs a store that holds bytes. */
  readonly encoding?: KeyEncoding
  /**
   * The characters to choose from, each with the same probability: at least two different ones, printable ASCII
   * without the space. Instead of `bytes` and `encoding`.
   */
  readonly alphabet?: string
  /** How many characters of the alphabet, at most 1024. Default: as many as 256 bits need. */
  readonly length?: number
  /** What stands in front of the random part and is no part of its strength: `"whsec_"`. At most 64 characters of printable ASCII. */
  readonly prefix?: string
}

/** The names of the options of a {@link KeyForm}, for `refuseUnknownOptions`. */
export const KEY_FORM_OPTIONS: readonly (keyof KeyForm)[] = [
  "bytes",
  "encoding",
  "alphabet",
  "length",
  "prefix",
]

/** Makes random keys of one form. */
export interface RandomKeys {
  /** A new key, from the generator of the platform that is meant for cryptography (`crypto.getRandomValues`). */
  make(): SecretValue
  /** Whether a value could be a key of this form. */
  hasForm(value: SecretValue): boolean
}

/** Below this a key can be guessed, some day; nothing that is made here is weaker (NIST SP 800-131A, 112 bits and more). */
const LEAST_BITS = 128
const USUAL_BITS = 256
const LONGEST = 1_024
const LONGEST_PREFIX = 64
const ENCODINGS: readonly KeyEncoding[] = ["base64url", "base64", "hex", "bytes"]
const PRINTABLE = /^[\x21-\x7e]*$/

/**
 * Random keys of a form.
 *
 * @param of what makes them, for messages: `"generatedKey()"`.
 * @throws SecretError `MISCONFIGURED` for a form that is none, or one with less than 128 random bits.
 */
export function randomKeys(of: string, form: KeyForm): RandomKeys {
  const prefix = form.prefix ?? ""
  if (typeof prefix !== "string" || prefix.length > LONGEST_PREFIX || !PRINTABLE.test(prefix)) {
    throw misconfigured(
      `the prefix of ${of} is no text of at most ${LONGEST_PREFIX} printable ASCII characters without spaces`,
      'write it as the far side wants it: "whsec_"',
    )
  }
  if (form.alphabet === undefined && form.length === undefined) return ofBytes(of, form, prefix)
  if (form.bytes !== undefined || form.encoding !== undefined) {
    throw misconfigured(
      `${of} was given both random bytes and an alphabet`,
      "write bytes and encoding, or alphabet and length",
    )
  }
  return ofAlphabet(of, form, prefix)
}

function ofBytes(of: string, { bytes = 32, encoding = "base64url" }: KeyForm, prefix: string): RandomKeys {
  if (!ENCODINGS.includes(encoding)) {
    throw misconfigured(`the encoding of ${of} does not exist`, `write one of ${ENCODINGS.join(", ")}`)
  }
  if (!isCount(bytes) || bytes * 8 < LEAST_BITS) {
    throw misconfigured(
      `bytes of ${of} is no whole number from ${LEAST_BITS / 8} to ${LONGEST}`,
      `write at least ${LEAST_BITS / 8}: fewer than ${LEAST_BITS} random bits can be guessed`,
    )
  }
  if (encoding === "bytes") {
    if (prefix !== "") {
      throw misconfigured(`${of} was given a prefix for bytes`, "leave it out, or write another encoding")
    }
    return {
      make: () => random(bytes),
      // Bytes that happen to be text come back as text from stores that know no difference.
      hasForm: value => Buffer.byteLength(value) === bytes,
    }
  }
  return {
    make: () => prefix + Buffer.from(random(bytes)).toString(encoding),
    hasForm: value => {
      const text = behind(prefix, value)
      if (text === undefined) return false
      const decoded = Buffer.from(text, encoding)
      return decoded.length === bytes && decoded.toString(encoding) === text
    },
  }
}

function ofAlphabet(of: string, { alphabet, length }: KeyForm, prefix: string): RandomKeys {
  if (typeof alphabet !== "string" || alphabet.length < 2 || !PRINTABLE.test(alphabet)) {
    throw misconfigured(
      `the alphabet of ${of} is no text of at least two printable ASCII characters without spaces`,
      "write every character that a key may have, once",
    )
  }
  if (new Set(alphabet).size !== alphabet.length) {
    throw misconfigured(
      `the alphabet of ${of} has a character twice`,
      "write every character once: one that stands there twice comes twice as often",
    )
  }
  const bits = Math.log2(alphabet.length)
  const least = Math.ceil(LEAST_BITS / bits)
  const count = length ?? Math.ceil(USUAL_BITS / bits)
  if (!isCount(count) || count < least) {
    throw misconfigured(
      `length of ${of} is no whole number from ${least} to ${LONGEST}`,
      `write at least ${least}: with this alphabet, fewer characters have less than ${LEAST_BITS} random bits and can be guessed`,
    )
  }
  return {
    make: () => prefix + randomText(alphabet, count),
    hasForm: value => {
      const text = behind(prefix, value)
      return text?.length === count && Array.from(text).every(character => alphabet.includes(character))
    },
  }
}

/** Each character with the same probability: a byte above the largest multiple of the alphabet's length is thrown away. */
function randomText(alphabet: string, count: number): string {
  const fair = 256 - (256 % alphabet.length)
  let text = ""
  while (text.length < count) {
    for (const byte of random(count)) {
      if (byte < fair && text.length < count) text += alphabet[byte % alphabet.length]
    }
  }
  return text
}

function random(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}

function behind(prefix: string, value: SecretValue): string | undefined {
  return typeof value === "string" && value.startsWith(prefix) ? value.slice(prefix.length) : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= LONGEST
}
