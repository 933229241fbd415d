import { spawn } from "node:child_process"
import { makePlace, newToken } from "./place.ts"
import { nodeArguments } from "./replica.ts"
import { serverProgram } from "./server-replica.ts"
import { tracesOf } from "./traces.ts"

export interface BrokenReport {
  readonly code: number | null
  readonly stdout: string
  readonly message: string
  /** How often the wrong values stand in what was written. */
  readonly traces: number
}

/**
 * Starts the server with three mistakes at once: the token has lost its beginning, the address is not encrypted,
 * the time limit is no number.
 */
export async function startBroken(signal: AbortSignal): Promise<BrokenReport> {
  const token = newToken().replace("tly-", "")
  const place = await makePlace(`TALLY__API_TOKEN=${token}\n`)
  try {
    const { code, stdout, stderr } = await run(place.folder, signal, {
      TALLY_BASE_URL: "http://tally.example.net",
      TALLY_TIMEOUT_MS: "ten seconds",
    })
    const traces = [token, "tally.example.net", "ten seconds"].map(wrong => tracesOf(wrong, stdout + stderr))
    return { code, stdout, message: stderr.trimEnd(), traces: traces.reduce((sum, count) => sum + count) }
  } finally {
    await place.remove()
  }
}

async function run(
  folder: string,
  signal: AbortSignal,
  env: Record<string, string>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeArguments(), serverProgram], {
      cwd: folder,
      env,
      signal,
      stdio: ["pipe", "pipe", "pipe"],
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk))
    child.once("error", reject)
    child.once("close", code => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
}
