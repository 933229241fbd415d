import { interleaved, numberFrom } from "../fresh.ts"
import type { Row } from "../row.ts"

const ROUNDS = 3
const LIMIT = 1024

/** What a cached secret takes beside its value. */
export const row: Row = {
  id: "memory",
  async measure() {
    const bytes = await interleaved(ROUNDS, {
      ours: () => numberFrom(["--expose-gc", "probes/memory.mjs", "latchkey"]),
      peer: () => numberFrom(["--expose-gc", "probes/memory.mjs", "powertools"]),
    })
    return [
      {
        what: "per cached secret, of 10,000",
        ours: Math.round(bytes.ours),
        peer: Math.round(bytes.peer),
        peerName: "Powertools",
        unit: "bytes",
        figure: "at most 1 kB",
        met: bytes.ours <= LIMIT,
      },
    ]
  },
}
