import { SecretError } from "./error.ts"
import type { ReadOptions, SecretValue, StoreCapabilities, WriteOptions } from "./store.ts"

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
