import { type Bench, type Cell, type Column, type Evidence, isLive, type LiveCell } from "./cell.ts"
import { ROW_IDS, ROWS, type RowId } from "./rows.ts"

/** The columns of a matrix by the names of their backends. */
export type Columns = Readonly<Record<string, Column<never>>>

/** The page about bad days, as Markdown. */
export function pageOf(columns: Columns): string {
  const backends = Object.keys(columns)
  const table = [
    `| | ${backends.map(name => `\`${name}\``).join(" | ")} |`,
    `|---|${"---|".repeat(backends.length)}`,
    ...ROW_IDS.map(id => {
      const cells = backends.map(name => written(id, (columns[name] as Column<never>)[id]))
      return `| ${ROWS[id].title} | ${cells.join(" | ")} |`
    }),
  ]
  const days = ROW_IDS.map(id => `- **${ROWS[id].title}**: ${ROWS[id].what}.`)
  return `${[HEAD, table.join("\n"), LEGEND, days.join("\n"), absencesIn(columns), TAIL].join("\n\n")}\n`
}

function written(id: RowId, cell: Cell<never>): string {
  if (!isLive(cell)) return "not there"
  const { note } = cell
  return [outcomeOf(id, cell), evidenceOf(cell.evidence), ...(note === undefined ? [] : [`*${note}*`])].join(
    "<br>",
  )
}

function outcomeOf(id: RowId, { code, held }: LiveCell<never>): string {
  if (id === "lostAnswer") return `\`${code}\`, outcome unknown`
  if (code === "none") return "goes on"
  return `\`${code}\`, ${held === "current" ? "once" : held}`
}

function evidenceOf(evidence: Evidence): string {
  if (evidence.is === "real server") return `real server: ${evidence.server}`
  return evidence.is === "injected" ? "injected" : `recorded: \`${evidence.id}\``
}

function absencesIn(columns: Columns): string {
  const lines = ROW_IDS.flatMap(id =>
    Object.entries(columns).flatMap(([name, column]) => {
      const cell: Cell<Bench> = column[id]
      return isLive(cell) ? [] : [`- **${ROWS[id].title}, \`${name}\`**: ${cell.notThere}.`]
    }),
  )
  return `Not there:\n\n${lines.join("\n")}`
}

const HEAD = `# Bad days

<!-- Written by "npm run docs" from the declarations that the tests run: change those, and not this page. -->

What a program that holds a secret goes through when its cloud, the network or its own credentials fail. Every cell is a
test in \`test/faults\`.`

const LEGEND = `A cell says with which [code](errors.md) a read fails, and what a handle does that is held meanwhile:

| | |
|---|---|
| goes on | nothing fails, and the handle shows what the service holds |
| once | one read fails, the next one does not, and the handle goes on |
| stale | the handle goes on showing its value, marked stale, until \`ttl\` + \`maxStale\` are over |
| ends | once a second read has said the same, the handle stops revealing, with the code |
| keeps | the handle keeps the version that it has, because that one can still be read (event \`kept\`) |
| outcome unknown | the store says that the write may have been made; \`put\` reads to see, and here finds that it was |

and why that is believed:

| | |
|---|---|
| real server | a server that is not this project's work did it, or the network in front of one was harmed |
| recorded | an answer of the real service that was published: the case stands in \`test/servers/recorded\`, with where it comes from |
| injected | a proxy or a stand-in of this project did it |

LocalStack is a real server, but not AWS itself. For Azure and Google no server can be had, and stand-ins take its
place.

The days:`

const TAIL = `Each test also sees that

- where requests can be counted, one read is one: what an SDK would repeat by itself is switched off, because
  [\`Secrets\`](staleness.md) repeats;
- a program that starts meanwhile ends within \`startupDeadline\`, with the code, or with \`TIMEOUT\` and the code as \`lastCode\`;
- no value and no credential stands in any error, event or health report, however it is printed;
- when the day is over the same handle shows the new value, without a restart.

The other host of a redirect is a server that notes who comes: nobody does.`
