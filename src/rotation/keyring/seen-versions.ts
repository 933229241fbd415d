import type { Instant, Version } from "../../core/index.ts"

/** How long things take where the versions of a secret are the keys. In milliseconds. */
export interface VersionTerms {
  /** How long a new version is only checked with, before it is signed with. */
  readonly propagation: number
  /** How long a version is good for checking after it was replaced. */
  readonly validity: number
  /** How far the clocks of the store and of other programs may be off this one. */
  readonly skew: number
}

/** One version that holds a key, as the store lists it. */
export interface PastVersion {
  readonly version: Version
  readonly value: string
  readonly createdAt?: number
}

interface SeenVersion extends PastVersion {
  /** Since when this program has seen it as the current one, by the monotonic clock. */
  readonly currentSince?: number
  /** Since when this program knows that it is not the current one any more, by the monotonic clock. */
  readonly replacedSince?: number
}

/**
 * The versions of a secret as the keys that they are, where a plan writes plain keys: the id of a key is its version. A
 * new version is live the moment it is written. So that it is known to all before anyone signs with it, it is signed with
 * only once `propagation` has passed since it was made; until then with the one before.
 *
 * On some stores a version is made long before it becomes the current one, so that its date says nothing of when the one
 * before it was replaced, but that it was not earlier. That one therefore stays good at least for `validity` from when
 * this program first saw that it is replaced.
 */
export class SeenVersions {
  readonly #terms: VersionTerms
  /** Newest first. */
  #versions: readonly SeenVersion[] = []
  #current: Version | undefined
  /** The version that was the current one when this program began. */
  #first: Version | undefined

  constructor(terms: VersionTerms) {
    this.#terms = terms
  }

  /** The value of a version, if it is known: it never changes. */
  valueOf(version: Version): string | undefined {
    return this.#versions.find(each => each.version === version)?.value
  }

  /** Takes in what the secret holds now. */
  see(version: Version, value: string, now: Instant): void {
    if (version === this.#current) return
    this.#first ??= version
    const before = this.#current
    this.#current = version
    const { monotonic } = now
    const known = this.#versions.some(each => each.version === version)
    const all = known ? this.#versions : [{ version, value }, ...this.#versions]
    this.#versions = all.map(each => {
      if (each.version === version) return { ...each, value, currentSince: monotonic }
      return each.version === before ? { ...each, replacedSince: monotonic } : each
    })
  }

  /** The secret holds a set now: what the versions before held is good as far as the set says so. */
  leave(): void {
    this.#current = undefined
  }

  /** Takes in all versions that the store has, newest first. What it has no longer was ended by somebody. */
  learn(past: readonly PastVersion[], now: Instant): void {
    const current = this.#versions.find(each => each.version === this.#current)
    const listed = past.map(each => ({ ...this.#seen(each.version), ...each }))
    const isListed = listed.some(each => each.version === this.#current)
    this.#versions = isListed || current === undefined ? listed : [current, ...listed]
    if (current === undefined) return
    const place = this.#place()
    const previous = this.#versions.findIndex((each, at) => at > place && each.value !== current.value)
    this.#versions = this.#versions.map((each, at) => {
      const isInQuestion = at < place || (at > place && at <= previous)
      return isInQuestion ? { replacedSince: now.monotonic, ...each } : each
    })
  }

  /** The key that is signed with. */
  signing(now: Instant): PastVersion | undefined {
    const candidates = this.#versions.slice(this.#place()).filter(each => this.#isGood(each, now))
    return candidates.find(each => this.#isRipe(each, now)) ?? candidates.at(-1)
  }

  /**
   * All keys that are good for checking, newest first.
   *
   * @param inSet whether a value is that of a key that is good in the set that the secret holds.
   */
  good(now: Instant, inSet: (value: string) => boolean = () => false): PastVersion[] {
    return this.#versions.filter(each => inSet(each.value) || this.#isGood(each, now))
  }

  /** Whether older versions than this one, which was made then, may still be good. */
  mayMatterBefore(createdAt: number | undefined, now: Instant): boolean {
    const { validity, skew } = this.#terms
    return createdAt === undefined || now.wall <= createdAt + validity + skew
  }

  #seen(version: Version): SeenVersion | undefined {
    return this.#versions.find(each => each.version === version)
  }

  #place(): number {
    return Math.max(
      0,
      this.#versions.findIndex(each => each.version === this.#current),
    )
  }

  #isRipe({ version, createdAt, currentSince }: SeenVersion, now: Instant): boolean {
    const { propagation, skew } = this.#terms
    if (currentSince !== undefined && now.monotonic - currentSince >= propagation) return true
    if (createdAt !== undefined) return now.wall >= createdAt + propagation + skew
    // Without a date, who starts cannot know how long it has been there, and might never live to see it ripe.
    return version === this.#first
  }

  #isGood(one: SeenVersion, now: Instant): boolean {
    const { version, value, replacedSince } = one
    if (version === this.#current) return true
    if (this.#current !== undefined && value === this.valueOf(this.#current)) return true
    const { validity } = this.#terms
    if (replacedSince !== undefined && now.monotonic - replacedSince <= validity) return true
    const next = this.#versions.slice(0, this.#versions.indexOf(one)).findLast(newer => newer.value !== value)
    return next?.createdAt !== undefined && this.mayMatterBefore(next.createdAt, now)
  }
}
