import type { Packed } from "./packed.ts"

/** One thing that must hold of the project. */
export interface Check {
  readonly name: string
  /**
   * Resolves when it holds, with a word on what was looked at, if that says something.
   *
   * @throws Error whose message shows what does not hold.
   */
  run(packed: Packed): Promise<string | undefined>
}
