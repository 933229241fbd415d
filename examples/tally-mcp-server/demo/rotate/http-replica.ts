import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { nodeArguments, type Stopped } from "../replica.ts"

/** The program of the server over HTTP. */
const httpProgram: string = fileURLToPath(new URL("../../src/http/main.ts", import.meta.url))

/** One copy of the server over HTTP, in a process of its own. */
export interface HttpReplica {
  /** Where it listens: `http://127.0.0.1:40123`. */
  readonly origin: string
  /** Asks it to stop with SIGTERM, and resolves when it has ended. */
  stop(): Promise<Stopped>
  /** Everything that it has written. */
  written(): string
}

/**
 * Starts one, and resolves when it listens.
 *
 * @param folder where its `.env` is.
 * @throws Error with what it wrote, if it ends before that.
 */
export async function startHttpReplica(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<HttpReplica> {
  const child = spawn(process.execPath, [...nodeArguments(), httpProgram], {
    cwd: folder,
    env: { ...environment, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let text = ""
  const ended = new Promise<void>(resolve => child.once("close", () => resolve()))
  const origin = await new Promise<string>((resolve, reject) => {
    const take = (chunk: string): void => {
      text += chunk
      const found = /ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout.setEncoding("utf8").on("data", take)
    child.stderr.setEncoding("utf8").on("data", take)
    child.once("error", reject)
    void ended.then(() => reject(new Error(`the server did not start; it wrote:\n${text}`)))
  })
  return {
    origin,
    async stop() {
      const start = performance.now()
      child.kill("SIGTERM")
      await ended
      return { code: child.exitCode, tookMs: performance.now() - start }
    },
    written: () => text,
  }
}
