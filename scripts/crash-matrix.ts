/**
 * Interrupts rotations at every request on every store, and writes docs/crash-matrix.md: `npm run crash-matrix`. It ends
 * with 1 if anything went wrong. `npm run crash-matrix -- vault killed` runs single columns, and writes no page.
 */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Bench } from "../test/rotation/crash/benches/bench.ts"
import { COLUMN_NAMES, COLUMNS, type ColumnName } from "../test/rotation/crash/columns.ts"
import {
  BLOWS,
  type BlowName,
  type Outcome,
  redCells,
  runCells,
  runKills,
} from "../test/rotation/crash/matrix.ts"
import { PAGE_PLANS, type PagePlan, pageOf, type Sheet, sheetOf } from "../test/rotation/crash/page.ts"
import type { SceneParts } from "../test/rotation/crash/scene.ts"
import { knownTransitions } from "../test/rotation/crash/transitions.ts"
import { letGo, ServerUnavailable } from "../test/servers/index.ts"
import { showProgress } from "./crash-matrix/progress.ts"
import { root } from "./project.ts"

/** What the processes that are really killed are called on the command line. */
const KILLED = "killed"

type Part = ColumnName | typeof KILLED
type Sheets = Readonly<Record<PagePlan, Sheet>>

const PARTS: readonly Part[] = [...COLUMN_NAMES, KILLED]
const progress = showProgress(process.stderr)
const red: string[] = []

/** The sheets of one part: of a column, or of the processes that are killed. */
async function sheetsOf(part: Part): Promise<Sheets> {
  const column = COLUMNS[part === KILLED ? "vault" : part]
  const bench = await column.open(doing => progress.doing(part, doing))
  try {
    const sheets: [PagePlan, Sheet][] = []
    for (const plan of PAGE_PLANS) sheets.push([plan, await sheet(part, plan, bench)])
    return Object.fromEntries(sheets) as Sheets
  } finally {
    await bench.close()
  }
}

async function sheet(part: Part, plan: PagePlan, bench: Bench): Promise<Sheet> {
  const what = `${part}, ${plan}`
  const parts: SceneParts = { bench, plan, prefix: `crash-${crypto.randomUUID()}` }
  const onDone = (done: number, all: number): void => progress.doing(what, `${done} of ${all}`)
  const outcome: Outcome =
    part === KILLED
      ? await runKills(parts, { onDone })
      : await runCells(parts, { blows: Object.keys(BLOWS) as BlowName[], onDone })
  const { results, transitions } = outcome
  const known = knownTransitions(plan, COLUMNS[part === KILLED ? "vault" : part].promotes)
  const unknown = [...transitions].filter(transition => !known.has(transition))
  const wrong = [...redCells(results), ...unknown.map(one => `the model does not know ${one}`)]
  red.push(...wrong.map(line => `${what}: ${line}`))
  progress.done(
    what,
    wrong.length === 0 ? `${results.length} of ${results.length} are well` : `${wrong.length} RED`,
  )
  return sheetOf(results.map(({ request, blow, wrong }) => ({ request, blow, isWell: wrong.length === 0 })))
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter(word => !PARTS.includes(word as Part))
if (unknown.length > 0) {
  process.stderr.write(`There is no "${unknown[0]}". There are: ${PARTS.join(", ")}.\n`)
  process.exitCode = 2
} else {
  try {
    const sheets = new Map<Part, Sheets>()
    for (const part of PARTS)
      if (wanted.length === 0 || wanted.includes(part)) sheets.set(part, await sheetsOf(part))
    for (const line of red) process.stderr.write(`${line}\n`)
    const killed = sheets.get(KILLED)
    if (wanted.length === 0 && killed !== undefined) {
      const all = Object.fromEntries(sheets) as Record<ColumnName, Sheets>
      await writeFile(join(root, "docs", "crash-matrix.md"), pageOf({ sheets: all, killed }))
    }
    process.exitCode = red.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  } finally {
    await letGo()
  }
}
