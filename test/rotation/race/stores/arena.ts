import type { Address } from "./address.ts"

/** Something that a store keeps of a rotation beside the journal. */
export interface Remnant {
  readonly what: string
  /** The value that it has, if it has one. */
  readonly value: string | undefined
}

/** A secret of its own on a store, as those have it who look after the store. */
export interface Arena {
  /** Where replicas find it. */
  readonly address: Address
  /** The name of the secret, as replicas write it. */
  readonly name: string
  /** Gives the secret its first value, as a person does. */
  put(value: string): Promise<void>
  /**
   * The values that the secret has had, oldest first, as far as the store itself still tells: all of them, the last ones,
   * or none.
   */
  history(): Promise<readonly string[]>
  /** What is kept of rotations beside the journal. */
  remnants(): Promise<readonly Remnant[]>
  /** Removes it with everything that belongs to it. */
  close(): Promise<void>
}
