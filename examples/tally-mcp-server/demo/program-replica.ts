import { spawn } from "node:child_process"
import type { Reply } from "./answer-parent.ts"
import type { Program } from "./programs.ts"
import { nodeArguments, type Replica, type ReplicaOptions, type Stopped } from "./replica.ts"

/** Starts a program in a process of its own. */
export async function startProgramReplica(
  { file, args = [] }: Program,
  { name, folder, environment, baseUrl, conditions }: ReplicaOptions,
): Promise<Replica> {
  const child = spawn(process.execPath, [...nodeArguments(conditions), file, ...args], {
    cwd: folder,
    env: { ...environment, TALLY_BASE_URL: baseUrl },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk))
  const waiting = new Map<number, (status: number | undefined) => void>()
  const ended = new Promise<void>(resolve => {
    child.once("close", () => {
      for (const answer of waiting.values()) answer(undefined)
      resolve()
    })
  })
  await new Promise<void>(resolve => {
    child.once("message", () => resolve())
    child.once("close", () => resolve())
  })
  if (child.exitCode !== null)
    throw new Error(`the program did not start; it wrote:\n${Buffer.concat(stderr)}`)
  child.on("message", (reply: Reply) => {
    waiting.get(reply.id)?.(reply.status)
    waiting.delete(reply.id)
  })

  let asked = 0
  return {
    name,
    async call() {
      const id = asked++
      const status = await new Promise<number | undefined>(resolve => {
        waiting.set(id, resolve)
        child.send(id, failed => {
          if (failed) waiting.get(id)?.(undefined)
        })
      })
      if (status === undefined) throw new Error("the program ended")
      if (status !== 200) throw new Error(status === 0 ? "no answer" : `HTTP ${status}`)
    },
    async stop(): Promise<Stopped> {
      const start = performance.now()
      child.kill("SIGTERM")
      await ended
      return { code: child.exitCode, tookMs: performance.now() - start }
    },
    get written() {
      return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
    },
  }
}
