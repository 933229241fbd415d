import { createReadStream } from "node:fs"
import { isAbsolute, resolve } from "node:path"
import { createInterface } from "node:readline/promises"
import { type Readable, Writable } from "node:stream"
import { printable, untilAborted } from "../../core/index.ts"
import type { CommandInput } from "../../rotation/index.ts"
import type { Streams } from "../streams.ts"
import { UsageError } from "../usage-error.ts"
import type { Limit } from "./limit.ts"
import type { RotateFlags } from "./wish.ts"

/** More than any token has: what is larger was named by mistake. */
const LARGEST = 65_536

/** What the flags give to a configuration. */
export class GivenToken implements CommandInput {
  readonly #source: ((secret: string, limit: Limit) => Promise<string | undefined>) | undefined
  #token: string | undefined
  #wanted = false
  #asked = false

  constructor({ tokenFile, tokenStdin }: RotateFlags, streams: Streams) {
    if (tokenFile !== undefined) {
      this.#source = async (_, { signal }) => await fromFile(tokenFile, streams.folder, signal)
    } else if (tokenStdin === true) {
      this.#source = async (secret, limit) =>
        streams.in.isTTY === true ? await ask(secret, streams, limit) : await fromStdin(streams, limit.signal)
    }
  }

  /** See `CommandInput`. */
  get input(): CommandInput["input"] {
    this.#wanted = true
    return () => {
      this.#asked = true
      return this.#token
    }
  }

  /** @throws UsageError where a token is given that the configuration has no use for. */
  checkWanted(): void {
    if (this.#source === undefined || this.#wanted) return
    throw new UsageError(
      "the configuration takes no token from the command line",
      "write export default defineRotations(({ input }) => …), and hand input to assisted() or tallyToken()",
    )
  }

  /**
   * Takes the token, before anything is begun: a rotation waits for no person in the middle, and what cannot be read is
   * no reason to begin one.
   *
   * @throws UsageError for a file or an input that holds none.
   */
  async take(secret: string, limit: Limit): Promise<void> {
    this.#token = await this.#source?.(secret, limit)
  }

  /** Whether a token was given that nobody asked for: a rotation was on its way already, for example. */
  get isLeftOver(): boolean {
    return this.#token !== undefined && !this.#asked
  }
}

async function fromFile(path: string, folder: string, signal: AbortSignal): Promise<string> {
  const stream = createReadStream(isAbsolute(path) ? path : resolve(folder, path))
  return await whole(stream, `the file ${printable(path)}`, signal)
}

async function fromStdin({ in: input }: Streams, signal: AbortSignal): Promise<string> {
  return await whole(input, "standard input", signal)
}

async function whole(stream: Readable, called: string, signal: AbortSignal): Promise<string> {
  try {
    const bytes = await untilAborted(signal, async () => await bytesOf(stream, called))
    return textIn(bytes, called)
  } finally {
    // Whoever writes to a pipe that nobody reads any more learns of it, and keeps this process from ending no longer.
    stream.destroy()
  }
}

async function bytesOf(stream: Readable, called: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  try {
    for await (const piece of stream) {
      const bytes = Buffer.from(piece as string)
      pieces.push(bytes)
      size += bytes.length
      if (size > LARGEST) break
    }
  } catch (thrown) {
    const { code = "" } = thrown as NodeJS.ErrnoException
    const why = /^E[A-Z]+$/.test(code) ? ` (${code})` : ""
    throw new UsageError(`${called} cannot be read${why}`, "it is to hold the new token, and nothing else")
  }
  if (size <= LARGEST) return Buffer.concat(pieces)
  throw new UsageError(`${called} holds more than ${LARGEST} bytes, and no token`, "see where the token is")
}

function textIn(bytes: Buffer, called: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError(`${called} holds bytes that are no text`, "write the token as UTF-8")
  }
}

/** What is typed or pasted is not shown. Nothing for whoever ends the input instead. */
async function ask(secret: string, { in: input, err }: Streams, limit: Limit): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 })
  const ended = new Promise<undefined>(resolve => lines.once("close", () => resolve(undefined)))
  // Only now, when the terminal shows nothing any more: whoever pastes at once is quicker than that.
  err.write(`new token for ${printable(secret)} (it is not shown): `)
  // A terminal that shows nothing does not turn Ctrl-C into a signal either.
  lines.once("SIGINT", () => limit.interrupt())
  try {
    const answer = await untilAborted(
      limit.signal,
      async () => await Promise.race([lines.question(""), ended]),
    )
    return answer?.trim()
  } finally {
    lines.close()
    err.write("\n")
  }
}
