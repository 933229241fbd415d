import type { Bench, Column, Evidence } from "./cell.ts"
import type { Link } from "./link.ts"

/** A bench whose connection can be harmed. */
export interface LinkedBench extends Bench {
  /** There for the cells that ask for it. */
  readonly link: Link | undefined
}

/** The cells that happen below whatever is spoken. */
export function overNetwork<B extends LinkedBench>(evidence: Evidence) {
  return {
    refused: {
      code: "UNAVAILABLE",
      held: "stale",
      evidence,
      throughLink: true,
      async begin(bench) {
        const link = linkOf(bench)
        await link.down()
        return { end: async () => await link.heal() }
      },
    },
    silence: {
      code: "TIMEOUT",
      held: "stale",
      evidence,
      throughLink: true,
      async begin(bench) {
        const link = linkOf(bench)
        await link.hang()
        return { end: async () => await link.heal() }
      },
    },
    slow: {
      code: "none",
      held: "current",
      evidence,
      throughLink: true,
      async begin(bench) {
        const link = linkOf(bench)
        await link.slow(2_000)
        return { end: async () => await link.heal() }
      },
    },
  } satisfies Partial<Column<B>>
}

function linkOf({ link }: LinkedBench): Link {
  if (link === undefined) throw new Error("this cell needs a connection through toxiproxy")
  return link
}
