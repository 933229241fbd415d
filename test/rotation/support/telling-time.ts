import type { JournalKeeper, SecretStore } from "../../../src/core/index.ts"

/**
 * The same store, whose answers tell the time, as those of services do.
 *
 * @param now milliseconds since 1970.
 */
export function tellingTime<S extends SecretStore>(store: S, now: () => number): S {
  const ledger = store.rotation?.()
  const journals = ledger?.journals
  if (ledger === undefined || journals === undefined) throw new TypeError("the store keeps no journals")
  const load: JournalKeeper["load"] = async (name, options) => ({
    ...(await journals.load(name, options)),
    at: now(),
  })
  return { ...store, rotation: () => ({ ...ledger, journals: { ...journals, load } }) }
}
