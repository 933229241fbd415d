import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises"
import { TallyStandIn } from "../stand-in/index.ts"
import { dotenvHome, type Home, type MakeHome } from "./home.ts"
import { type CallCount, Pace } from "./pace.ts"
import { newToken } from "./place.ts"
import { startProgramReplica } from "./program-replica.ts"
import type { Program } from "./programs.ts"
import type { Replica, Stopped } from "./replica.ts"
import { startServerReplica } from "./server-replica.ts"
import { type TakeOver, takeOverOf, type Written } from "./take-over.ts"
import { tracesOf } from "./traces.ts"

/**
 * How long an old token stays valid after the new one was written, in ms. A `.env` that changes is believed when two
 * readings 50 ms apart agree; ten times that leaves room for the file system to tell of the change, for the calls that
 * are under way with the old token, and for a busy machine. It is far below what any far side offers, and too short for
 * a program that looks at its `.env` every few seconds.
 */
export const OVERLAP_MS = 500

export interface LoadOptions {
  /** What works under load: the MCP server, or a program of one file. Default: the server. */
  readonly program?: "server" | Program
  /** Where the token is. Default: in a `.env`. */
  readonly makeHome?: MakeHome
  /** How many copies of it, each a process of its own. Default: 1. */
  readonly replicas?: number
  /** Over all replicas together. Default: 200. */
  readonly callsPerSecond?: number
  /** How often the token changes. Default: 5. */
  readonly rotations?: number
  /**
   * When the old token is revoked: so many ms after the new one was written, whoever has noticed by then. 0 is at once.
   * Default: {@link OVERLAP_MS}.
   */
  readonly overlapMs?: number
  /** How long the load goes on before each change of the token, and after the last old one is revoked, in ms. Default: 250. */
  readonly calmMs?: number
  /** How long the load goes on before all that, in ms: what has just been started is slow at everything. Default: 500. */
  readonly warmUpMs?: number
  /** How Node resolves `latchkey` in the replicas. Default: `["latchkey-source"]`, its sources; `[]` is what was built. */
  readonly conditions?: readonly string[]
  /**
   * Waited for twice: before the first rotation, when all replicas run, and after the last one, before they are stopped.
   * For several of these side by side, so that none starts or ends a process while another one is measured.
   */
  readonly together?: () => Promise<void>
  /** Stops all that was started, and rejects. */
  readonly signal?: AbortSignal
  /** Told at every step: how many calls were made and how many rotations are done. */
  readonly progress?: (made: number, rotated: number) => void
}

export interface LoadReport {
  readonly calls: CallCount
  /** How often the far side answered 401. */
  readonly refusals: number
  /** How many more requests came to the far side than calls were made: so often something asked a second time. */
  readonly retries: number
  /** How soon each replica worked with the new tokens. */
  readonly takeOvers: readonly TakeOver[]
  /** Per rotation: ms from the write of the new token until the old one was revoked, as it came to be. */
  readonly revokedAfterMs: readonly number[]
  /** How often any of the tokens stands in what the replicas wrote, however spelled. */
  readonly traces: number
  /** How many bytes were searched for them. */
  readonly written: { readonly stdout: number; readonly stderr: number }
  /** How each replica ended when it was asked to stop. */
  readonly stopped: readonly Stopped[]
}

/**
 * Starts a stand-in for the Tally API and some replicas over one home of the token, keeps them busy, and meanwhile
 * rotates the token as its owner would, who waits for nobody. Whatever happens, nothing that was started is left behind.
 *
 * @throws Error when a replica does not start, or when the signal aborts.
 */
export async function rotateUnderLoad(options: LoadOptions = {}): Promise<LoadReport> {
  const { program = "server", replicas: wanted = 1, callsPerSecond = 200, conditions, together } = options
  const { makeHome = dotenvHome } = options
  const first = newToken()
  const standIn = await TallyStandIn.start({ requestsPerMinute: Number.POSITIVE_INFINITY })
  standIn.tokens.add(first)
  const replicas: Replica[] = []
  let home: Home | undefined
  try {
    home = await makeHome(first)
    const { folder, environment } = home
    for (let number = 1; number <= wanted; number++) {
      const name = `replica-${number}`
      const replica = { name, folder, environment, baseUrl: standIn.url(name), conditions }
      replicas.push(
        await (program === "server" ? startServerReplica(replica) : startProgramReplica(program, replica)),
      )
    }
    await together?.()
    let turn = 0
    const pace = new Pace(callsPerSecond, async () => await replicas[turn++ % replicas.length]?.call())
    let rotated: Rotated
    try {
      rotated = await rotate(first, { standIn, home, pace, options })
    } finally {
      await pace.stop()
    }
    const endedAt = performance.now()
    await together?.()
    const stopped = await Promise.all(replicas.map(replica => replica.stop()))
    const stdout = replicas.map(replica => replica.written.stdout).join("")
    const stderr = replicas.map(replica => replica.written.stderr).join("")
    const { tokens } = standIn
    const asked = tokens.records.reduce((sum, { accepted, refused }) => sum + accepted + refused, 0)
    return {
      calls: pace.count,
      refusals: tokens.refusals,
      retries: asked - pace.count.made,
      takeOvers: replicas.map(({ name }) => takeOverOf(name, rotated.written, tokens, endedAt)),
      revokedAfterMs: rotated.revokedAfterMs,
      traces: [first, ...rotated.written.map(({ token }) => token)].reduce(
        (sum, token) => sum + tracesOf(token, stdout) + tracesOf(token, stderr),
        0,
      ),
      written: { stdout: Buffer.byteLength(stdout), stderr: Buffer.byteLength(stderr) },
      stopped,
    }
  } finally {
    await Promise.all(replicas.map(replica => replica.stop()))
    await standIn.close()
    await home?.remove()
  }
}

interface Scene {
  readonly standIn: TallyStandIn
  readonly home: Home
  readonly pace: Pace
  readonly options: LoadOptions
}

interface Rotated {
  readonly written: readonly Written[]
  readonly revokedAfterMs: readonly number[]
}

/** Make a new token valid, write it to its home, revoke the old one a fixed time later; again. */
async function rotate(first: string, { standIn, home, pace, options }: Scene): Promise<Rotated> {
  const { rotations = 5, overlapMs = OVERLAP_MS, calmMs = 250, warmUpMs = 500, progress } = options
  const signal = options.signal ?? new AbortController().signal
  const written: Written[] = []
  const revokedAfterMs: number[] = []
  let old = first
  await pause(warmUpMs, undefined, { signal })
  for (let done = 1; done <= rotations; done++) {
    await pause(calmMs, undefined, { signal })
    const token = newToken()
    standIn.tokens.add(token)
    const at = await home.replace(token)
    written.push({ token, at })

    // Not even a turn of the event loop lies between if there is no overlap.
    if (overlapMs > 0) {
      await pause(overlapMs, undefined, { signal })
      // Connections and requests that have arrived by now are answered first: should this process have been held up, its
      // timers come before them.
      for (let turns = 0; turns < 2; turns++) await nextTurn()
    }
    standIn.tokens.revoke(old)
    revokedAfterMs.push(performance.now() - at)
    old = token
    progress?.(pace.count.made, done)
  }
  // The last token has to do some work alone.
  await pause(calmMs, undefined, { signal })
  return { written, revokedAfterMs }
}
