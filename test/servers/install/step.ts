import { spawn } from "node:child_process"
import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs"
import { StringDecoder } from "node:string_decoder"

/** Says what goes on, in a few words. */
export type Report = (doing: string) => void

/** What an installation works with. */
export interface Installing {
  /** An empty folder in which to install; it is renamed when all is done. */
  readonly folder: string
  /** The file that keeps what the commands print. */
  readonly log: string
  readonly report: Report
  readonly signal?: AbortSignal | undefined
}

/** A command of an installation that ended with an error; the message has the end of what it printed. */
export class StepFailed extends Error {
  override readonly name = "StepFailed"
}

/** How to run a command of an installation. */
export interface Step {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Told of each line that the command prints. */
  readonly line?: (line: string) => void
}

/** Runs a command to its end, with what it prints in the log. */
export async function step(installing: Installing, { command, args, cwd, env, line }: Step): Promise<void> {
  const { log, signal } = installing
  appendFileSync(log, `$ ${[command, ...args].join(" ")}\n`)
  const file = openSync(log, "a")
  try {
    const how = await new Promise<string>((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: cwd ?? installing.folder,
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
        signal,
      })
      for (const stream of [child.stdout, child.stderr]) {
        const decoder = new StringDecoder("utf8")
        stream.on("data", (bytes: Buffer) => {
          appendFileSync(file, bytes)
          for (const text of decoder.write(bytes).split("\n")) if (text !== "") line?.(text)
        })
      }
      child.once("error", reject)
      child.once("close", (code, killer) => resolve(code === 0 ? "" : `ended with ${killer ?? code}`))
    })
    if (how !== "") throw new StepFailed(`${command} ${args[0]} ${how}\n${tailOf(log, 12)}`)
  } finally {
    closeSync(file)
  }
}

/** The last lines of a file, indented; nothing if there is no such file. */
export function tailOf(path: string, lines: number): string {
  try {
    const all = readFileSync(path, "utf8").trimEnd().split("\n")
    return all
      .slice(-lines)
      .map(line => `  ${line}`)
      .join("\n")
  } catch {
    return ""
  }
}
