#!/usr/bin/env node
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const source = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url))
const isCheckout = existsSync(new URL("../tsconfig.json", import.meta.url))

/** As in "engines" of package.json: the oldest Node that runs TypeScript as it is. */
const OLDEST = [22, 18]
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const isTooOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])

if (isTooOld) refuse()
// Where the project itself is worked on nothing need be built: the command runs from its source, as tests and demo do.
else if (isCheckout) runFromSource()
else await import("../dist/src/cli/main.js")

function refuse() {
  process.stderr.write(
    `latchkey: this is Node ${process.versions.node}, and ${OLDEST.join(".")} or later is needed\n` +
      "  bring Node up to date, or let npm bring another one beside it: npm install node@24\n",
  )
  process.exitCode = 2
}

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
