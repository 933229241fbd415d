import { type LoadReport, OVERLAP_MS } from "../../examples/tally-mcp-server/demo/load.ts"
import { medianOf } from "../../examples/tally-mcp-server/demo/take-over.ts"
import { ONCE, POLLER, type Reports, rotations } from "../rotations.ts"
import { exactly, type Result, type Row } from "../row.ts"

/**
 * Two replicas work while the token in their `.env` changes twenty times, and each old one is revoked a fixed time
 * after the new one was written, whoever has noticed: once as the example server, and once as a program that knows
 * nothing but `reveal()`. The peers poll their `.env`, or read it when they start.
 */
export const row: Row = {
  id: "rotate-under-load",
  async measure() {
    const reports = await rotations(OVERLAP_MS)
    const { server, reveal, poller, once } = reports
    const rule = `old token revoked ${OVERLAP_MS} ms after the write`
    const failed = {
      what: `failed of ${server.calls.made} calls of the server, ${server.retries} retried; ${rule}`,
      ours: server.calls.failed,
      unit: "calls",
    }
    const refused = {
      what: `401s of ${reveal.calls.made} calls with plain reveal(); ${rule}`,
      ours: reveal.refusals,
      unit: "401s",
    }
    return [
      exactly(0, { ...failed, peer: poller.calls.failed, peerName: POLLER }),
      exactly(0, { ...failed, peer: once.calls.failed, peerName: ONCE }),
      exactly(0, { ...refused, peer: poller.refusals, peerName: POLLER }),
      exactly(0, { ...refused, peer: once.refusals, peerName: ONCE }),
      ...takeOvers("the server", reports.server, reports),
      ...takeOvers("plain reveal()", reports.reveal, reports),
    ]
  },
}

/** How soon each replica used the new tokens, beside the same replica of the program that polls. */
function takeOvers(who: string, ours: LoadReport, { poller }: Reports): Result[] {
  return ours.takeOvers.flatMap(({ replica, ms, missed }, index) => {
    const theirs = poller.takeOvers[index]?.ms ?? []
    return [
      { how: "median", of: medianOf },
      { how: "slowest", of: (values: readonly number[]) => Math.max(...values) },
    ].map(({ how, of }) => ({
      what: `${replica} of ${who}, from the write to the first use, ${how} of ${ms.length}`,
      ours: of(ms),
      peer: of(theirs),
      peerName: POLLER,
      unit: "ms",
      figure: `under ${OVERLAP_MS}`,
      met: missed === 0 && of(ms) < OVERLAP_MS,
    }))
  })
}
