import { COLUMN_NAMES, COLUMNS, type ColumnName, RACED, type Raced } from "./columns.ts"
import type { Tally } from "./rounds.ts"
import { REPLICAS } from "./track.ts"

/** How many rotations are raced for with each plan on each store. */
export const ROUNDS = 50

/** What the page tells of a race. */
export type Told = Pick<Tally, "rounds" | "promoted" | "stayed" | "orphans">

/** What is told of a race in which all is well. */
export const WELL: Told = { rounds: ROUNDS, promoted: ROUNDS, stayed: ROUNDS, orphans: 0 }

const KINDS: Readonly<Record<Raced, string>> = {
  minted: "made by the far side",
  generated: "made here",
}

/** The page about the race, as Markdown. */
export function pageOf(tallyOf: (column: ColumnName, plan: Raced) => Told): string {
  const rows = COLUMN_NAMES.flatMap(name =>
    RACED.map(plan => {
      const { rounds, promoted, stayed, orphans } = tallyOf(name, plan)
      const cells = [COLUMNS[name].title, KINDS[plan], rounds, promoted, stayed, orphans]
      return `| ${cells.join(" | ")} |`
    }),
  )
  return `${[HEAD, [...TABLE, ...rows].join("\n"), LEGEND].join("\n\n")}\n`
}

const HEAD = `# The race

<!-- Written by test/rotation/race/main.ts from what it has counted: change that, and not this page. -->

${["", "", "", "", "", "", "", "Eight"][REPLICAS - 1]} programs that rotate the same secret look at the same moment. Whoever takes the lead is stopped with \`SIGSTOP\` in
the middle of it, until its lease is over and another one has taken over. Then it is let go on with \`SIGCONT\`, without
knowing that it was away: while the other one is in the middle of the rotation, when that one waits or is done, or when all
is over. Each time the leader is stopped somewhere else: before or after any of its requests, from the claim to the
retirement.`

const TABLE = [
  "| Store | The credential is | Rotations | Promotions | Credentials that stay | Orphans |",
  "|---|---|---:|---:|---:|---:|",
]

const LEGEND = `What is counted, in each rotation:

- **Rotations**: those whose leader was stopped past its lease and went on. Exactly one replica has claimed each.
- **Promotions**: how many other values a consumer was given who reads without a pause. No other value stands between the
  old one and the new one in the store's own list of versions, where it has one, and no replica has promoted another one.
  Where the store writes under a condition, that is one write. Where it does not (Azure, the newest version of GCP), a
  replica that is stopped right before its write may write the same value once more when it goes on, and the next look
  writes down which version that is.
- **Credentials that stay**: of those that the far side made, or was made to accept, during the rotation. A leader that is
  stopped right before or after it had one made is overtaken by another one, which has another one made: one of the two is
  ended again.
- **Orphans**: what the far side accepts at the end, by its own list, and nobody uses.

And, without a column, because any of it ends the race: what the consumer reads is accepted by the far side at every moment;
the old credential is ended after the grace and never within it; whoever was overtaken makes, applies, parks, promotes and writes down nothing more when it goes on;
the journal is idle, its lease given back, and tells the credential that is in use; whatever the store still keeps of a
candidate that came too late is accepted by nobody; and no replica tells or prints a value.`
