/**
 * The race on all stores, or on some of them: `--only vault,dotenv`, `--plan minted`, `--rounds 10`, `--seed 7`. All of it,
 * with no option, writes docs/race.md. Ends with 1 if anything was wrong, and says where.
 */
import { randomBytes } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { letGo } from "../../servers/index.ts"
import { spent } from "../../servers/progress.ts"
import { COLUMN_NAMES, COLUMNS, type ColumnName, RACED, type Raced } from "./columns.ts"
import { pageOf, ROUNDS } from "./page.ts"
import { runRace, type Tally } from "./rounds.ts"

const PAGE = fileURLToPath(new URL("../../../docs/race.md", import.meta.url))

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    plan: { type: "string" },
    rounds: { type: "string", default: String(ROUNDS) },
    seed: { type: "string", default: "1" },
  },
})
const columns = chosen("--only", values.only, COLUMN_NAMES)
const plans = chosen("--plan", values.plan, RACED)
const rounds = wholeNumber("--rounds", values.rounds)
const seed = wholeNumber("--seed", values.seed)

const stopping = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort())

const isLive = process.stdout.isTTY === true
const tallies = new Map<string, Tally>()
try {
  for (const column of columns) for (const plan of plans) await race(column, plan)
} catch (thrown) {
  // What was asked to end has ended its replicas with it.
  if (!stopping.signal.aborted) throw thrown
} finally {
  await letGo()
}

const wrong = [...tallies].flatMap(([what, tally]) => tally.wrong.map(line => `${what}, ${line}`))
const isAll = columns.length * plans.length === COLUMN_NAMES.length * RACED.length && rounds === ROUNDS
if (stopping.signal.aborted) process.exitCode = 130
else if (wrong.length > 0) {
  process.stdout.write(`\n${wrong.join("\n")}\n`)
  process.exitCode = 1
} else if (isAll) {
  await writeFile(
    PAGE,
    pageOf((column, plan) => tallies.get(`${column} ${plan}`) as Tally),
  )
}

async function race(column: ColumnName, plan: Raced): Promise<void> {
  if (stopping.signal.aborted) return
  const what = `${column} ${plan}`
  const began = performance.now()
  const show = (text: string): void => {
    const line = `${what.padEnd(22)} ${text} (${spent(performance.now() - began)})`
    process.stdout.write(isLive ? `\r\x1b[K${line}` : `${line}\n`)
  }
  show("opens the store")
  const arena = await COLUMNS[column].open(doing => show(doing))
  try {
    const tally = await runRace({
      arena,
      plan,
      rounds,
      seed,
      prefix: `race-${randomBytes(12).toString("hex")}`,
      signal: stopping.signal,
      onRound(done) {
        if (isLive || done % 10 === 0) show(`${done} of ${rounds}`)
      },
    })
    tallies.set(what, tally)
    show(told(tally))
    if (isLive) process.stdout.write("\n")
  } finally {
    await arena.close()
  }
}

function told({ wrong, ...tally }: Tally): string {
  const { rounds: done, takenOver, created, stayed, promoted, orphans, failures, worthless } = tally
  const counts = `${done} rotations, ${takenOver} taken over, ${promoted} promotions, ${created} created, ${stayed} stay, ${orphans} orphans`
  const rest = `${failures} calls made again, ${worthless} worthless left`
  return `${wrong.length > 0 ? "WRONG" : done === rounds ? "well" : "NOT ALL"}: ${counts}; ${rest}`
}

function chosen<Name extends string>(
  option: string,
  given: string | undefined,
  all: readonly Name[],
): readonly Name[] {
  const names = given?.split(",") ?? all
  for (const name of names)
    if (!(all as readonly string[]).includes(name)) throw new TypeError(`${option} takes ${all.join(", ")}`)
  return all.filter(name => names.includes(name))
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new TypeError(`${option} takes a whole number from 1 on`)
  return Number(text)
}
