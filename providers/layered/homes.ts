import type { SecretStore } from "../../src/core/index.ts"
import type { LayerAnswer } from "./read-layer.ts"

/** A layer and its place. */
export interface Layer {
  readonly place: number
  readonly store: SecretStore
}

/**
 * Remembers in which layer each secret was found. It stays there: a secret that is deleted in an upper layer is gone,
 * and the one that a lower layer has under the same name does not take its place.
 */
export class Homes {
  readonly layers: readonly Layer[]
  readonly #places = new Map<string, number>()

  constructor(stores: readonly SecretStore[]) {
    this.layers = stores.map((store, place) => ({ place, store }))
  }

  /** The layer in which a secret lives, if it was ever found. */
  of(name: string): Layer | undefined {
    const place = this.#places.get(name)
    return place === undefined ? undefined : this.layers[place]
  }

  /** Whether a layer is to be asked for a secret. */
  mayBeIn(name: string, { place }: Layer): boolean {
    const home = this.#places.get(name)
    return home === undefined || home === place
  }

  /** Learns from an answer: what is there, or is there and switched off, lives there. A name keeps its first home. */
  learn(name: string, { place }: Layer, answer: LayerAnswer): void {
    const found = "value" in answer || ("code" in answer && answer.code === "DISABLED")
    if (found) this.settle(name, { place })
  }

  /** A secret was written to a layer. */
  settle(name: string, { place }: Pick<Layer, "place">): void {
    if (!this.#places.has(name)) this.#places.set(name, place)
  }
}
