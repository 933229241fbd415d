import type { SecretStore, SecretValue } from "../../core/index.ts"

/** One store to be tested, and the means to change what it holds without asking it. */
export interface Harness {
  readonly store: SecretStore
  /**
   * Makes this the value of a secret, by the service's own means, also once the store is closed. Portable names only,
   * one of them under the reserved `latchkey`: may refuse that with `INVALID_NAME`.
   */
  put(name: string, value: SecretValue): Promise<void>
  /** Removes a secret. */
  remove?(name: string): Promise<void>
  /** Switches a secret off. */
  disable?(name: string): Promise<void>
  /** Takes the permission to read a secret away. */
  deny?(name: string): Promise<void>
  /** Whether the backend can hold a value. Default: all text, and bytes if `capabilities.binary` says so. */
  holds?(value: SecretValue): boolean
  /** The size in bytes of the largest value that the backend holds. Default: nothing larger than 1 MiB is tried. */
  readonly largest?: number
  /** What the backend itself calls a portable name, if it has another spelling that a caller may use. */
  native?(name: string): string
  /** Takes down what stands around the store. The suite closes the store itself before. */
  close(): Promise<void>
}

/** Makes a fresh {@link Harness}; each check of the suite gets one of its own. */
export type MakeHarness = () => Harness | Promise<Harness>
