import { SecretError, type ValueLimits } from "../../src/core/index.ts"

/** "About Azure Key Vault secrets": 25k bytes. */
export const VALUES: ValueLimits = { largest: 25_600 }

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
