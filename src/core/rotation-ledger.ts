import type { RotationJournal } from "./rotation-journal.ts"
import type { CallOptions, SecretValue, Version } from "./store.ts"

/** A journal as it was found. */
export interface LoadedJournal {
  /** Absent where no rotation of this secret has ever begun. */
  readonly journal?: RotationJournal
  /** The service's own time, in milliseconds since 1970, where its answer gives one. */
  readonly at?: number
}

/**
 * Where journals are kept, and changed by compare-and-set.
 *
 * Names are the portable names of secrets. All calls honour the signal.
 */
export interface JournalKeeper {
  /** What is safe to print about where the journals are. */
  readonly location: string

  /**
   * The journal as it is now, never as it was: an answer that could be behind an acknowledged write is not given.
   * `glance` is for whoever only looks: then it may be a little behind, and nothing is written for it.
   *
   * @throws SecretError `UNSUPPORTED` for a journal of a newer form, `INVALID_VALUE` for a garbled one; and whatever
   * a read of a secret throws.
   */
  load(name: string, options: CallOptions & { readonly glance?: boolean }): Promise<LoadedJournal>

  /**
   * Writes `journal` in place of the one that has `expectSeq`, in one step; 0 where none may be there. `journal.seq`
   * is `expectSeq + 1`.
   *
   * @throws SecretError `CONFLICT` if another was there: nothing was written. With `outcome: "unknown"` when the
   * answer was lost; it is never sent again.
   */
  save(
    name: string,
    journal: RotationJournal,
    options: CallOptions & { readonly expectSeq: number },
  ): Promise<void>
}

/** A candidate that is parked, or a former value that is kept. */
export interface Kept {
  /** Where it is, for the journal: no secret. */
  readonly reference: string
  readonly value: SecretValue
}

/** The secret as it is now, in the terms of its ledger. */
export interface CurrentSecret {
  /** What `expectBase` takes, and what stands in journals: the same for every program that rotates this secret. */
  readonly version: Version
  readonly value: SecretValue
  readonly expiresAt?: Date
}

/** What a change of the secret itself is asked with. */
export interface PromoteOptions extends CallOptions {
  readonly rotationId: string
  /** What the secret shall be. */
  readonly value: SecretValue
  /** Where the candidate is parked, or the former value, that has this value; absent for a value that was never parked. */
  readonly reference?: string
  /** The version that the secret must still have, as `current` or `read` gave it; absent where there must be none. */
  readonly expectBase?: Version
  /**
   * The journal as it shall be after this, and what it must be now: for stores that change both in one step. A store
   * that does not, leaves them alone.
   */
  readonly journal: (promoted: Promoted) => RotationJournal
}

/** What a promotion did. */
export interface Promoted {
  /** The version that the secret has now, in the same terms as `expectBase`. */
  readonly version: Version
  /** Where the value before can still be read, if it can. */
  readonly previous?: string
}

/** A promotion as the ledger carried it out. */
export interface PromotedBy extends Promoted {
  /** Whether the journal was written in the same step. */
  readonly journaled: boolean
}

/** One version of the secret, as far as a rotation wants to know. */
export interface VersionSince {
  readonly version: Version
  /** The rotation that wrote it; absent if it was not one of ours. */
  readonly rotationId?: string
}

/** What latchkey needs to be allowed for a rotation, for `--dry-run` and for people who write policies. */
export interface Permission {
  /** As the service calls it: `secretsmanager:PutSecretValue`, `update secret/data/…`. */
  readonly action: string
  /** On what: a path, an id, a resource; with the secret's name in it. */
  readonly on: string
  readonly why: string
}

/**
 * What a store does for the rotation of its secrets: small writes, each conditional or harmless to repeat. It decides
 * nothing; the Rotator holds the state machine. Below, *M* is the secret that consumers read and *K* the candidate.
 *
 * What it keeps stands under the reserved first segment `latchkey` of the service's own names, whatever prefix the user
 * set, or beside the secrets where the service has such a place: `list` shows none of it, and no read by name reaches it.
 *
 * Every method takes the name of M and honours the signal. A call that fails is made again later, by this program or
 * by another one, so each must be harmless to repeat. Nothing of what is thrown holds a value.
 */
