import { createRequire } from "node:module"

/** The module has no declarations; it gives a signed 32-bit number. */
const { buf } = createRequire(import.meta.url)("crc-32/crc32c.js") as { buf(bytes: Uint8Array): number }

/** The CRC32C (Castagnoli) of bytes, as the service writes it: an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  return buf(bytes) >>> 0
}
