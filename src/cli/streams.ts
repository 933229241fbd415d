import type { Readable } from "node:stream"
import { styleText } from "node:util"

/** Where the command writes to and reads from; in tests something else than the process's own. */
export interface Streams {
  /** What was asked for: the only thing that a pipe gets. */
  readonly out: NodeJS.WritableStream
  /** Progress and errors. */
  readonly err: NodeJS.WritableStream
  readonly in: Readable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folder: string
}

/** The formats that the command uses. */
export type Paint = (style: "bold" | "dim" | "green" | "red" | "yellow", text: string) => string

/** Colours where a person looks on, and none where `NO_COLOR`, a pipe or the caller says so. */
export function paintFor(
  stream: NodeJS.WritableStream,
  env: Streams["env"],
  wanted: boolean | undefined,
): Paint {
  const isTerminal = (stream as Partial<NodeJS.WriteStream>).isTTY === true
  const plain = wanted === false || !isTerminal || (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb"
  return plain ? (_, text) => text : (style, text) => styleText(style, text, { validateStream: false })
}

/** Writes a line. Whoever has closed the pipe wants no more, and that is no failure. */
export function writeLine(stream: NodeJS.WritableStream, line: string): void {
  stream.write(`${line}\n`)
}
