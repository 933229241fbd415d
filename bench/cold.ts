import { BARE, type CloudName, NAMES, type Seen, withCloud } from "./clouds/index.ts"
import { interleaved, lifetime } from "./fresh.ts"
import { atMost, exactly, type Result, type Row } from "./row.ts"

const ROUNDS = 25

interface Measured {
  readonly ours: number
  readonly peer: number
  /** What the service saw of one process of ours. */
  readonly seen: Seen
  /** The same of the bare SDK's. */
  readonly seenOfPeer: Seen
}

/** Whole processes that read so many secrets, with latchkey and with the bare SDK, in milliseconds. */
async function measure(name: CloudName, count: number): Promise<Measured> {
  return await withCloud(name, async cloud => {
    const ours = () => lifetime(["probes/cold-ours.mjs", String(count)], cloud.environment)
    const peer = () => lifetime([`probes/cold-${name}.mjs`, String(count)], cloud.environment)
    const times = await interleaved(ROUNDS, { ours, peer })
    const seenBy = async (run: () => Promise<number>): Promise<Seen> => {
      cloud.forget()
      await run()
      return cloud.seen()
    }
    return { ...times, seen: await seenBy(ours), seenOfPeer: await seenBy(peer) }
  })
}

/** One secret, import and login and all. */
export function coldOne(name: CloudName): Row {
  return {
    id: `cold-1-${name}`,
    async measure() {
      const { ours, peer } = await measure(name, 1)
      return [
        atMost(1.15, { what: "a process reads one secret", ours, peer, peerName: BARE[name], unit: "ms" }),
      ]
    },
  }
}

/** A hundred secrets at start-up, of a service that reads them one by one. */
export function coldHundred(name: Exclude<CloudName, "aws">): Row {
  return {
    id: `cold-100-${name}`,
    async measure() {
      const { ours, peer, seen, seenOfPeer } = await measure(name, NAMES.length)
      const result = { peerName: BARE[name] }
      return [
        exactly(NAMES.length, {
          what: "100 secrets: calls",
          ours: seen.calls,
          peer: seenOfPeer.calls,
          unit: "calls",
          ...result,
        }),
        below(12, {
          what: "100 secrets: waves after the login",
          ours: seen.waves,
          peer: seenOfPeer.waves,
          unit: "waves",
          ...result,
        }),
        below(10, {
          what: "100 secrets: in flight",
          ours: seen.mostInFlight,
          peer: seenOfPeer.mostInFlight,
          unit: "at once",
          ...result,
        }),
        atMost(1.25, { what: "a process reads 100 secrets", ours, peer, unit: "ms", ...result }),
      ]
    },
  }
}

/** A hundred secrets at start-up, of a service that has batches. */
export const coldHundredAws: Row = {
  id: "cold-100-aws",
  async measure() {
    const { ours, peer, seen, seenOfPeer } = await measure("aws", NAMES.length)
    const result = { peerName: BARE.aws }
    return [
      exactly(5, {
        what: "100 secrets: calls",
        ours: seen.calls,
        peer: seenOfPeer.calls,
        unit: "calls",
        ...result,
      }),
      below(2, {
        what: "100 secrets: waves",
        ours: seen.waves,
        peer: seenOfPeer.waves,
        unit: "waves",
        ...result,
      }),
      { what: "a process reads 100 secrets", ours, peer, unit: "ms", figure: "", met: true, ...result },
    ]
  },
}

/** A result that is met if ours is a number at most, whatever the peer does. */
function below(most: number, result: Omit<Result, "figure" | "met">): Result {
  return { ...result, figure: `at most ${most}`, met: result.ours <= most }
}
