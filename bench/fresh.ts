import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { median } from "./row.ts"

const execute = promisify(execFile)

/** Runs Node afresh in this folder and gives back the number that it printed. */
export async function numberFrom(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<number> {
  const { stdout } = await execute(process.execPath, [...args], {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH, ...environment },
  })
  const number = Number(stdout)
  if (stdout.trim() === "" || Number.isNaN(number))
    throw new Error(`node ${args.join(" ")} printed no number`)
  return number
}

/** Milliseconds from the start of a fresh process to its end. */
export async function lifetime(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<number> {
  const start = performance.now()
  await execute(process.execPath, [...args], {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH, ...environment },
  })
  return performance.now() - start
}

/**
 * Takes each measure in turn, many times, so that whatever else the machine does falls on all of them, and gives
 * back the median of each.
 */
export async function interleaved<Name extends string>(
  rounds: number,
  measures: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number>> {
  const taken = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries<() => Promise<number>>(measures)) {
      const values = taken.get(name) ?? []
      values.push(await measure())
      taken.set(name, values)
    }
  }
  return Object.fromEntries(Array.from(taken, ([name, values]) => [name, median(values)])) as Record<
    Name,
    number
  >
}