export interface RotationLedger {
  /**
   * Whether the service refuses a promotion when M has changed meanwhile (`"conditional"`), or whether that can only
   * be seen from the list of versions (`"detected"`): then `since` is there.
   */
  readonly promotion: "conditional" | "detected"

  /** Where journals are; absent where the service has no compare-and-set. The Rotator must then be given one. */
  readonly journals?: JournalKeeper

  /**
   * How many rotations of one secret may begin within 24 hours, where the service has room for no more. Absent where
   * there is no such bound. A schedule that asks for more is refused.
   */
  readonly rotationsPerDay?: number

  /**
   * Refuses what would go wrong half-way: a store that keeps no versions where they are needed, a rotation of the
   * service's own on this secret, a missing secret where the service cannot park without one. Changes nothing.
   *
   * @throws SecretError `MISCONFIGURED` or `UNSUPPORTED`, with the way out in the hint.
   */
  check(name: string, options: CallOptions): Promise<void>

  /**
   * M as it is now; `undefined` where there is none. Where this is there, versions in journals and in `expectBase` are
   * those that it gives, and whoever rotates reads M through it and not through the store's `read`.
   *
   * It is there where `read` gives versions that another program does not understand: those of a file are counted by
   * each process for itself, and those of layers say which place a layer has in this program. A journal outlives the
   * process, so what stands in it must mean the same to the next one. Where it is absent, the versions of `read` are
   * the service's own, and mean the same to everybody.
   *
   * @throws SecretError what a read throws, but for `NOT_FOUND`. May make what the ledger needs to know a value again: a
   * salt, and no value.
   */
  current?(name: string, options: CallOptions): Promise<CurrentSecret | undefined>

  /**
   * Where the service has M: safe to print, and the same for every program that means this secret, whatever prefix or
   * renaming it has. By this the journals are told apart that are kept in another place. There for every ledger that a
   * store of {@link defineStore} gives.
   */
  placeOf?(name: string, options: CallOptions): Promise<string>

  /** What a rotation of this secret needs to be allowed. */
  permissions(name: string): readonly Permission[]

  /**
   * Stores K, if this rotation has none yet: the first one that is stored stays, and it is what is given back. Under
   * a path or a token that contains `rotationId`.
   *
   * `mine` is whether the value that was given is the one that is stored.
   */
  park(
    name: string,
    options: CallOptions & { readonly rotationId: string; readonly value: SecretValue },
  ): Promise<{ readonly reference: string; readonly mine: boolean }>

  /**
   * What is kept under a reference, or, without one, what was parked for this rotation; `undefined` if nothing is.
   */
  kept(
    name: string,
    options: CallOptions & { readonly rotationId: string; readonly reference?: string },
  ): Promise<Kept | undefined>

  /**
   * What a promotion by this rotation has kept of M as it was at `base`, for whoever lost the answer, and `previous` with
   * it; `undefined` if nothing is kept.
   */
  former(
    name: string,
    options: CallOptions & { readonly rotationId: string; readonly base: Version },
  ): Promise<Kept | undefined>

  /** Removes K, and what was kept of former values for this rotation. Harmless when nothing is there. Never touches M's current version. */
  discard(
    name: string,
    options: CallOptions & { readonly rotationId: string; readonly reference?: string },
  ): Promise<void>

  /**
   * Makes `value` the current version of M, if M is still at `expectBase`. Where the service can, the value before
   * stays readable under `previous` until `discard`.
   *
   * @throws SecretError `CONFLICT` if M has changed: nothing was written. With `outcome: "unknown"` when the answer was
   * lost.
   */
  promote(name: string, options: PromoteOptions): Promise<PromotedBy>

  /**
   * The versions of M that were made after `base`, oldest first where the service knows the order, without values;
   * all versions where `base` is absent or gone. Only where `promotion` is `"detected"`.
   */
  since?(name: string, options: CallOptions & { readonly base?: Version }): Promise<readonly VersionSince[]>
}
