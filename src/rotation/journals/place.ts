import { type CallOptions, misconfigured, SecretError, type SecretStore } from "../../core/index.ts"

/** A store whose secrets are rotated while their journals are kept somewhere else. */
export type RotatedStore = Pick<SecretStore, "location" | "rotation" | "canonical">

/** @throws SecretError `MISCONFIGURED` for what is no store */
export function refuseNoStore(of: unknown): void {
  const { canonical, location } = (of ?? {}) as Partial<Record<keyof RotatedStore, unknown>>
  if (typeof canonical === "function" && typeof location === "string") return
  throw misconfigured("of is no store", "it is the store whose secrets are rotated: { of: azureStore }")
}

/**
 * Where a secret is: the same text for every program that means it, and another one for every other secret, also of
 * another store.
 *
 * @throws SecretError `UNSUPPORTED` for a store that has no ledger, `INVALID_NAME`
 */
export async function placeOf(store: RotatedStore, name: string, options: CallOptions): Promise<string> {
  if (store.rotation === undefined) {
    throw new SecretError("UNSUPPORTED", {
      store: store.location,
      message: "the secrets of this store cannot be rotated, so there are no journals of them",
    })
  }
  const { placeOf: told } = store.rotation()
  // A ledger that somebody wrote by hand may not tell: then names are the store's own.
  return (await told?.(name, options)) ?? `${store.location} ${store.canonical(name)}`
}
