import { SecretError } from "./error.ts"
import type { ReadOptions, SecretValue, StoreCapabilities, WriteOptions } from "./store.ts"

/** Which values a store holds. */
export interface ValueLimits {
  /** The size of the largest one, in bytes; that of text is its size in UTF-8. */
  readonly largest: number
  /** Whether it holds empty ones. Default: `true`. */
  readonly empty?: boolean | undefined
}

/** Refuses a read that the capabilities do not promise. @throws SecretError `UNSUPPORTED` */
export function refuseUnsupportedRead(
  secret: string,
  options: ReadOptions,
  capabilities: StoreCapabilities,
  store: string,
): void {
  if (options.version !== undefined && !capabilities.versionedReads) {
    throw new SecretError("UNSUPPORTED", { secret, store, message: "older versions cannot be read here" })
  }
}

/** Refuses a write that the capabilities do not promise, before anything is sent. @throws SecretError `UNSUPPORTED` */
export function refuseUnsupportedWrite(
  secret: string,
  value: SecretValue,
  options: WriteOptions,
  capabilities: StoreCapabilities,
  store: string,
): void {
  const { expect, expiresAt } = options
  const precondition = expect === "absent" ? "absent" : "version"
  if (expect !== undefined && !capabilities.preconditions[precondition]) {
    throw new SecretError("UNSUPPORTED", {
      secret,
      store,
      message: `the precondition "${precondition}" does not exist here`,
    })
  }
  if (expiresAt !== undefined && !capabilities.expiry) {
    throw new SecretError("UNSUPPORTED", { secret, store, message: "secrets do not expire here" })
  }
  if (typeof value !== "string" && !capabilities.binary) {
    throw new SecretError("UNSUPPORTED", {
      secret,
      store,
      message: "bytes cannot be stored here",
      hint: "store text, base64 for example",
    })
  }
}

/**
 * Refuses a value that the store cannot hold, before anything is sent. Text that is none, with half of a surrogate pair,
 * would be written as another one.
 *
 * @param limits Default: values of any size.
 * @throws SecretError `INVALID_VALUE`
 */
export function refuseUnfitValue(
  secret: string,
  value: SecretValue,
  limits: ValueLimits | undefined,
  store: string,
): void {
  const refuse = (message: string, hint: string): SecretError =>
    new SecretError("INVALID_VALUE", { secret, store, message, hint })
  if (typeof value === "string" && !value.isWellFormed())
    throw refuse("the value has half of a surrogate pair, which UTF-8 cannot hold", "store it as base64")
  if (limits === undefined) return
  const size = Buffer.byteLength(value)
  if (size === 0 && limits.empty === false)
    throw refuse("the value is empty, and empty ones are not held here", "delete the secret instead")
  if (size > limits.largest) {
    const largest = limits.largest.toLocaleString("en")
    throw refuse(
      `the value is larger than the ${largest} bytes that are held here`,
      "keep what is large elsewhere, and the key to it here",
    )
  }
}
