import { HOW_MANY, outage } from "../outage.ts"
import { exactly, type Row } from "../row.ts"

/** A thousand secrets in a real Vault that nobody can reach for two minutes. Takes five minutes. */
export const row: Row = {
  id: "outage-real",
  async measure() {
    const { servedStale, mostInASecond, freshAfter, window } = await outage()
    const ordinary = { peerName: "an ordinary day", unit: "calls" }
    return [
      exactly(HOW_MANY, {
        what: "served stale after two minutes",
        ours: servedStale,
        peer: HOW_MANY,
        peerName: "all",
        unit: "secrets",
      }),
      {
        what: "calls in a second, once one had failed",
        ours: mostInASecond,
        peer: 2,
        peerName: "the bound",
        unit: "calls",
        figure: "at most 2",
        met: mostInASecond <= 2,
      },
      exactly(HOW_MANY, {
        what: "fresh one ttl after the cut",
        ours: freshAfter,
        peer: HOW_MANY,
        peerName: "all",
        unit: "secrets",
      }),
      {
        what: "most calls in 10 s after the cut",
        ours: window.after,
        peer: window.ordinary,
        ...ordinary,
        figure: "at most 3 x",
        met: window.after <= 3 * window.ordinary,
      },
    ]
  },
}
