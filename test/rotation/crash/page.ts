import { COLUMN_NAMES, COLUMNS, type ColumnName } from "./columns.ts"
import { BLOWS, type BlowName, cellsOf } from "./matrix.ts"

/** The plans whose rotations are interrupted. */
export const PAGE_PLANS = ["generated", "minted"] as const

export type PagePlan = (typeof PAGE_PLANS)[number]

/** How many cells there are of something, and how many of them are well. */
export interface Count {
  readonly ok: number
  readonly all: number
}

/** What a row of the page tells of one column: by what befell the request. */
export type Counts = Readonly<Partial<Record<BlowName, Count>>>

/** The cells of one plan on one store, by what the request is sent for. */
export type Sheet = ReadonlyMap<string, Counts>

/** Everything that the page tells. */
export interface PageParts {
  readonly sheets: Readonly<Record<ColumnName, Readonly<Record<PagePlan, Sheet>>>>
  /** Of programs that were really killed, on Vault. */
  readonly killed: Readonly<Record<PagePlan, Sheet>>
}

const STATES = [
  "idle",
  "claimed",
  "cleaning",
  "minting",
  "parked",
  "applied",
  "verified",
  "promoted",
  "retiring",
]

const STEPS = [
  "find the place",
  "read the journal",
  "check the store",
  "list",
  "read the candidate",
  "read the secret",
  "identify",
  "list the versions",
  "mint",
  "park",
  "apply",
  "verify",
  "promote",
  "revoke",
  "discard",
]

/** The page on what was interrupted and what came of it, as Markdown. */
export function pageOf(parts: PageParts): string {
  const { sheets, killed } = parts
  const tables = PAGE_PLANS.flatMap(plan => [
    `### ${PLAN_TITLES[plan]}`,
    tableOf(
      COLUMN_NAMES.map(name => COLUMNS[name].title),
      COLUMN_NAMES.map(name => sheets[name][plan]),
      IN_PROCESS,
    ),
  ])
  const kills = tableOf(
    PAGE_PLANS.map(plan => PLAN_TITLES[plan]),
    PAGE_PLANS.map(plan => killed[plan]),
    KILLED,
  )
  return `${[HEAD, ...tables, KILLS, kills, TAIL].join("\n\n")}\n`
}

const PLAN_TITLES: Readonly<Record<PagePlan, string>> = {
  generated: "A key that is made here",
  minted: "A token that the far side makes",
}

const IN_PROCESS: readonly (readonly BlowName[])[] = [
  ["before"],
  ["after"],
  ["stopped", "stopped, timers first"],
]
const KILLED: readonly (readonly BlowName[])[] = [["before"], ["after"]]

function tableOf(
  titles: readonly string[],
  sheets: readonly Sheet[],
  groups: readonly (readonly BlowName[])[],
): string {
  const rows = [...new Set(sheets.flatMap(sheet => [...sheet.keys()]))].sort(inOrder)
  const cells = (row: string): string[] => sheets.map(sheet => cellOf(sheet.get(row), groups))
  const totals = sheets.map(sheet => cellOf(totalOf(sheet), groups))
  return [
    lineOf(["the journal says", "the request", ...titles]),
    lineOf(["---", "---", ...titles.map(() => ":-:")]),
    ...rows.map(row => {
      const [state = "", step = ""] = row.split(": ")
      return lineOf([state, step, ...cells(row)])
    }),
    lineOf(["**all**", "", ...totals.map(total => `**${total}**`)]),
  ].join("\n")
}

function lineOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`
}

function inOrder(one: string, other: string): number {
  const place = (row: string): number => {
    const [state = "", step = ""] = row.split(": ")
    const index = STEPS.indexOf(step)
    // What is written into the journal comes last of what is done in a state.
    return STATES.indexOf(state) * 100 + (index < 0 ? STEPS.length : index)
  }
  return place(one) - place(other) || (one < other ? -1 : 1)
}

/** `2/2 · 2/2 · 4/4`: how many of how many are well, by what befell them. */
function cellOf(counts: Counts | undefined, groups: readonly (readonly BlowName[])[]): string {
  if (counts === undefined) return NOT_THERE
  return groups
    .map(group => {
      const sum = group.map(blow => counts[blow] ?? NONE).reduce(plus, NONE)
      return `${sum.ok}/${sum.all}`
    })
    .join(" · ")
}

const NONE: Count = { ok: 0, all: 0 }

function plus(one: Count, other: Count): Count {
  return { ok: one.ok + other.ok, all: one.all + other.all }
}

function totalOf(sheet: Sheet): Counts {
  const total: Partial<Record<BlowName, Count>> = {}
  for (const counts of sheet.values())
    for (const [blow, count] of Object.entries(counts) as [BlowName, Count][])
      total[blow] = plus(total[blow] ?? NONE, count)
  return total
}

/** Counts cells by what their requests are sent for. */
export function sheetOf(
  cells: Iterable<{ readonly request: string; readonly blow: BlowName; readonly isWell: boolean }>,
): Sheet {
  const sheet = new Map<string, Partial<Record<BlowName, Count>>>()
  for (const { request, blow, isWell } of cells) {
    const counts = sheet.get(request) ?? {}
    counts[blow] = plus(counts[blow] ?? NONE, { ok: isWell ? 1 : 0, all: 1 })
    sheet.set(request, counts)
  }
  return sheet
}

/** How the cells of a column read when all is well, by row, from what the requests of a good day are sent for. */
export function sheetIfWell(requests: readonly string[]): Readonly<Record<string, string>> {
  const blows = Object.keys(BLOWS) as BlowName[]
  const sheet = sheetOf(cellsOf(requests, blows).map(cell => ({ ...cell, isWell: true })))
  return Object.fromEntries(Array.from(sheet, ([row, counts]) => [row, cellOf(counts, IN_PROCESS)]))
}

/** The cells of a column as they stand in the page, by row; those that say that there is no such request are left out. */
export function columnOf(page: string, plan: PagePlan, title: string): Readonly<Record<string, string>> {
  const [table = ""] =
    page
      .split("\n### ")
      .find(part => part.startsWith(PLAN_TITLES[plan]))
      ?.split("\n## ") ?? []
  const lines = table.split("\n").filter(line => line.startsWith("| "))
  const [head = [], , ...rows] = lines.map(line => line.slice(2, -2).split(" | "))
  const column = head.indexOf(title)
  return Object.fromEntries(
    rows
      .filter(([state, step]) => state !== "**all**" && step !== undefined && step !== "")
      .map(row => [`${row[0]}: ${row[1]}`, row[column] ?? ""] as const)
      .filter(([, cell]) => cell !== NOT_THERE),
  )
}

/** That a store has no such request. */
const NOT_THERE = "–"

const HEAD = `# The crash matrix

<!-- Written by "npm run crash-matrix", which runs all of it: change the tests, and not this page. -->

What becomes of a rotation when its program dies, or is stopped and goes on later, at each request that it sends. The
requests are those of a rotation on a good day, one after the other, from its beginning to the retirement of the old
credential: calls of the store's service and of the far side. Where a store is reached over HTTP or gRPC, each single
request counts, so that one step of the rotation is interrupted in its middle as well; one call of a \`.env\` counts as one,
because what happens inside of it is tested by itself.

A cell says how many of how many were well, three times: when the program died **before** the request was sent; when it
died **after** the request was carried out and before the answer was heard; and when the program was **stopped** before it
sent the request, another one took over and came to the end, and the stopped one went on then, once hearing its answer
first and once its timers. A row with several requests counts them all.

After a death nothing of the program goes on. A new one comes, on a clock that leaps, until the rotation is over. All is
well if

- whoever read the secret, at any moment, read a credential that the far side accepted;
- at the end the secret holds a new credential, and it is the only one that the far side accepts, by its own list: no
  orphan;
- consumers have seen one change, from the old value to the new one;
- the old credential was ended, and not before the grace was over;
- the journal is at rest and names the new credential, and beside it nothing is kept of the rotation. (What a program
  parks that was stopped right before it, and that comes too late, may stay: it is a credential that nobody accepts.)
- every step of the journal is one that the model of the protocol knows.

Azure's journals are kept in a \`.env\`. LocalStack is not AWS itself, and for Azure and Google stand-ins take the place of
the service.

## In one process`

const KILLS = `## Really killed

The same on Vault with processes of their own, which are ended by \`kill -9\` while a proxy holds the request (before) or
its answer (after).`

const TAIL = `The tests run every request on \`.env\` and Vault, and of all others a tenth, another one each time.`
