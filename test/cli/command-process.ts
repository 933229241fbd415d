import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"
import { eventually } from "../support/eventually.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))
const MAIN = join(ROOT, "src/cli/main.ts")

/** How a command is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Nobody reads its output: the pipe is closed at once. */
  readonly deaf?: boolean
  /** What is started instead of the command's own file: `["/usr/bin/script", …]`. */
  readonly by?: readonly [string, ...string[]]
}

/** A command that runs. */
export interface Command {
  readonly process: ChildProcess
  readonly ended: Promise<{ code: number | null; signal: string | null; out: string; err: string }>
  /** All that it has written by now. */
  written(): string
  /** Resolves when a text stands in what it wrote. */
  wrote(text: string): Promise<void>
}

/** A folder of a user's: a configuration that imports `latchkey`, as if it was installed there. */
export class Workplace {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text, { mode: 0o600 })
  }

  async read(file: string): Promise<string> {
    return await readFile(join(this.folder, file), "utf8")
  }

  /** Resolves when a file is there. */
  async has(file: string): Promise<void> {
    await eventually(async () => await this.read(file))
  }

  /** The arguments of Node with which the command is started. */
  static command(...args: readonly string[]): [string, ...string[]] {
    return [process.execPath, "--conditions=latchkey-source", MAIN, ...args]
  }

  start(args: readonly string[], { env = {}, stdin, deaf = false, by }: StartOptions = {}): Command {
    const [file, ...rest] = by ?? Workplace.command(...args)
    const child = spawn(file, rest, {
      cwd: this.folder,
      env: { PATH: process.env.PATH ?? "", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    })
    let [out, err] = ["", ""]
    if (deaf) {
      child.stdout.destroy()
      child.stderr.destroy()
    } else {
      child.stdout.setEncoding("utf8").on("data", text => {
        out += text
      })
      child.stderr.setEncoding("utf8").on("data", text => {
        err += text
      })
    }
    // A command that ended before it read what it was told is no failure of the test.
    child.stdin.on("error", () => undefined)
    if (stdin !== undefined) child.stdin.end(stdin)
    onTestFinished(() => void child.kill("SIGKILL"))
    const ended = once(child, "close").then(([code, signal]) => ({ code, signal, out, err }))
    const written = (): string => out + err
    return {
      process: child,
      ended,
      written,
      async wrote(text) {
        await eventually(() => {
          if (!written().includes(text)) throw new Error(`nothing wrote "${text}" yet:\n${written()}`)
        })
      },
    }
  }

  async run(args: readonly string[], options: StartOptions = {}): Promise<Awaited<Command["ended"]>> {
    return await this.start(args, { stdin: "", ...options }).ended
  }
}

/** Makes a folder, which is cleared when the test ends. */
export async function newWorkplace(config: string): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-command-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, "node_modules"))
  await symlink(ROOT, join(folder, "node_modules/latchkey"))
  const workplace = new Workplace(folder)
  await workplace.write("package.json", `{ "type": "module" }`)
  await workplace.write("latchkey.config.ts", config)
  return workplace
}
