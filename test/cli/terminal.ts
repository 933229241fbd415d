import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { onTestFinished } from "vitest"
import type { ExitCode } from "../../src/cli/exit-codes.ts"
import { runProgram } from "../../src/cli/program.ts"

const ROTATION = new URL("../../src/rotation/index.ts", import.meta.url).href
const LATCHKEY = new URL("../../src/index.ts", import.meta.url).href

/** The head of every configuration. */
const HEAD = `
import { SecretError } from ${JSON.stringify(LATCHKEY)}
import { assisted, defineRotations, generatedKey } from ${JSON.stringify(ROTATION)}
const consumers = { ttl: "1s", maxStale: "0s", callTimeout: "0.1s", tokenLifetime: "0s" }
`

/** How a run of the command ended. */
export interface Run {
  readonly code: ExitCode | undefined
  readonly out: string
  readonly err: string
  /** What stands on standard output, as JSON. */
  readonly json: Record<string, unknown>
}

/** How a command is run. */
export interface RunOptions {
  readonly stdin?: string | Uint8Array
  /** Whoever writes to standard input does not end it. */
  readonly isEndless?: boolean
  readonly signal?: AbortSignal
  readonly isTerminal?: boolean
  /** What a person types when there is a prompt. */
  readonly typed?: string
  readonly env?: Readonly<Record<string, string>>
  /** Hears of what is written, as it is. */
  readonly onOutput?: (text: string) => void
}

/** A folder with a `.env` and a configuration, in which the command runs in this process, without its own streams. */
export class Desk {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text, { mode: 0o600 })
  }

  /** Writes `latchkey.config.mjs`. What is in scope there says the head above. */
  async configure(text: string, file = "latchkey.config.mjs"): Promise<void> {
    await this.write(file, `${HEAD}${text}`)
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const [out, err, input] = [new PassThrough(), new PassThrough(), new PassThrough()]
    let [written, told] = ["", ""]
    out.on("data", piece => {
      written += piece
      options.onOutput?.(String(piece))
    })
    err.on("data", piece => {
      told += piece
      if (options.typed !== undefined && String(piece).includes("(it is not shown)")) {
        setImmediate(() => input.write(options.typed))
      }
      options.onOutput?.(String(piece))
    })
    const isTTY = options.isTerminal === true
    Object.assign(out, { isTTY })
    Object.assign(err, { isTTY })
    Object.assign(input, { isTTY })
    if (options.stdin !== undefined) input.write(options.stdin)
    if (options.stdin !== undefined && options.isEndless !== true) input.end()
    let code: ExitCode | undefined
    await runProgram(args, "1.2.3", {
      streams: { out, err, in: input, env: options.env ?? {}, folder: this.folder },
      signal: options.signal ?? new AbortController().signal,
      ended(given) {
        code = given
      },
    })
    return {
      code,
      out: written,
      err: told,
      get json() {
        return JSON.parse(written) as Record<string, unknown>
      },
    }
  }
}

/** Makes a desk that is cleared when the test ends. */
export async function newDesk(config?: string): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-cli-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  const desk = new Desk(folder)
  if (config !== undefined) await desk.configure(config)
  return desk
}

/** A configuration with one key in a `.env`, and what else stands in it. */
export function oneKey(folder: string, more = "", plan = "generatedKey({ consumers })"): string {
  return `export default defineRotations({
    store: ${JSON.stringify(`dotenv:${join(folder, ".env")}`)},
    rotations: { "auth/session-key": { plan: ${plan} } },
    ${more}
  })`
}

/** A desk with a canary as the value of a key that rotates. */
export async function deskWithKey(value: string, more?: string, plan?: string): Promise<Desk> {
  const desk = await newDesk()
  await desk.write(".env", `AUTH__SESSION_KEY=${value}\n`)
  await desk.configure(oneKey(desk.folder, more, plan))
  return desk
}
