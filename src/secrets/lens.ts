import {
  type Instant,
  type Pinned,
  PinnedValue,
  type Secret,
  type StoredSecret,
  type Version,
} from "../core/index.ts"
import { invalid, look, type Seen, type View } from "./view.ts"

/** What a lens needs of the secret that it looks at. */
export interface Watched {
  /** Whether the secret was revealed or used since somebody last asked. */
  touched: boolean
  /** Reveals when the quick way is shut: the secret sleeps, has ended or is closed. */
  beforeReveal(reference: string): void
  /** Waits for a schema's judgement, but not for ever. @throws SecretError `INVALID_VALUE` */
  judged<T>(reference: string, judgement: Promise<T>): Promise<T>
}

/** What a lens shows of one version. */
export interface Shown extends Seen {
  readonly version: Version
}

/** A version that is not shown any more. */
export interface Replaced extends Shown {
  readonly replacedAt: Instant
}

/** How a lens gets from a version to what it shows: through a view of the secret, or on from another lens. */
export type Origin =
  | { readonly view: View }
  | { readonly parent: Lens; readonly derive: (value: never) => unknown }

/** How most lenses look: shared, because there may be thousands. */
export const PLAIN: Readonly<Record<View["format"], Origin>> = {
  text: { view: { field: undefined, format: "text", schema: undefined } },
  json: { view: { field: undefined, format: "json", schema: undefined } },
  bytes: { view: { field: undefined, format: "bytes", schema: undefined } },
}

/**
 * The cell behind handles: what one view of a secret shows now. The gate fills it when a version is accepted, so that
 * revealing is reading a field.
 */
export class Lens {
  readonly reference: string
  readonly watched: Watched
  readonly origin: Origin
  /** What is revealed. */
  value: unknown
  /** Whether revealing is just that, and nothing has to be looked at first. */
  open = false
  shown: Shown | undefined
  previous: Replaced | undefined
  /** The handle on this lens, which lives as long as it. */
  handle: Secret<unknown> | undefined

  constructor(reference: string, watched: Watched, origin: Origin) {
    this.reference = reference
    this.watched = watched
    this.origin = origin
  }

  /** What this lens would show of a version. @throws SecretError `INVALID_VALUE` */
  look(secret: StoredSecret): Seen | Promise<Seen> {
    const { origin } = this
    if ("view" in origin) return look(secret, origin.view, this.reference)
    const seen = origin.parent.look(secret)
    return seen instanceof Promise ? seen.then(then => this.#derived(then)) : this.#derived(seen)
  }

  /** Shows another version. */
  show(seen: Seen, version: Version): void {
    this.shown = { ...seen, version }
    this.value = seen.value
  }

  #derived(seen: Seen): Seen {
    return { raw: seen.raw, value: this.derived(seen.value) }
  }

  /** What the function given to `map()` makes of a value. @throws SecretError `INVALID_VALUE` */
  derived(value: unknown): unknown {
    const { derive } = this.origin as Origin & { derive: unknown }
    try {
      return (derive as (value: unknown) => unknown)(value)
    } catch {
      // What the function threw may quote the value that it was given.
      throw invalid(
        this.reference,
        "the function given to map() does not accept the value",
        "see what it asks for",
      )
    }
  }
}

/** A version of a lens, held fast. */
export function pin(lens: Lens, shown: Shown): Pinned<unknown> {
  const { value } = shown
  return new PinnedValue(lens.reference, shown.version, () => value)
}
