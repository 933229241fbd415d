import type { JournalKeeper, SecretStore, StoreWith } from "../../../src/core/index.ts"

/** The same store, whose journals are kept somewhere else. */
export function withJournals(
  store: StoreWith<"rotation">,
  keeperOf: (store: SecretStore) => JournalKeeper,
): StoreWith<"rotation"> {
  const ledger = Object.freeze({ ...store.rotation(), journals: keeperOf(store) })
  return { ...store, rotation: () => ledger }
}

/** Options of a call that nobody ends. */
export const calm = { signal: new AbortController().signal }

/** A journal at its beginning, or further. */
export function journalOf(seq: number, owner = "somebody") {
  return { schema: 1, seq, state: "claimed", owner, leaseUntil: 0, attempt: 0 } as const
}
