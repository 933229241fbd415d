import type { NameOptions, OptionalOperation, SecretStore, StoreWith } from "../../src/core/index.ts"

/** What can be set about layers: a prefix and a renaming before any layer is asked. */
export type LayeredOptions = NameOptions

/** The operations that a store is known to have. */
type OperationsOf<Store> = Store extends unknown
  ? { [K in OptionalOperation]: Store extends StoreWith<K> ? K : never }[OptionalOperation]
  : never

/**
 * The store that layers make: it can do what one of them can, and list if all of them can, because a list that lacks
 * a layer is none.
 */
export type LayeredStore<Layers extends readonly SecretStore[]> = StoreWith<
  Exclude<OperationsOf<Layers[number]>, "list"> | (Layers[number] extends StoreWith<"list"> ? "list" : never)
>
