import { SecretError, type SecretValue } from "../../src/core/index.ts"

/** The size of the largest value, in bytes of UTF-8 ("About Azure Key Vault secrets": 25k). */
export const LARGEST_VALUE = 25_600

/** @throws SecretError `INVALID_VALUE` for a value that a vault does not hold. */
export function refuseSize(value: SecretValue): void {
  if (Buffer.byteLength(value) <= LARGEST_VALUE) return
  throw new SecretError("INVALID_VALUE", {
    message: "Key Vault holds at most 25,600 bytes",
    hint: "store a key, and the rest elsewhere, encrypted with it",
  })
}

/** The SDK counts the seconds since 1970 in 32 bits, and would write a time in 1901. */
const LATEST_EXPIRY = (2 ** 31 - 1) * 1_000

/** @throws SecretError `INVALID_VALUE` for a time of expiry that would be written as another one. */
export function refuseExpiry(expiresAt: Date | undefined): void {
  const time = expiresAt?.getTime() ?? 1_000
  if (time >= 1_000 && time <= LATEST_EXPIRY) return
  throw new SecretError("INVALID_VALUE", {
    message: "expiresAt is not between 1970 and 2038-01-19, the last time that the SDK can write",
    hint: "choose an earlier one, or leave it out",
  })
}
