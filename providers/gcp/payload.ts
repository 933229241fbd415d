import { SecretError, type SecretValue, type ValueLimits, valueOfBytes } from "../../src/core/index.ts"
import type { GcpAccess } from "./sdk.ts"

/** "The maximum size of a secret payload: 64 KiB" (page "Quotas and limits"); an empty one is refused. */
export const VALUES: ValueLimits = { largest: 65_536, empty: false }

/** A value as it is sent, with the checksum by which the service sees whether it arrived whole. */
export async function payloadOf(value: SecretValue): Promise<{ data: Uint8Array; dataCrc32c: number }> {
  // A copy, because whoever gave the bytes may write to them before they are sent.
  const data = typeof value === "string" ? Buffer.from(value) : Buffer.from(value)
  return { data, dataCrc32c: await crc32c(data) }
}

/**
 * The value in an answer, if it arrived whole: the SDK itself does not look at the checksum (page "Ensure data
 * integrity with checksums").
 *
 * @param isUnchecked whether one without a checksum is taken as it is: the service always sends one, emulators and
 * clients of one's own may not.
 * @throws SecretError `UNAVAILABLE`, transient, for a payload that is missing or damaged; never with any of it
 */
export async function valueIn({ payload }: GcpAccess, isUnchecked: boolean): Promise<SecretValue> {
  const { data, dataCrc32c } = payload ?? {}
  if (data === undefined || data === null) throw damaged("the answer holds no payload")
  const bytes = typeof data === "string" ? Buffer.from(data, "base64") : data
  const isGiven = dataCrc32c !== undefined && dataCrc32c !== null
  if (!isGiven && !isUnchecked) throw damaged("the payload came without its checksum")
  // The checksum is an int64: text, a number or an object, depending on who decoded it.
  if (isGiven && String(dataCrc32c) !== String(await crc32c(bytes))) {
    throw damaged("the payload does not have the checksum that came with it")
  }
  return valueOfBytes(bytes)
}

async function crc32c(bytes: Uint8Array): Promise<number> {
  const { default: castagnoli } = (await import("crc-32/crc32c.js")) as unknown as {
    // Its types do not say that all it exports is the default of a module that is imported.
    default: { buf(bytes: Uint8Array): number }
  }
  // Signed there, unsigned in the service.
  return castagnoli.buf(bytes) >>> 0
}

/** The error for an answer that cannot be the one that was asked for. */
export function damaged(message: string): SecretError {
  return new SecretError("UNAVAILABLE", {
    message,
    hint: "asking again helps, unless something between here and the service changes what passes",
  })
}
