import { setTimeout as pause } from "node:timers/promises"
import { dotenv } from "latchkey/dotenv"
import { TallyStandIn } from "../stand-in/index.ts"
import { type CallCount, Pace } from "./pace.ts"
import { makePlace, newToken } from "./place.ts"
import type { Replica, Stopped } from "./replica.ts"
import { startRevealReplica } from "./reveal-replica.ts"
import { startServerReplica } from "./server-replica.ts"
import { tracesOf } from "./traces.ts"

export interface LoadOptions {
  /** What works under load: the MCP server, or a program that knows nothing but `reveal()`. Default: the server. */
  readonly program?: "server" | "reveal"
  /** How many copies of it, each a process of its own. Default: 1. */
  readonly replicas?: number
  /** Over all replicas together. Default: 200. */
  readonly callsPerSecond?: number
  /** How often the token changes. Default: 5. */
  readonly rotations?: number
  /** How long the old token stays valid after every replica was seen to use the new one, in ms. Default: 250. */
  readonly overlapMs?: number
  /** How long the load goes on before each change of the token, in ms. Default: 250. */
  readonly calmMs?: number
  /** How Node resolves `latchkey` in the replicas. Default: `["latchkey-source"]`, its sources; `[]` is what was built. */
  readonly conditions?: readonly string[]
  /** Stops all that was started, and rejects. */
  readonly signal?: AbortSignal
  /** Told at every step: how many calls were made and how many rotations are done. */
  readonly progress?: (made: number, rotated: number) => void
}

export interface LoadReport {
  readonly calls: CallCount
  /** How often the far side answered 401. */
  readonly refusals: number
  /** Per rotation: ms from the start of writing the `.env` until the last replica was seen to use the new token. */
  readonly firstUseMs: readonly number[]
  /** How often any of the tokens stands in what the replicas wrote, however spelled. */
  readonly traces: number
  /** How many bytes were searched for them. */
  readonly written: { readonly stdout: number; readonly stderr: number }
  /** How each replica ended when it was asked to stop. */
  readonly stopped: readonly Stopped[]
}

/** A replica that does not take over a new token within this time never will. */
const PATIENCE_MS = 15_000

/**
 * Starts a stand-in for the Tally API and some replicas over one `.env`, keeps them busy, and meanwhile rotates the
 * token as its owner would. Whatever happens, nothing that was started is left behind.
 *
 * @throws Error when a replica does not start, does not take over a new token, or when the signal aborts.
 */
export async function rotateUnderLoad(options: LoadOptions = {}): Promise<LoadReport> {
  const { program = "server", replicas: wanted = 1, callsPerSecond = 200, conditions } = options
  const start = program === "server" ? startServerReplica : startRevealReplica
  const first = newToken()
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  standIn.tokens.add(first)
  const place = await makePlace(`TALLY__API_TOKEN=${first}\n`)
  const replicas: Replica[] = []
  try {
    for (let number = 1; number <= wanted; number++) {
      const name = `replica-${number}`
      replicas.push(await start({ name, folder: place.folder, baseUrl: standIn.url(name), conditions }))
    }
    let turn = 0
    const pace = new Pace(callsPerSecond, async () => await replicas[turn++ % replicas.length]?.call())
    let rotated: Rotated
    try {
      rotated = await rotate(first, { standIn, envFile: place.envFile, replicas, pace, options })
    } finally {
      await pace.stop()
    }
    const stopped = await Promise.all(replicas.map(replica => replica.stop()))
    const stdout = replicas.map(replica => replica.written.stdout).join("")
    const stderr = replicas.map(replica => replica.written.stderr).join("")
    return {
      calls: pace.count,
      refusals: standIn.tokens.refusals,
      firstUseMs: rotated.firstUseMs,
      traces: rotated.tokens.reduce(
        (sum, token) => sum + tracesOf(token, stdout) + tracesOf(token, stderr),
        0,
      ),
      written: { stdout: Buffer.byteLength(stdout), stderr: Buffer.byteLength(stderr) },
      stopped,
    }
  } finally {
    await Promise.all(replicas.map(replica => replica.stop()))
    await standIn.close()
    await place.remove()
  }
}

interface Scene {
  readonly standIn: TallyStandIn
  readonly envFile: string
  readonly replicas: readonly Replica[]
  readonly pace: Pace
  readonly options: LoadOptions
}

interface Rotated {
  readonly tokens: readonly string[]
  readonly firstUseMs: readonly number[]
}

/** Make a new token valid, write it to the `.env`, wait until all are seen to use it, revoke the old one; again. */
async function rotate(first: string, { standIn, envFile, replicas, pace, options }: Scene): Promise<Rotated> {
  const { rotations = 5, overlapMs = 250, calmMs = 250, progress } = options
  const signal = options.signal ?? new AbortController().signal
  const tokens = [first]
  const firstUseMs: number[] = []
  const outside = dotenv(envFile)
  try {
    for (let done = 0; done < rotations; done++) {
      await pause(calmMs, undefined, { signal })
      const old = tokens[done] as string
      const token = newToken()
      tokens.push(token)
      standIn.tokens.add(token)

      const start = performance.now()
      await outside.write("tally/api-token", token, { signal })
      const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
      const uses = await Promise.all(
        replicas.map(({ name }) => standIn.tokens.firstUse(token, name, patience)),
      )
      firstUseMs.push(Math.max(...uses) - start)

      await pause(overlapMs, undefined, { signal })
      standIn.tokens.revoke(old)
      progress?.(pace.count.made, done + 1)
    }
    // The last token has to do some work alone.
    await pause(calmMs, undefined, { signal })
  } finally {
    await outside.close()
  }
  return { tokens, firstUseMs }
}
