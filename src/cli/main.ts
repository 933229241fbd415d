#!/usr/bin/env node
import { readFile } from "node:fs/promises"
import { className } from "../core/index.ts"
import { EXIT } from "./exit-codes.ts"
import { runProgram } from "./program.ts"

/** A signal that comes again so soon is the same one: a terminal tells a program and whoever started it, who hands it on. */
const SAME_SIGNAL = 1_000
/** What the configuration left open may come to its end for so long, in milliseconds. */
const LEFT_OPEN = 5_000

const ending = new AbortController()
let askedAt = 0
let isOver = false

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (ending.signal.aborted && performance.now() - askedAt > SAME_SIGNAL) process.exit(EXIT.stopped)
    if (ending.signal.aborted) return
    askedAt = performance.now()
    ending.abort()
  })
}
// Whoever reads only the first lines closes the pipe: the rest is nobody's, and what was begun is carried on all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
  })
}
// What nobody caught comes from the configuration or what it uses, such as a pool of connections, and may quote anything.
process.on("uncaughtException", thrown => {
  process.stderr.write(
    `latchkey: ${className(thrown)} that nobody caught; its message may hold a value and is not shown\n`,
  )
  process.exit(EXIT.failed)
})
process.once("beforeExit", () => {
  if (isOver) return
  process.stderr.write("latchkey: the configuration waits for something that never comes\n")
  process.exitCode = EXIT.failed
})

void runProgram(process.argv.slice(2), await ownVersion(), {
  streams: {
    out: process.stdout,
    err: process.stderr,
    in: process.stdin,
    env: process.env,
    folder: process.cwd(),
  },
  signal: ending.signal,
  ended(code) {
    isOver = true
    process.exitCode = code
    // Not awaited by anything: it is too late only where something else keeps the process alive.
    setTimeout(() => {
      process.stderr.write(
        "latchkey: the configuration left something open, such as a pool of connections, and is not waited for; close it in its close()\n",
      )
      process.exit(code)
    }, LEFT_OPEN).unref()
  },
})

/** The version of the package, which stands above this file wherever it was built to. */
async function ownVersion(): Promise<string> {
  for (const up of ["../../package.json", "../../../package.json"]) {
    try {
      const { version } = JSON.parse(await readFile(new URL(up, import.meta.url), "utf8")) as {
        version: string
      }
      return version
    } catch {
      // It is one folder further up.
    }
  }
  return "unknown"
}
