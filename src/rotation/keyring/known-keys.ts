import type { Instant, Version } from "../../core/index.ts"
import type { KeyringSettings } from "./options.ts"
import { SeenSet } from "./seen-set.ts"
import { type PastVersion, SeenVersions } from "./seen-versions.ts"
import { ADOPTED_ID, currentKey, type KeySet } from "./set.ts"

/** A key with the id that it is known by. */
export interface IdentifiedKey {
  readonly id: string
  readonly value: string
}

/**
 * The keys of one secret, whatever it holds: a set, or, where the versions are the keys, a plain key of which there are
 * older ones. When a plain key becomes a set, the versions stay known by their ids, for the tokens that name them.
 */
export class KnownKeys {
  readonly #settings: KeyringSettings & { readonly versions: boolean }
  readonly #seen: SeenSet
  readonly #versions: SeenVersions
  #set: KeySet
  #version: Version | undefined

  /** @param settings with `versions`: whether older versions are keys, too. */
  constructor(
    settings: KeyringSettings & { readonly versions: boolean },
    set: KeySet,
    version: Version,
    now: Instant,
  ) {
    const { propagation, tokenLifetime, skew } = settings
    this.#settings = settings
    this.#set = set
    this.#seen = new SeenSet(set, now)
    // Whoever learned late of a version has signed with the one before for up to a propagation longer.
    this.#versions = new SeenVersions({ propagation, skew, validity: propagation + tokenLifetime })
    this.see(set, version, now)
  }

  /** Takes in what the secret holds now. */
  see(set: KeySet, version: Version, now: Instant): void {
    if (set === this.#set && version === this.#version) return
    this.#set = set
    this.#version = version
    this.#seen.see(set, now)
    if (set.plain) this.#versions.see(version, currentKey(set).value, now)
    else this.#versions.leave()
  }

  /** Takes in the versions that the store has. */
  learn(past: readonly PastVersion[], now: Instant): void {
    this.#versions.learn(past, now)
  }

  /** The value of a version, if it is known already. */
  valueOf(version: Version): string | undefined {
    return this.#versions.valueOf(version)
  }

  /** Whether older versions than one that was made then may still be good. */
  mayMatterBefore(createdAt: number | undefined, now: Instant): boolean {
    return this.#versions.mayMatterBefore(createdAt, now)
  }

  /** Whether other versions than the current one have a say. */
  versionsMatter(now: Instant): boolean {
    const { versions, skew } = this.#settings
    return versions && this.#seen.good(now, skew).some(({ id }) => id === ADOPTED_ID)
  }

  /** The key that is signed with. */
  signing(now: Instant): IdentifiedKey {
    const { versions } = this.#settings
    const version = versions && this.#set.plain ? this.#versions.signing(now) : undefined
    return version === undefined ? this.#seen.signing : identified(version)
  }

  /** Whether a key is good that is not the newest. */
  hasOlder(now: Instant): boolean {
    return new Set(this.good(now).map(({ value }) => value)).size > 1
  }

  /**
   * All keys that are good for checking, each once for every id that it has; the one that is signed with first. A plain
   * key of which a set may be made has two ids: its version, and the one that it is known by from that moment on.
   */
  good(now: Instant): IdentifiedKey[] {
    const { versions, skew, form } = this.#settings
    const inSet = this.#seen.good(now, skew)
    if (!versions) return inSet
    const values = new Set(inSet.map(({ value }) => value))
    const past = this.#versions.good(now, value => values.has(value)).map(identified)
    const signing = this.signing(now)
    const all = this.#set.plain && form === "versions" ? past : [...inSet, ...past]
    return [signing, ...all.filter(({ id }) => id !== signing.id)]
  }
}

function identified({ version, value }: PastVersion): IdentifiedKey {
  return { id: version, value }
}
