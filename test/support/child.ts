import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import type { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { onTestFinished } from "vitest"
import { eventually } from "./eventually.ts"

/** How a child process ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds from the start of the process to its end. */
  readonly milliseconds: number
  /**
   * For how many milliseconds the process went on after a text had appeared on standard output, as it could tell itself:
   * time for which a busy machine did not let it run does not count. NaN if the text never appeared, or if the process
   * was ended by a signal.
   */
  wentOnAfter(text: string): number
}

/** A child process that is running. */
export interface Child {
  readonly process: ChildProcess
  /** Resolves when a text stands on standard output; rejects when the process ends without it. */
  printed(text: string): Promise<void>
  /** Sends a line to its standard input. */
  say(line: string): void
  /** Sends a signal: SIGSTOP, SIGCONT, SIGTERM. */
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process stands still. */
  stopped(): Promise<void>
  /** Resolves when the process has ended by itself or by a signal; rejects when it had to be killed in the end. */
  readonly ended: Promise<Ended>
}

export interface ChildOptions {
  readonly args?: readonly string[]
  /** All of the child's environment but PATH. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds after which the process is killed and `ended` rejects. Default: 20 seconds. */
  readonly killAfter?: number
}

/** Milliseconds between two ticks of a child's own clock. */
const TICK = 10

/** Lets a program tell at its end when its clock ticked, by the clock that all processes share. It keeps none alive. */
const CLOCK = `
  import { writeSync } from "node:fs"
  const ticks = []
  setInterval(() => ticks.push(Math.round(performance.timeOrigin + performance.now())), ${TICK}).unref()
  process.on("exit", () => writeSync(3, JSON.stringify(ticks)))`

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

/**
 * Runs a small program, TypeScript with imports such as `"latchkey/memory"`, in a Node process of its own, from source.
 * It is killed when the test ends.
 */
export function startChild(program: string, options: ChildOptions = {}): Child {
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [
      "--conditions=latchkey-source",
      `--import=data:text/javascript,${encodeURIComponent(CLOCK)}`,
      "--input-type=module-typescript",
      "--eval",
      program,
      "--",
      ...(options.args ?? []),
    ],
    {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? "", ...options.env },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    },
  )
  const ticks = text(child.stdio[3] as Readable)
  const pieces: { text: string; at: number }[] = []
  let stderr = ""
  const stdout = (): string => pieces.map(piece => piece.text).join("")
  child.stdout
    .setEncoding("utf8")
    .on("data", text => pieces.push({ text, at: performance.timeOrigin + performance.now() }))
  child.stderr.setEncoding("utf8").on("data", text => {
    stderr += text
  })
  // A child that ended before it read what it was told is no failure of the test.
  child.stdin.on("error", () => undefined)

  let killed = false
  const killAfter = options.killAfter ?? 20_000
  const killer = setTimeout(() => {
    killed = true
    child.kill("SIGKILL")
  }, killAfter)
  onTestFinished(() => void child.kill("SIGKILL"))

  const ended = once(child, "close").then(async ([code, signal]): Promise<Ended> => {
    clearTimeout(killer)
    const end = performance.now()
    const ticked = parsed(await ticks)
    if (killed) throw new Error(`the child was killed after ${killAfter} ms\n${stdout()}\n${stderr}`)
    return {
      code,
      signal,
      stdout: stdout(),
      stderr,
      milliseconds: end - started,
      wentOnAfter(text) {
        const since = firstWith(pieces, text)
        if (since === undefined || ticked === undefined) return Number.NaN
        return TICK * ticked.filter(tick => tick > since).length
      },
    }
  })
  // Whoever does not wait for the end learns of a failure by printed(), or does not care.
  ended.catch(() => undefined)

  return {
    process: child,
    async printed(text) {
      while (!stdout().includes(text)) {
        const end = await Promise.race([once(child.stdout, "data").then(() => undefined), ended])
        if (end !== undefined && !stdout().includes(text))
          throw new Error(`the child ended without printing "${text}"\n${end.stdout}\n${end.stderr}`)
      }
    },
    say: line => void child.stdin.write(`${line}\n`),
    signal: signal => void child.kill(signal),
    async stopped() {
      await eventually(async () => {
        const { stdout } = await promisify(execFile)("ps", ["-o", "state=", "-p", String(child.pid)])
        if (!stdout.trim().startsWith("T")) throw new Error("the child does not stand still")
      })
    },
    ended,
  }
}

/** Runs a program in a child process to its end. */
export async function runChild(program: string, options: ChildOptions = {}): Promise<Ended> {
  const child = startChild(program, options)
  child.process.stdin?.end()
  return await child.ended
}

/** What a process told of its ticks; nothing if it could not. */
function parsed(ticks: string): readonly number[] | undefined {
  return ticks === "" ? undefined : (JSON.parse(ticks) as number[])
}

function firstWith(pieces: readonly { text: string; at: number }[], text: string): number | undefined {
  let soFar = ""
  for (const piece of pieces) {
    soFar += piece.text
    if (soFar.includes(text)) return piece.at
  }
  return undefined
}
