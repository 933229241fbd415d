/**
 * Runs the benchmark on what is built: `npm run bench`, or `npm run bench -- reveal import` for single rows.
 * Prints a table, writes results.json, and ends with 1 only if a row could not be measured.
 */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Result } from "./row.ts"
import { table } from "./table.ts"

/** The order in which rows are shown. */
const ORDER = [
  "cold-50",
  "batch-100",
  "cached-get",
  "reveal",
  "import",
  "load-config",
  "memory",
  "rotate-under-load",
  "rotate-without-overlap",
  "graph",
  ...["aws", "azure", "gcp", "vault"].flatMap(cloud => [`cold-1-${cloud}`, `cold-100-${cloud}`]),
  "outage-real",
]

/** A row that takes longer than this is broken. */
const LONGEST_ROW = 600_000

const here = import.meta.dirname
const existing = readdirSync(join(here, "rows")).map(file => file.replace(/\.ts$/, ""))
const ids = [...ORDER, ...existing.filter(id => !ORDER.includes(id))]
const wanted = process.argv.slice(2)
const unknown = wanted.filter(id => !ids.includes(id))
if (unknown.length > 0) {
  process.stderr.write(`no such row: ${unknown.join(", ")}; there are: ${ids.join(", ")}\n`)
  process.exit(1)
}

await installPeers()

const measured: (Result & { readonly id: string })[] = []
const unmeasured: string[] = []
for (const id of ids.filter(candidate => wanted.length === 0 || wanted.includes(candidate))) {
  process.stderr.write(`measuring ${id} ...\n`)
  try {
    for (const result of await measure(id)) measured.push({ id, ...result })
  } catch (error) {
    unmeasured.push(id)
    process.stderr.write(
      `  could not be measured: ${error instanceof Error ? error.message : String(error)}\n`,
    )
  }
}

process.stdout.write(`\n${table(measured)}\n`)
for (const id of unmeasured) process.stdout.write(`${id} could not be measured\n`)
await writeFile(join(here, "results.json"), `${JSON.stringify(measured, null, 2)}\n`)
process.exitCode = unmeasured.length === 0 ? 0 : 1

/** Installs the peers when they are missing, or not those that the lock file names. */
async function installPeers(): Promise<void> {
  const installed = join(here, "node_modules/.package-lock.json")
  if (
    existsSync(installed) &&
    (await versions(installed)) === (await versions(join(here, "package-lock.json")))
  )
    return
  process.stderr.write("installing the peers ...\n")
  await ended(spawn("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here, stdio: ["ignore", 2, 2] }))
}

/** What a lock file installs, as one comparable text. */
async function versions(file: string): Promise<string> {
  const { packages } = JSON.parse(await readFile(file, "utf8")) as {
    packages: Record<string, { version?: string; integrity?: string; optional?: boolean }>
  }
  return Object.entries(packages)
    .filter(([path, { integrity }]) => path.startsWith("node_modules/") && integrity !== undefined)
    .map(([path, { integrity }]) => `${path} ${integrity}`)
    .toSorted()
    .join("\n")
}

async function measure(id: string): Promise<readonly Result[]> {
  const child = fork(join(here, "row-process.ts"), [id], {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", 2, 2, "ipc"],
    timeout: LONGEST_ROW,
  })
  let results: readonly Result[] = []
  child.on("message", message => {
    results = message as readonly Result[]
  })
  await ended(child)
  if (results.length === 0) throw new Error("it gave no result")
  return results
}

async function ended(child: ChildProcess): Promise<void> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null]
  if (code !== 0) throw new Error(`its process ended with ${code ?? signal}`)
}
