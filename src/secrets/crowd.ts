import type { Lens } from "./lens.ts"
import type { StandardSchema } from "./schema.ts"
import type { View } from "./view.ts"

/** Below this many nothing is cleared out. */
const FEW = 16

/**
 * Lenses on one secret of which there may be thousands: through a schema, or derived with `map()`. A program that writes
 * its schema where it asks makes a new one for each call, and the collector takes them away much later than that. So
 * finding one does not look at the others, and what has been taken away is cleared out when it may be the half of them.
 */
export class Crowd {
  #references: WeakRef<Lens>[] = []
  /** Through one schema: no more than its fields and formats. */
  readonly #bySchema: WeakMap<StandardSchema, WeakRef<Lens>[]> = new WeakMap()
  #most = FEW

  /** How many it keeps track of, held by somebody or not yet cleared out. */
  get size(): number {
    return this.#references.length
  }

  add(lens: Lens): void {
    if (this.#references.length >= this.#most) {
      this.#references = this.#references.filter(isHeld)
      this.#most = Math.max(FEW, 2 * this.#references.length)
    }
    const reference = new WeakRef(lens)
    this.#references.push(reference)
    const schema = "view" in lens.origin ? lens.origin.view.schema : undefined
    if (schema === undefined) return
    const others = this.#bySchema.get(schema)?.filter(isHeld) ?? []
    this.#bySchema.set(schema, [...others, reference])
  }

  /** The lenses through a schema that somebody holds. */
  through(schema: NonNullable<View["schema"]>): Lens[] {
    return held(this.#bySchema.get(schema) ?? [])
  }

  /** All that somebody holds. */
  held(): Lens[] {
    return held(this.#references)
  }
}

/** The lenses that somebody holds. */
export function held(references: readonly WeakRef<Lens>[]): Lens[] {
  const lenses: Lens[] = []
  for (const reference of references) {
    const lens = reference.deref()
    if (lens !== undefined) lenses.push(lens)
  }
  return lenses
}

/** Whether it has not been collected. */
export function isHeld(reference: WeakRef<Lens>): boolean {
  return reference.deref() !== undefined
}
