import { conceal } from "./conceal.ts"
import type { Pinned } from "./secret.ts"
import type { Version } from "./store.ts"

/** One version of a secret, held fast. */
export class PinnedValue<T> implements Pinned<T> {
  readonly #name: string
  readonly #reveal: () => T
  readonly #version: Version

  /** @param reveal may throw, when the version was withdrawn meanwhile. */
  constructor(name: string, version: Version, reveal: () => T) {
    this.#name = name
    this.#version = version
    this.#reveal = reveal
  }

  get name(): string {
    return this.#name
  }

  get version(): Version {
    return this.#version
  }

  reveal(): T {
    return this.#reveal()
  }
}

conceal(PinnedValue)
