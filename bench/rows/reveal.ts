import { Secrets } from "latchkey"
import { do_not_optimize, measure } from "mitata"
import { countingStore } from "../counting-store.ts"
import { interleaved } from "../fresh.ts"
import { atMost, type Row } from "../row.ts"

/** The cost of a secret at the point of use, beside the way in which most programs read theirs. */
export const row: Row = {
  id: "reveal",
  async measure() {
    process.env.TALLY_API_TOKEN = "value of tally/api-token"
    const secrets = new Secrets(countingStore(1).store)
    const token = await secrets.get("tally/api-token")
    const times = await interleaved(9, {
      ours: () => nanoseconds(() => do_not_optimize(token.reveal())),
      peer: () => nanoseconds(() => do_not_optimize(process.env.TALLY_API_TOKEN)),
    })
    await secrets.close()
    return [atMost(0.1, { what: "reveal()", ...times, peerName: "process.env.X", unit: "ns" })]
  },
}

async function nanoseconds(call: () => void): Promise<number> {
  return (await measure(call, { min_cpu_time: 200e6 })).p50
}
