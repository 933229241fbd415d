import {
  elapsed,
  type Instant,
  type Secret,
  type SecretError,
  type StoredSecret,
  sameValue,
  type Version,
} from "../core/index.ts"
import { Crowd, held, isHeld } from "./crowd.ts"
import { Lens, PLAIN, type Replaced, type Shown, type Watched } from "./lens.ts"
import type { Seen, View } from "./view.ts"

/** What the lenses say to a version: all accept it, or one does not. */
export type Verdict =
  | { readonly accepted: ReadonlyMap<Lens, Seen> }
  | { readonly refusedBy: string; readonly error: SecretError }

/** A version that was replaced, and when. */
export interface ReplacedSecret {
  readonly secret: StoredSecret
  readonly replacedAt: Instant
}

/**
 * All lenses on one secret that somebody still holds. A new version is shown by all of them or by none, so that a
 * program never works with halves of two versions. A lens that nobody holds any more has no say.
 */
export class Gate {
  readonly #watched: Watched
  /** The lenses without a schema: no more than the secret's fields and formats. */
  #lenses: WeakRef<Lens>[] = []
  /** All others; absent until there is one, because most secrets have none. */
  #crowd: Crowd | undefined
  #open = false
  /** What `get()` gives out again and again, kept until there is another value: looking through a weak reference costs. */
  #quick: Secret<unknown> | undefined

  constructor(watched: Watched) {
    this.#watched = watched
  }

