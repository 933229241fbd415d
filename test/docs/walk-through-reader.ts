import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

/** One block of code of a page, and what a reader does with it. */
export interface Step {
  /** The line of the page on which it begins. */
  readonly line: number
  /** The heading below which it stands. */
  readonly heading: string
  /** `run`: in a shell. `leave`: in another terminal, to go on. `write`: into a file. `see`: what was just printed. */
  readonly does: "run" | "leave" | "write" | "see"
  readonly text: string
  /** The file that is written. */
  readonly file?: string
}

const BLOCK = /(?:<!-- ([^>]+) -->\n)?```(\w+)\n([\s\S]*?)```/g

/** What a page tells its reader to do, in order. Blocks of other languages are for looking at. */
export async function stepsOf(page: string): Promise<Step[]> {
  const text = await readFile(join(ROOT, page), "utf8")
  return Array.from(text.matchAll(BLOCK)).flatMap(({ index, 1: marker, 2: language, 3: body = "" }) => {
    const before = text.slice(0, index)
    const place = {
      line: before.split("\n").length,
      heading:
        before
          .match(/^#+ .*$/gm)
          ?.at(-1)
          ?.replace(/^#+ /, "") ?? "",
      text: body,
    }
    if (language === "sh") return { ...place, does: marker === "left running" ? "leave" : "run" } as const
    if (language === "text") return { ...place, does: "see" } as const
    const file = /`([\w.-]+)`:\s*$/.exec(before)?.[1]
    return file === undefined ? [] : { ...place, does: "write", file }
  })
}

/** What came of one step. */
export interface Ran {
  readonly code: number | null
  readonly output: string
}

/** A reader of a page, who sits in an empty folder and does what it says. */
export class Reader {
  readonly folder: string
  readonly #home: string
  readonly #environment: Record<string, string>
  readonly #left: { readonly child: ChildProcess; output: string; readonly ended: Promise<void> }[] = []
  #last = ""

  private constructor(home: string, environment: Record<string, string>) {
    this.#home = home
    this.folder = join(home, "folder")
    const { PATH = "" } = process.env
    const path = [dirname(process.execPath), PATH].join(delimiter)
    this.#environment = { HOME: home, PATH: path, NO_COLOR: "1", ...environment }
  }

  /** One that is gone when the test ends, with all that it left running. */
  static async sitDown(environment: Record<string, string> = {}): Promise<Reader> {
    const home = await mkdtemp(join(tmpdir(), "latchkey-reader-"))
    const reader = new Reader(home, environment)
    await mkdir(reader.folder)
    onTestFinished(async () => {
      await reader.stopAll()
      await rm(home, { recursive: true, force: true })
    })
    return reader
  }

  /** Does what `npm install <packages>` does, with this checkout in the place of the registry. */
  async install(packages: readonly string[]): Promise<void> {
    const bin = join(this.folder, "node_modules/.bin")
    await mkdir(bin, { recursive: true })
    for (const name of packages) {
      await symlink(name === "latchkey" ? ROOT : join(ROOT, "node_modules", name), join(bin, "..", name))
    }
    if (packages.includes("latchkey")) await symlink("../latchkey/bin/latchkey.js", join(bin, "latchkey"))
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text)
  }

  /** Runs a block in a shell. What it exports is there for the next one. */
  async run(text: string): Promise<Ran> {
    const exported = join(this.#home, "exported")
    const script = `set -e\n[ ! -f ${exported} ] || . ${exported}\n${text}\nexport -p > ${exported}\n`
    const child = this.#shell(script)
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk
      })
    }
    const code = await new Promise<number | null>(resolve => child.once("close", resolve))
    this.#last = output
    return { code, output }
  }

  /** Starts a program in another terminal, which has what was exported. */
  leave(text: string): void {
    const exported = join(this.#home, "exported")
    const child = this.#shell(`[ ! -f ${exported} ] || . ${exported}\nexec ${text}`)
    const one = {
      child,
      output: "",
      ended: new Promise<void>(resolve => child.once("close", () => resolve())),
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        one.output += chunk
      })
    }
    this.#left.push(one)
  }

  /** What the program has printed that was left running last. */
  get leftOutput(): string {
    return this.#left.at(-1)?.output ?? ""
  }

  async stopAll(): Promise<void> {
    for (const { child, ended } of this.#left) {
      child.kill("SIGTERM")
      await ended
    }
  }

  /** The lines that a page shows and that were not printed; the numbers of a run are its own. */
  missing(shown: string): string[] {
    const printed = this.#last.split("\n").map(withoutNumbers)
    const lines = shown.split("\n").filter(line => line.trim() !== "")
    return lines.filter(line => !printed.includes(withoutNumbers(line)))
  }

  #shell(script: string): ChildProcess {
    const env = { ...this.#environment, NODE_OPTIONS: "--conditions=latchkey-source" }
    return spawn("sh", ["-c", script], { cwd: this.folder, env, stdio: ["ignore", "pipe", "pipe"] })
  }
}

function withoutNumbers(line: string): string {
  return line
    .trim()
    .replaceAll(/\d+(?:\.\d+)?/g, "0")
    .replaceAll(/ {2,}/g, "  ")
}
