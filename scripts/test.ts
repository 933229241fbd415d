/**
 * `npm test`: all tests but the long ones with coverage, and then the long ones without it. With arguments, just what vitest
 * makes of them: `npm test -- test/rotation`, `npm test -- --project unit`.
 */
import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { root } from "./project.ts"

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")

const given = process.argv.slice(2)
const runs = given.length > 0 ? [given] : [["--coverage", "--project=!long"], ["--project=long"]]
const ending = new AbortController()
// Ctrl-C reaches the tests as well, who clear up; this one waits for them. Whatever else ends it is passed on.
process.on("SIGINT", () => ending.abort())
for (const args of runs) {
  if (ending.signal.aborted) break
  process.exitCode = (await vitestRun(args)) || process.exitCode
}
if (ending.signal.aborted) process.exitCode = 130

async function vitestRun(args: readonly string[]): Promise<number> {
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vitest, "run", ...args], { cwd: root, stdio: "inherit" })
    const end = (): void => {
      ending.abort()
      child.kill("SIGTERM")
    }
    process.on("SIGTERM", end)
    child.on("error", reject)
    child.on("close", code => {
      process.off("SIGTERM", end)
      resolve(code ?? 1)
    })
  })
}
