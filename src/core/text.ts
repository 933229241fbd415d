import type { SecretValue } from "./store.ts"

/** Bytes as the value that they are: text where they are valid UTF-8, else the bytes. A byte-order mark is kept. */
export function valueOfBytes(bytes: Uint8Array): SecretValue {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // Not UTF-8 is an answer, not a failure. A copy, because whoever gets it may write to it.
    return bytes.slice()
  }
}

/** The value of a secret that stands alone in a file: loses exactly one trailing newline, which editors add. */
export function valueOfFile(bytes: Uint8Array): SecretValue {
  const end = bytes.at(-1) === 0x0a ? (bytes.at(-2) === 0x0d ? 2 : 1) : 0
  return valueOfBytes(end === 0 ? bytes : bytes.subarray(0, bytes.length - end))
}

/** Whether two values are the same, byte by byte. */
export function sameValue(one: SecretValue, other: SecretValue): boolean {
  if (typeof one === "string" || typeof other === "string") return one === other
  return one.length === other.length && one.every((byte, index) => byte === other[index])
}
