import { crash, goodDay, kill, stop, type Verdict } from "./cell.ts"
import { Spare } from "./process/spare.ts"
import type { SceneParts } from "./scene.ts"

/** What may befall a rotation at one of its requests. */
export const BLOWS = {
  before: (parts, at) => crash(parts, { at, side: "before" }),
  after: (parts, at) => crash(parts, { at, side: "after" }),
  stopped: (parts, at) => stop(parts, at),
  "stopped, timers first": (parts, at) => stop(parts, at, "stops, and hears its timers first"),
} as const satisfies Readonly<Record<string, (parts: SceneParts, at: number) => Promise<Verdict>>>

export type BlowName = keyof typeof BLOWS

/** One cell: what befalls which request. */
export interface Cell {
  readonly blow: BlowName
  readonly at: number
  /** What the request is sent for. */
  readonly request: string
}

/** A cell, and what came of it. */
export interface Result extends Cell, Verdict {}

/** How cells are chosen and run. */
export interface Run {
  readonly blows: readonly BlowName[]
  /** Whether a cell is run. Default: all are. */
  readonly chosen?: (cell: Cell) => boolean
  /** Told after each cell. */
  readonly onDone?: (done: number, all: number) => void
}

/** How many cells are run at the same time: they wait for servers and disks most of the time. */
const AT_ONCE = 4

/** Processes that start are busy. */
const KILLED_AT_ONCE = 2

/** All cells of a rotation, by the requests that it sends on a good day. */
export function cellsOf(requests: readonly string[], blows: readonly BlowName[]): readonly Cell[] {
  return blows.flatMap(blow => requests.map((request, at) => ({ blow, at, request })))
}

/** What came of the cells of one plan on one store. */
export interface Outcome {
  /** What each request of a good day is sent for. */
  readonly requests: readonly string[]
  readonly results: readonly Result[]
  /** The steps of the journal that were seen. */
  readonly transitions: ReadonlySet<string>
}

/**
 * Runs the cells of one plan on one store.
 *
 * @throws Error if a rotation goes wrong on a good day already
 */
export async function runCells(parts: SceneParts, run: Run): Promise<Outcome> {
  return await runAll(parts, run, async ({ blow, at }) => await BLOWS[blow](parts, at))
}

/** The same with processes of their own, which are really killed. */
export async function runKills(parts: SceneParts, run: Omit<Run, "blows">): Promise<Outcome> {
  const spare = new Spare(KILLED_AT_ONCE)
  try {
    return await runAll(
      parts,
      { ...run, blows: ["before", "after"] },
      async ({ blow, at, request }) => {
        const side = blow === "after" ? "after" : "before"
        return await kill(parts, await spare.take(), { at, side }, request)
      },
      KILLED_AT_ONCE,
    )
  } finally {
    await spare.close()
  }
}

async function runAll(
  parts: SceneParts,
  { blows, chosen = () => true, onDone }: Run,
  runCell: (cell: Cell) => Promise<Verdict>,
  atOnce = AT_ONCE,
): Promise<Outcome> {
  const { requests, wrong, transitions } = await goodDay(parts)
  if (wrong.length > 0) throw new Error(`it goes wrong on a good day: ${wrong.join("; ")}`)
  const cells = cellsOf(requests, blows).filter(chosen)
  const results: Result[] = []
  const waiting = [...cells]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
        results.push({ ...cell, ...(await runCell(cell)) })
        onDone?.(results.length, cells.length)
      }
    }),
  )
  const seen = new Set([...transitions, ...results.flatMap(result => result.transitions)])
  return { requests, results, transitions: seen }
}

/** What went wrong, a line for each cell. */
export function redCells(results: readonly Result[]): readonly string[] {
  return results
    .filter(({ wrong }) => wrong.length > 0)
    .map(({ blow, at, request, wrong }) => `${blow} ${at} (${request}): ${wrong.join("; ")}`)
    .sort()
}

/** Chooses a tenth of all cells, another one with each seed. */
export function tenth(seed: number): (cell: Cell) => boolean {
  return ({ blow, at }) => {
    // Small numbers that follow one another come out far apart (the finaliser of MurmurHash3).
    let hash = Math.imul(
      seed ^ Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(blow.length, 0x85ebca6b),
      0xc2b2ae35,
    )
    hash ^= hash >>> 13
    hash = Math.imul(hash, 0x85ebca6b)
    return ((hash ^ (hash >>> 16)) >>> 0) % 10 === 0
  }
}

/** The seed of this run: that of the environment, or another one each time. */
export function seedOfRun(environment: Readonly<Record<string, string | undefined>> = process.env): number {
  const given = environment.LATCHKEY_CRASH_SEED
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
}
