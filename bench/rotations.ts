import { join } from "node:path"
import { type LoadReport, OVERLAP_MS, rotateUnderLoad } from "../examples/tally-mcp-server/demo/load.ts"
import { type Program, polling, revealing } from "../examples/tally-mcp-server/demo/programs.ts"

const POLL_MS = 3_000

/** How long the old token and the new one are in use together, or the new one alone, between two writes. */
const SPACING_MS = OVERLAP_MS + 100

/** What works while its token changes: the first two with latchkey, the others without. */
const PROGRAMS = {
  server: "server",
  reveal: revealing,
  poller: polling(POLL_MS),
  once: { file: join(import.meta.dirname, "peers/dotenv-program.ts") },
} satisfies Record<string, "server" | Program>

export type Reports = Readonly<Record<keyof typeof PROGRAMS, LoadReport>>

/** How the peers are called in the table. */
export const POLLER = `readFileSync, every ${POLL_MS / 1000} s`
export const ONCE = "dotenv, at start-up"

/**
 * The same load and the same twenty rotations for each program, at the same time, each in two replicas over a `.env`
 * of their own. The rule is one for all: an old token is revoked a fixed time after the new one was written.
 *
 * @throws Error when one of them cannot be measured, after all have ended.
 */
export async function rotations(overlapMs: number): Promise<Reports> {
  const failing = new AbortController()
  const together = meeting(Object.keys(PROGRAMS).length, failing.signal)
  const measure = async ([name, program]: [string, "server" | Program]) => {
    try {
      const report = await rotateUnderLoad({
        // The programs run on what is built, as all rows do.
        conditions: [],
        program,
        replicas: 2,
        callsPerSecond: 200,
        rotations: 20,
        overlapMs,
        calmMs: SPACING_MS - overlapMs,
        // Eight processes on a small machine take so long until the first calls are not in each other's way any more.
        warmUpMs: 2_500,
        together,
        signal: failing.signal,
      })
      for (const [text, times] of report.calls.failures)
        process.stderr.write(`  ${name}: ${times} × ${text}\n`)
      return [name, report] as const
    } catch (thrown) {
      failing.abort(thrown)
      throw thrown
    }
  }
  const measured = await Promise.allSettled(
    Object.entries<"server" | Program>(PROGRAMS).map(async entry => await measure(entry)),
  )
  failing.signal.throwIfAborted()
  return Object.fromEntries(
    measured.flatMap(one => (one.status === "fulfilled" ? [one.value] : [])),
  ) as Record<keyof Reports, LoadReport>
}

/** Makes so many wait for each other, again and again. Rejects for those who wait when the signal aborts. */
function meeting(parties: number, signal: AbortSignal): () => Promise<void> {
  let waiting: (() => void)[] = []
  return async () =>
    await new Promise<void>((resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
      waiting.push(resolve)
      if (waiting.length < parties) return
      for (const go of waiting) go()
      waiting = []
    })
}
