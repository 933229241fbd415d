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
 * The same load and the same twenty rotations for each program, each in two replicas over a `.env` of their own. The
 * rule is one for all: an old token is revoked a fixed time after the new one was written. The server has the machine
 * for itself, the small programs share it.
 *
 * @throws Error when one of them cannot be measured, after all have ended.
 */
export async function rotations(overlapMs: number): Promise<Reports> {
  return {
    ...(await atOnce(["server"], overlapMs)),
    ...(await atOnce(["reveal", "poller", "once"], overlapMs)),
  }
}

async function atOnce<Name extends keyof typeof PROGRAMS>(
  names: readonly Name[],
  overlapMs: number,
): Promise<Record<Name, LoadReport>> {
  const failing = new AbortController()
  const together = meeting(names.length, failing.signal)
  const measure = async (name: Name) => {
    try {
      const report = await rotateUnderLoad({
        // The programs run on what is built, as all rows do.
        conditions: [],
        program: PROGRAMS[name],
        replicas: 2,
        callsPerSecond: 200,
        rotations: 20,
        overlapMs,
        calmMs: SPACING_MS - overlapMs,
        // Several processes on a small machine are in each other's way until the first calls are done.
        warmUpMs: 1_000,
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
  const measured = await Promise.allSettled(names.map(measure))
  failing.signal.throwIfAborted()
  return Object.fromEntries(
    measured.flatMap(one => (one.status === "fulfilled" ? [one.value] : [])),
  ) as Record<Name, LoadReport>
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