  /** Whether lenses may be revealed without a second look. */
  set open(open: boolean) {
    this.#open = open
    for (const lens of this.#live()) lens.open = open
  }

  /** The handle on the secret as plain text, if somebody holds it and it may be revealed at once. */
  quickHandle(): Secret<unknown> | undefined {
    if (this.#open && this.#quick !== undefined) return this.#quick
    for (const reference of this.#lenses) {
      const lens = reference.deref()
      if (lens?.origin === PLAIN.text && lens.open) this.#quick = lens.handle
    }
    return this.#open ? this.#quick : undefined
  }

  /** Asks all lenses for their opinion of a version. */
  async ask(secret: StoredSecret): Promise<Verdict> {
    // It has a say in that only if somebody else holds it.
    this.#quick = undefined
    const accepted = new Map<Lens, Seen>()
    for (const lens of this.#live()) {
      try {
        accepted.set(lens, await this.#look(lens, secret))
      } catch (thrown) {
        return { refusedBy: lens.reference, error: thrown as SecretError }
      }
    }
    return { accepted }
  }

  /**
   * Shows a version that all lenses have accepted.
   *
   * @param replacedAt when the version before was replaced; absent if it may not be shown as the previous one.
   * @returns false, with nothing done, if a lens has come that was not asked.
   */
  show(accepted: ReadonlyMap<Lens, Seen>, version: Version, replacedAt: Instant | undefined): boolean {
    const showing = this.#showing()
    if (!showing.every(({ lens }) => accepted.has(lens))) return false
    for (const { lens, shown } of showing) {
      const seen = accepted.get(lens) as Seen
      if (!sameValue(shown.raw, seen.raw))
        lens.previous = replacedAt === undefined ? undefined : { ...shown, replacedAt }
      lens.show(seen, version)
    }
    return true
  }

  /** Shows the same value under another version. */
  move(version: Version): void {
    for (const { lens, shown } of this.#showing()) if (shown.version !== version) lens.show(shown, version)
  }

  /** Takes back what was shown before the present version. */
  forgetPrevious(which: (previous: Replaced) => boolean = () => true): void {
    for (const lens of this.#live())
      if (lens.previous !== undefined && which(lens.previous)) lens.previous = undefined
  }

  /** Forgets what was replaced longer ago than the overlap window lasts. */
  forgetOlder(overlap: number, now: Instant): void {
    this.forgetPrevious(previous => elapsed(previous.replacedAt, now) >= overlap)
  }

  /**
   * Gives lenses that have none a previous version.
   *
   * @param stillThere whether it may be shown, asked after each wait.
   */
  async recall(previous: ReplacedSecret, stillThere: () => boolean): Promise<void> {
    for (const { lens, shown } of this.#showing()) {
      const replaced = await this.#replacedOrNothing(lens, previous)
      if (!stillThere()) return
      if (replaced !== undefined && !sameValue(replaced.raw, shown.raw)) lens.previous ??= replaced
    }
  }

  /**
   * The lens for a view: the same one for the same view, as long as somebody holds it. It shows something from the
   * moment at which it joins the others.
   *
   * @param present what is held; asked again after each wait, until the lens has seen the newest.
   * @throws SecretError `INVALID_VALUE` if the view does not accept it.
   */
  async lens(
    reference: string,
    view: View,
    present: () => { held: StoredSecret; previous: ReplacedSecret | undefined },
  ): Promise<Lens> {
    const existing = this.#find(view)
    if (existing !== undefined) return existing
    const plain = view.field === undefined && view.schema === undefined
    const lens = new Lens(reference, this.#watched, plain ? PLAIN[view.format] : { view })
    for (let { held, previous } = present(); ; ) {
      lens.show(await this.#look(lens, held), held.version)
      lens.previous = previous === undefined ? undefined : await this.#replacedOrNothing(lens, previous)
      const now = present()
      if (now.held === held && now.previous === previous) break
      ;({ held, previous } = now)
    }
    return this.#find(view) ?? this.#join(lens)
  }

  /** A lens that is derived from another one. @throws SecretError `INVALID_VALUE` if the function throws. */
  derive(parent: Lens, derive: (value: never) => unknown): Lens {
    const lens = new Lens(parent.reference, this.#watched, { parent, derive })
    const { previous } = parent
    const shown = parent.shown as Shown
    lens.show({ raw: shown.raw, value: lens.derived(shown.value) }, shown.version)
    if (previous !== undefined) {
      try {
        lens.previous = { ...previous, value: lens.derived(previous.value) }
      } catch {
        // A previous version that cannot be derived is as good as none.
      }
    }
    return this.#join(lens)
  }

  /** What a lens would show. A schema that does not come to an end refuses, or nothing would ever be refreshed. */
  async #look(lens: Lens, secret: StoredSecret): Promise<Seen> {
    const seen = lens.look(secret)
    return seen instanceof Promise ? await this.#watched.judged(lens.reference, seen) : seen
  }

  async #replacedOrNothing(lens: Lens, previous: ReplacedSecret): Promise<Replaced | undefined> {
    const { secret, replacedAt } = previous
    try {
      return { ...(await this.#look(lens, secret)), version: secret.version, replacedAt }
    } catch {
      // A previous version that this view does not accept is as good as none.
      return undefined
    }
  }

  #join(lens: Lens): Lens {
    lens.open = this.#open
    if ("view" in lens.origin && lens.origin.view.schema === undefined) {
      // Of just this length: pushing, or spreading, would reserve room for sixteen more, for each of thousands of secrets.
      this.#lenses = this.#lenses.filter(isHeld).concat(new WeakRef(lens))
    } else {
      this.#crowd ??= new Crowd()
      this.#crowd.add(lens)
    }
    return lens
  }

  #find({ field, format, schema }: View): Lens | undefined {
    const some = schema === undefined ? held(this.#lenses) : (this.#crowd?.through(schema) ?? [])
    return some.find(({ origin }) => {
      if (!("view" in origin)) return false
      const { view } = origin
      return view.field === field && view.format === format && view.schema === schema
    })
  }

  /** The lenses that somebody holds. */
  #live(): Lens[] {
    return this.#crowd === undefined ? held(this.#lenses) : [...held(this.#lenses), ...this.#crowd.held()]
  }

  #showing(): { lens: Lens; shown: Shown }[] {
    return this.#live().map(lens => ({ lens, shown: lens.shown as Shown }))
  }
}
