import { fileURLToPath } from "node:url"

/** A program that asks Tally whenever its parent says so, as `answerParent` does. */
export interface Program {
  /** The path of its file. */
  readonly file: string
  readonly args?: readonly string[]
}

/** Uses plain `reveal()` where the server has `use()`: nothing saves it from a 401. */
export const revealing: Program = { file: pathOf("./reveal-program.ts") }

/** Knows nothing of latchkey, and reads its `.env` again at this interval, in ms. */
export function polling(everyMs: number): Program {
  return { file: pathOf("./poll-program.ts"), args: [String(everyMs)] }
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url))
}
