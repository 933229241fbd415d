import { Secrets } from "latchkey"
import { do_not_optimize, measure } from "mitata"
import { countingStore } from "../counting-store.ts"
import { interleaved } from "../fresh.ts"
import { atMost, type Row } from "../row.ts"

/** So many secrets take turns that no reading of one can be moved out of the loop that measures. */
const HOW_MANY = 64

const indexes = Array.from({ length: HOW_MANY }, (_, index) => index)

/** The cost of a secret at the point of use, beside the way in which most programs read theirs. */
export const row: Row = {
  id: "reveal",
  async measure() {
    const secrets = new Secrets(countingStore(1).store)
    const handles = await Promise.all(indexes.map(index => secrets.get(`service/token-${index}`)))
    process.env.TALLY_API_TOKEN = handles[0]?.reveal()
    const times = await interleaved(15, {
      ours: () =>
        nanoseconds(() => {
          for (const handle of handles) do_not_optimize(handle.reveal())
        }),
      peer: () =>
        nanoseconds(() => {
          for (const _ of handles) do_not_optimize(process.env.TALLY_API_TOKEN)
        }),
    })
    await secrets.close()
    return [atMost(0.1, { what: "reveal()", ...times, peerName: "process.env.X", unit: "ns" })]
  },
}

async function nanoseconds(call: () => void): Promise<number> {
  return (await measure(call, { min_cpu_time: 120e6 })).p50 / HOW_MANY
}
