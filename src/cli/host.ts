import type { Readable } from "node:stream"
import { className } from "../core/index.ts"
import type { Running } from "./commands/rotate.ts"
import { EXIT } from "./exit-codes.ts"

/** A signal that comes again so soon is the same one: a terminal tells a program and whoever started it, who hands it on. */
const SAME_SIGNAL = 1_000
/** What the configuration left open may come to its end for so long, in milliseconds. */
const LEFT_OPEN = 5_000

/** What a command needs of `process`. */
export interface Host {
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  exitCode?: number | string | null | undefined
  cwd(): string
  exit(code: number): void
  on(
    event: "SIGINT" | "SIGTERM" | "uncaughtException" | "beforeExit",
    listener: (told: unknown) => void,
  ): unknown
}

/**
 * Lets a process run one command: ends it in order when it is asked to, carries it on when nobody reads what it writes,
 * shows nothing of what nobody caught, and does not let it wait for what the configuration left open.
 */
export function runningIn(host: Host): Running {
  const ending = new AbortController()
  let askedAt = 0
  let isOver = false

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    host.on(signal, () => {
      if (!ending.signal.aborted) {
        askedAt = performance.now()
        ending.abort()
      } else if (performance.now() - askedAt > SAME_SIGNAL) host.exit(EXIT.stopped)
    })
  }
  // Whoever reads only the first lines closes the pipe: the rest is nobody's, and what was begun is carried on all the same.
  for (const stream of [host.stdout, host.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error
    })
  }
  // What nobody caught comes from the configuration or what it uses, such as a pool of connections, and may quote anything.
  host.on("uncaughtException", thrown => {
    host.stderr.write(
      `latchkey: ${className(thrown)} that nobody caught; its message may hold a value and is not shown\n`,
    )
    host.exit(EXIT.failed)
  })
  host.on("beforeExit", () => {
    if (isOver) return
    isOver = true
    host.stderr.write("latchkey: the configuration waits for something that never comes\n")
    host.exitCode = EXIT.failed
  })

  return {
    streams: { out: host.stdout, err: host.stderr, in: host.stdin, env: host.env, folder: host.cwd() },
    signal: ending.signal,
    ended(code) {
      isOver = true
      host.exitCode = code
      // Keeps no process alive itself: it comes only where something else does.
      setTimeout(() => {
        host.stderr.write(
          "latchkey: the configuration left something open, such as a pool of connections, and is not waited for; close it in its close()\n",
        )
        host.exit(code)
      }, LEFT_OPEN).unref()
    },
  }
}
