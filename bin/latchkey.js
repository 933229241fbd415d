#!/usr/bin/env node
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const source = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url))
const isCheckout = existsSync(new URL("../tsconfig.json", import.meta.url))

// Where the project itself is worked on nothing need be built: the command runs from its source, as tests and demo do.
if (isCheckout) runFromSource()
else await import("../dist/src/cli/main.js")

function runFromSource() {
  const args = ["--conditions=latchkey-source", source, ...process.argv.slice(2)]
  const child = spawn(process.execPath, args, { stdio: "inherit" })
  // Whoever sends a signal to this one means the other, which takes one that a terminal has sent to both for the same.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal))
  child.once("error", () => {
    process.exitCode = 1
  })
  child.once("close", (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1
    else process.exitCode = 1
  })
}
