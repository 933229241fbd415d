#!/usr/bin/env node
import { readFile } from "node:fs/promises"
import { runProgram } from "./program.ts"

const ending = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => ending.abort())
}
// Whoever reads only the first lines closes the pipe: the rest is nobody's, and what was begun is carried on all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
  })
}

await runProgram(process.argv.slice(2), await ownVersion(), {
  streams: {
    out: process.stdout,
    err: process.stderr,
    in: process.stdin,
    env: process.env,
    folder: process.cwd(),
  },
  signal: ending.signal,
  ended(code) {
    process.exitCode = code
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
