#!/usr/bin/env node
import { readFile } from "node:fs/promises"
import { runningIn } from "./host.ts"
import { runProgram } from "./program.ts"

const running = runningIn(process)
// Not awaited by the module: what never comes to an end is told of by the host, in its own words.
void runProgram(process.argv.slice(2), await ownVersion(), running)

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
