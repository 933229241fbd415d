import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

/** How a child process ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds from the start of the process to its end. */
  readonly milliseconds: number
  /** Milliseconds from the moment at which a text appeared on standard output to the end; NaN if it never did. */
  millisecondsSince(text: string): number
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
      "--input-type=module-typescript",
      "--eval",
      program,
      "--",
      ...(options.args ?? []),
    ],
    {
      cwd: ROOT,
      env: { PATH: process.env.PATH ?? "", ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    },
  )
  const pieces: { text: string; at: number }[] = []
  let stderr = ""
  const stdout = (): string => pieces.map(piece => piece.text).join("")
  child.stdout.setEncoding("utf8").on("data", text => pieces.push({ text, at: performance.now() }))
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

  const ended = once(child, "close").then(([code, signal]: (number | NodeJS.Signals | null)[]): Ended => {
    clearTimeout(killer)
    const end = performance.now()
    if (killed) throw new Error(`the child was killed after ${killAfter} ms\n${stdout()}\n${stderr}`)
    return {
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: stdout(),
      stderr,
      milliseconds: end - started,
      millisecondsSince: text => end - (firstWith(pieces, text) ?? Number.NaN),
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
    ended,
  }
}

/** Runs a program in a child process to its end. */
export async function runChild(program: string, options: ChildOptions = {}): Promise<Ended> {
  const child = startChild(program, options)
  child.process.stdin?.end()
  return await child.ended
}

function firstWith(pieces: readonly { text: string; at: number }[], text: string): number | undefined {
  let soFar = ""
  for (const piece of pieces) {
    soFar += piece.text
    if (soFar.includes(text)) return piece.at
  }
  return undefined
}
