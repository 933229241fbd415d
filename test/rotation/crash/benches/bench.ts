import type { Life } from "../life.ts"
import type { ConfiguredStore, StoreConfig } from "../process/store-config.ts"

/** How a process of its own gets to a store. */
export interface Way {
  readonly config: StoreConfig
  /** Ends it, whatever is on it. */
  close(): Promise<void>
}

/** Something that is kept of a rotation. */
export interface Leftover {
  readonly what: string
  /** The value that it has, if it has one. */
  readonly value: string | undefined
}

/** One secret on a service, and those who have to do with it beside the programs that rotate it. */
export interface Place {
  /** The name of the secret, as programs write it. */
  readonly name: string
  /** The store as a program in this process has it: every request that it sends passes through that program's life. */
  open(life: Life): Promise<ConfiguredStore>
  /** How a process of its own gets there. Over HTTP its requests pass through its life, and are told the time of the place. */
  way(life: Life): Promise<Way>
  /** What consumers read now. */
  read(): Promise<string | undefined>
  /** Gives the secret a value, as a person does. */
  put(value: string): Promise<void>
  /** What is kept of rotations beside the journal: nothing, when all is over. */
  leftovers(): Promise<readonly Leftover[]>
  /** Removes it with everything that belongs to it. */
  remove(): Promise<void>
}

/** A service on which secrets are rotated. */
export interface Bench {
  /** A secret of its own, which has no value yet. @param now the time as the service is to tell it. */
  place(now: () => number): Promise<Place>
  close(): Promise<void>
}
