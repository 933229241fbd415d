import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { release } from "../release.ts"
import { RUN_VARIABLE } from "../running.ts"
import { thisProcess } from "../system/identity.ts"
import { checkout, serversFolder, stateFolder } from "../system/place.ts"
import { namesIn } from "./names-in.ts"

/**
 * Begins to start the servers that this run needs, and does not wait for them: the tests that need none run first.
 * When the run ends, what it started ends, and what was up before stays.
 */
export function setup(project: TestProject): () => Promise<void> {
  // Another project of the same run has begun it already, for all files.
  if (process.env[RUN_VARIABLE] !== undefined) return async () => undefined
  const run = thisProcess()
  process.env[RUN_VARIABLE] = JSON.stringify(run)
  const files = project.vitest.state.getPaths().filter(path => path.endsWith(".server.test.ts"))
  const names = namesIn(files)
  if (names.length === 0) return async () => await release(stateFolder(), run)

  const program = join(serversFolder, "main.ts")
  const starter = spawn(process.execPath, ["--conditions=latchkey-source", program, "up", ...names], {
    cwd: checkout,
    env: { ...process.env, LATCHKEY_SERVERS_EVERY: "30000" },
    stdio: ["ignore", "ignore", "pipe"],
  })
  starter.stderr.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.trimEnd().split("\n")) process.stderr.write(`servers: ${line}\n`)
  })
  const ended = once(starter, "close")
  return async () => {
    starter.kill("SIGTERM")
    await ended
    await release(stateFolder(), run)
    delete process.env[RUN_VARIABLE]
  }
}
