import type { Instant } from "../../core/index.ts"
import { currentKey, type KeySet, type StoredKey } from "./set.ts"

/**
 * A set of keys as one program has seen it change, and which of its keys are good when.
 *
 * The set cannot say when it was promoted, because it was made before that and a rotation may stand still in between. So
 * every program counts for itself: a key is good for checking until its `notAfter`, and at least for its `overlap` from
 * when this program first saw that another one is the current key. Nobody can have seen that before it was so, which is
 * why no key is refused too early, however late the promotion was. A program that starts later counts from its start.
 * Lengths are measured by the monotonic clock, so that a clock that is set wrong ends no key either.
 */
export class SeenSet {
  #set: KeySet
  /** Since when, by the monotonic clock, this program knows of a key that it is not the current one. */
  #replacedSince: ReadonlyMap<string, number> = new Map()

  constructor(set: KeySet, now: Instant) {
    this.#set = set
    this.see(set, now)
  }

  /** Takes in what the secret holds now. */
  see(set: KeySet, now: Instant): void {
    this.#set = set
    const others = set.keys.filter(({ id }) => id !== set.current)
    this.#replacedSince = new Map(others.map(({ id }) => [id, this.#replacedSince.get(id) ?? now.monotonic]))
  }

  /** The key that is signed with. */
  get signing(): StoredKey {
    return currentKey(this.#set)
  }

  /**
   * All keys that are good for checking, the one that is signed with first.
   *
   * @param skew how far the clock of whoever made the set may be ahead of this one, in milliseconds.
   */
  good(now: Instant, skew: number): StoredKey[] {
    const { signing } = this
    return [signing, ...this.#set.keys.filter(key => key !== signing && this.#isGood(key, now, skew))]
  }

  #isGood({ id, notAfter, overlap }: StoredKey, now: Instant, skew: number): boolean {
    if (notAfter === undefined && overlap === undefined) return true
    if (notAfter !== undefined && now.wall <= notAfter + skew) return true
    const since = this.#replacedSince.get(id) ?? now.monotonic
    return overlap !== undefined && now.monotonic - since <= overlap
  }
}
