import { readFile } from "node:fs/promises"
import { createInterface } from "node:readline/promises"
import { Writable } from "node:stream"
import { text } from "node:stream/consumers"
import type { AskInput } from "../../rotation/index.ts"
import type { Streams } from "../streams.ts"
import { UsageError } from "../usage-error.ts"
import type { RotateFlags } from "./wish.ts"

/** Where the command takes a new token from. */
export function tokenInput({ tokenFile, tokenStdin }: RotateFlags, streams: Streams): AskInput {
  if (tokenFile !== undefined) return async () => await fromFile(tokenFile)
  if (tokenStdin !== true) return () => undefined
  return streams.in.isTTY === true ? async context => await ask(context.name, streams) : once(streams.in)
}

async function fromFile(path: string): Promise<string> {
  try {
    return withoutLineBreak(await readFile(path, "utf8"))
  } catch {
    throw new UsageError(
      `the file ${path} cannot be read`,
      "--token-file names the file that holds the new token",
    )
  }
}

/** Standard input is read once, whoever asks for it. */
function once(stream: NodeJS.ReadableStream): AskInput {
  let whole: Promise<string> | undefined
  return async () => {
    whole ??= text(stream)
    return withoutLineBreak(await whole)
  }
}

/** What is typed or pasted is not shown. */
async function ask(name: string, { in: input, err }: Streams): Promise<string> {
  err.write(`new token for ${name} (it is not shown): `)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true })
  try {
    return (await lines.question("")).trim()
  } finally {
    lines.close()
    err.write("\n")
  }
}

/** Editors and `echo` end a file with one. */
function withoutLineBreak(given: string): string {
  return given.replace(/\r?\n$/, "")
}
