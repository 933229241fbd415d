import { SecretError } from "../../src/core/index.ts"

/**
 * "About Azure Key Vault secrets" says 25k bytes; the service, where it refuses a value, 25600 characters. What is too long
 * in both ways is refused here; of what has more bytes than that, and not more characters, the service decides.
 */
const LONGEST = 25_600

/** @throws SecretError `INVALID_VALUE` for a value that is too long for the service. */
export function refuseTooLong(value: string): void {
  if (value.length <= LONGEST) return
  throw new SecretError("INVALID_VALUE", {
    message: "the value is longer than the 25,600 characters that are held here",
    hint: "keep what is large elsewhere, and the key to it here",
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
