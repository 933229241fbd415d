import { ONCE, POLLER, rotations } from "../rotations.ts"
import { exactly, type Row } from "../row.ts"

/**
 * As `rotate-under-load`, but each old token is revoked at the moment when the new one is written. A file that changes
 * is believed 50 ms later at the earliest, so no program can know in time: what counts is what it does about a 401.
 */
export const row: Row = {
  id: "rotate-without-overlap",
  async measure() {
    const { server, reveal, poller, once } = await rotations(0)
    const failed = {
      what: `failed of ${server.calls.made} calls of the server, ${server.retries} retried; old token revoked at the write`,
      ours: server.calls.failed,
      unit: "calls",
    }
    return [
      exactly(0, { ...failed, peer: reveal.calls.failed, peerName: "latchkey, plain reveal()" }),
      exactly(0, { ...failed, peer: poller.calls.failed, peerName: POLLER }),
      exactly(0, { ...failed, peer: once.calls.failed, peerName: ONCE }),
    ]
  },
}
