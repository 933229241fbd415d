import type { ProxyTo } from "../../servers/index.ts"
import type { Bench, Column, Evidence, LiveCell } from "./cell.ts"

/** A bench whose connection can be harmed. */
export interface LinkedBench extends Bench {
  /** There for the cells that ask for it. */
  readonly link: ProxyTo | undefined
}

/** The cells that happen below whatever is spoken. @param more what is special about all of them. */
export function overNetwork<B extends LinkedBench>(
  evidence: Evidence,
  more: Pick<LiveCell<B>, "ownTimers"> = {},
) {
  return {
    refused: {
      code: "UNAVAILABLE",
      held: "stale",
      evidence,
      ...more,
      needs: "link",
      async begin(bench) {
        const link = linkOf(bench)
        await link.down()
        return { end: async () => await link.up() }
      },
    },
    silence: {
      code: "TIMEOUT",
      held: "stale",
      evidence,
      ...more,
      needs: "link",
      async begin(bench) {
        const link = linkOf(bench)
        await link.hang()
        return { end: async () => await link.up() }
      },
    },
    slow: {
      code: "none",
      held: "current",
      evidence,
      ...more,
      needs: "link",
      async begin(bench) {
        const link = linkOf(bench)
        await link.latency(2_000)
        return { end: async () => await link.up() }
      },
    },
  } satisfies Partial<Column<B>>
}

/** The connection of a bench, as something that can be harmed. */
export function linkOf({ link }: LinkedBench): ProxyTo {
  if (link === undefined) throw new Error("this cell needs a connection through toxiproxy")
  return link
}
