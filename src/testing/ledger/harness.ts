import type { SecretValue, StoreWith } from "../../core/index.ts"

/** What the ledger of a store promises beyond what all promise. Each is asserted both ways. */
export interface LedgerPromises {
  /** As the ledger says itself. */
  readonly promotion: "conditional" | "detected"
  /** Whether the ledger keeps journals. Default: `true`. */
  readonly journals?: boolean | undefined
  /**
   * Whether the journal is written in the same step as the secret, by `promote`. Default: `false`.
   */
  readonly journaled?: boolean | undefined
  /**
   * Whether `park` elects. Without that, each call parks a candidate of its own under a reference of its own, and the
   * one that the journal names is elected by the journal. Default: `true`.
   */
  readonly parkElects?: boolean | undefined
  /** Whether `promote` creates a secret that is missing; else `check` refuses one. Default: `true`. */
  readonly creates?: boolean | undefined
  /** Whether a write of the same value is a change of the secret. Default: `true`. */
  readonly noticesSameValue?: boolean | undefined
  /** Whether the value before a promotion stays readable. Default: `true`. */
  readonly keepsPrevious?: boolean | undefined
}

/** One store whose ledger is to be tested, and the means of somebody else who changes what it holds. */
export interface LedgerHarness {
  readonly store: StoreWith<"rotation">
  readonly promises: LedgerPromises
  /**
   * The same secrets through a store of its own, as another process has it. Made at most once for a harness, and closed
   * by the suite. Default: the same store.
   */
  replica?(): StoreWith<"rotation"> | Promise<StoreWith<"rotation">>
  /** The same service through a store that has a prefix. Closed by the suite. */
  withPrefix?(prefix: string): StoreWith<"rotation"> | Promise<StoreWith<"rotation">>
  /** Makes this the value of a secret, as a person would, by the service's own means. Portable names only. */
  put(name: string, value: SecretValue): Promise<void>
  /** Removes a secret, so that its name is free. */
  remove?(name: string): Promise<void>
  /** Puts this text where the journal of a secret is; there is one already. */
  writeJournal?(name: string, text: string): Promise<void>
  /** Whether the backend can hold a value. Default: all text, and bytes if `capabilities.binary` says so. */
  holds?(value: SecretValue): boolean
  /** The size in bytes of the largest value that the backend holds. Default: nothing larger than 16 KiB is tried. */
  readonly largest?: number
  /** Takes down what stands around the store. The suite closes the store itself before. */
  close(): Promise<void>
}

/** Makes a fresh {@link LedgerHarness}; each check of the suite gets one of its own. */
export type MakeLedgerHarness = () => LedgerHarness | Promise<LedgerHarness>
