import {
  fileError,
  misconfigured,
  refuseUnknownOptions,
  SecretError,
  type SecretValue,
  settledFiles,
  systemClock,
  untilAborted,
  valueOfFile,
} from "../../../core/index.ts"
import type { AwaitsContext } from "../../plan.ts"

/** Standard input, or another stream that ends after the token. Read once. */
export interface StreamInput {
  readonly stream: AsyncIterable<string | Uint8Array>
}

/** A file that a person, or another program, writes the token into. Read again each time, never half-written. */
export interface FileInput {
  readonly file: string
}

/**
 * Asks for the token, a person at a terminal for example; `undefined` if there is none yet. Asked again only when the
 * token that it gave was used.
 */
export type AskInput = (context: AwaitsContext) => SecretValue | undefined | Promise<SecretValue | undefined>

/** Where the new token comes from. */
export type AssistedInput = FileInput | StreamInput | AskInput

/** The input of a plan. */
export interface Input {
  /** In a message: `the file tally.token`. */
  readonly called: string
  /** What is there now, without one trailing line break; `undefined` for nothing yet. The same again until {@link forget}. */
  read(context: AwaitsContext): Promise<SecretValue | undefined>
  /** What was read last for this secret is not offered again, unless it stands in a file. */
  forget(secret: string): void
}

/** More than any token has: a file that is larger, or a stream that goes on, was named by mistake. */
const LARGEST = 65_536

/** @throws SecretError `MISCONFIGURED` for an input that is none. */
export function inputOf(of: string, input: AssistedInput): Input {
  if (typeof input === "function") {
    return remembering("what was asked for", async context => answerOf(await input(context)))
  }
  refuseUnknownOptions(`input of ${of}`, input, ["file", "stream"])
  const { file, stream } = input as Partial<FileInput & StreamInput>
  if (typeof file === "string" && file !== "" && stream === undefined) return ofFile(file)
  if (file === undefined && typeof stream?.[Symbol.asyncIterator] === "function") return ofStream(stream)
  throw misconfigured(
    `input of ${of} is neither a file nor a stream nor a function`,
    'write input: { file: "tally.token" }, input: { stream: process.stdin }, or a function that asks',
  )
}

function ofFile(file: string): Input {
  const files = settledFiles(systemClock)
  return {
    called: `the file ${file}`,
    async read({ signal }) {
      const reading = await files.read(file, signal)
      if ("bytes" in reading) return bounded(`the file ${file}`, valueOfFile(reading.bytes))
      if (reading.problem === "missing") return undefined
      throw fileError(`the file ${file}`, reading, files.wasRead(file))
    },
    forget: () => undefined,
  }
}

function ofStream(stream: AsyncIterable<string | Uint8Array>): Input {
  let whole: Promise<SecretValue> | undefined
  let isOver = false
  return remembering("the input", async ({ signal }) => {
    if (isOver) return undefined
    if (whole === undefined) {
      whole = wholeOf(stream)
      // Whoever waits for it may leave first; the next one learns of the failure.
      whole.catch(() => undefined)
    }
    const reading = whole
    const value = await untilAborted(signal, async () => reading)
    isOver = true
    return value
  })
}

async function wholeOf(stream: AsyncIterable<string | Uint8Array>): Promise<SecretValue> {
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of stream) {
      const bytes = Buffer.from(piece as string)
      size += bytes.length
      pieces.push(bytes)
      if (size > LARGEST) break
    }
  } catch {
    // What a stream throws may be anything, and quote what passed through it.
    throw new SecretError("UNAVAILABLE", {
      message: "the input broke off",
      transient: false,
      hint: "give the token once more",
    })
  }
  return bounded("the input", valueOfFile(Buffer.concat(pieces)))
}

/** A person, or what asks for him, may end the answer with a line break, as a file is ended. */
function answerOf(given: unknown): SecretValue | undefined {
  if (given === undefined) return undefined
  if (typeof given === "string" || given instanceof Uint8Array) {
    return bounded("what was asked for", valueOfFile(Buffer.from(given as string)))
  }
  throw new SecretError("INVALID_VALUE", {
    message: "the function that asks for the token gave something else than text",
    hint: "return the token, or undefined as long as there is none",
  })
}

/**
 * Keeps an answer from `awaits` to `create`, for each secret by itself: nobody is to type a token twice. A process that
 * dies in between loses nothing but the answer, and asks again.
 */
function remembering(
  called: string,
  ask: (context: AwaitsContext) => Promise<SecretValue | undefined>,
): Input {
  const kept = new Map<string, SecretValue>()
  return {
    called,
    async read(context) {
      const known = kept.get(context.name)
      if (known !== undefined) return known
      const value = await ask(context)
      if (value !== undefined) kept.set(context.name, value)
      return value
    },
    forget: secret => void kept.delete(secret),
  }
}

function bounded(called: string, value: SecretValue): SecretValue {
  if (Buffer.byteLength(value) <= LARGEST) return value
  throw new SecretError("INVALID_VALUE", {
    message: `${called} holds more than ${LARGEST} bytes, and no token`,
    hint: "it may be another one than was meant: look at where the token is",
  })
}
