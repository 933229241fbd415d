import { join } from "node:path"
import { type Definition, type Definitions, definitions as ours } from "./definitions/index.ts"
import { containerLog } from "./docker.ts"
import { type Ensured, type EnsureOptions, ensure, isWell } from "./ensure.ts"
import { addressOf, fromEnvironment, storeVariablesFor, variablesFor } from "./environment.ts"
import { logOfInstallation, tailOf } from "./install/index.ts"
import { type Output, showProgress, spent } from "./progress.ts"
import { takeDown } from "./release.ts"
import { logOf } from "./start-process.ts"
import { readRecord } from "./system/records.ts"
import { type AnyServer, type ServerName, ServerUnavailable } from "./types.ts"

/** What a command works with. */
export interface Setting extends Pick<EnsureOptions, "folder" | "environment" | "holder" | "signal"> {
  readonly names: readonly ServerName[]
  readonly stdout: Output
  readonly stderr: Output
  /** Milliseconds between two lines of progress where there is no terminal. Default: 10,000. */
  readonly every?: number
  /** Default: those of this project. */
  readonly definitions?: Definitions
}

/** Starts servers, and prints what to export so that programs find them. Gives the exit code. */
export async function up(setting: Setting): Promise<number> {
  const { names, stdout, stderr, every, holder } = setting
  const progress = showProgress({ output: stderr, ...(every !== undefined && { every }) })
  const results = await Promise.allSettled(
    names.map(async (name): Promise<Ensured> => {
      const report = (doing: string): void => progress.doing(name, doing)
      report("looks whether it is there")
      try {
        const ensured = await ensure(name, { ...setting, keep: holder === undefined, report })
        progress.done(name, `is up at ${addressOf(ensured.server)} (${ensured.found})`)
        return ensured
      } catch (error) {
        if (error instanceof ServerUnavailable) progress.done(name, `is not to be had: ${error.reason}`)
        throw error
      }
    }),
  )
  progress.stop()
  for (const result of results)
    if (result.status === "fulfilled") stdout.write(exportsFor(result.value.server))
    else if (!(result.reason instanceof ServerUnavailable)) throw result.reason
  const failed = results.filter(({ status }) => status === "rejected").length
  if (failed === 0) return 0
  // In a test run the tests say it.
  if (holder === undefined) {
    const others = failed === names.length ? "" : "; the others are up"
    stderr.write(
      `${failed} of ${names.length} could not be had${others}. What to do stands above; then the same command again.\n`,
    )
  }
  return 1
}

/** Ends what `up` has started. Gives the exit code. */
export async function down({ names, folder, stdout }: Setting): Promise<number> {
  await Promise.all(
    names.map(async name => {
      const server = readRecord(folder, name)?.server
      const taken = await takeDown(folder, name)
      // A shell that took what up printed takes this back by it.
      const variables = server === undefined ? [] : Object.keys(variablesFor(server))
      const unset = variables.length === 0 ? "" : `unset ${variables.join(" ")}\n`
      if (taken === "ended") stdout.write(`# ${name} has ended\n${unset}`)
      if (taken === "still used") stdout.write(`# ${name} is still used by a test run, and ends with it\n`)
    }),
  )
  return 0
}

/** Prints a table of the servers. Gives the exit code. */
export async function status({ names, folder, environment, stdout, definitions }: Setting): Promise<number> {
  const rows = await Promise.all(
    names.map(async (name): Promise<string[]> => {
      const definition = (definitions ?? ours)[name] as Definition
      const record = readRecord(folder, name)
      const named = fromEnvironment(name, environment)
      if (named !== undefined && record?.server === undefined) {
        const health = await definition.health(named.server as never)
        const { version = "unknown" } = health ?? {}
        return [
          name,
          version,
          addressOf(named.server),
          "",
          named.variable,
          health ? "healthy" : "not healthy",
          "",
        ]
      }
      if (record === undefined) return [name, definition.version, "", "", "", "not up", ""]
      const { server, found, process, container, since } = record
      return [
        name,
        server?.version ?? definition.version,
        server === undefined ? "" : addressOf(server),
        String(process?.pid ?? container?.slice(0, 12) ?? ""),
        found,
        (await isWell(definition, record)) ? "healthy" : server === undefined ? "starting" : "not healthy",
        spent(Date.now() - Date.parse(since)),
      ]
    }),
  )
  const table = [["name", "version", "address", "process", "found by", "state", "up for"], ...rows]
  const widths = table[0]?.map((_, column) => Math.max(...table.map(row => (row[column] ?? "").length))) ?? []
  for (const row of table)
    stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    )
  return 0
}

/** Prints the ends of the logs. Gives the exit code. */
export async function logs({ names, folder, stdout, definitions }: Setting): Promise<number> {
  for (const name of names) {
    const { installation } = (definitions ?? ours)[name]
    const record = readRecord(folder, name)
    const log =
      record?.container === undefined
        ? tailOf(logOf(folder, name), 40)
        : await containerLog(record.container, 40)
    const earlier = installation === undefined ? "" : tailOf(logOfInstallation(installation), 40)
    if (log !== "") stdout.write(`== ${name}\n${log}\n`)
    else if (earlier !== "") stdout.write(`== ${name}, its installation\n${earlier}\n`)
    else stdout.write(`== ${name}: nothing was logged in ${join(folder)}\n`)
  }
  return 0
}

function exportsFor(server: AnyServer): string {
  const assigned = (variables: Readonly<Record<string, string>>): string[] =>
    Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`)
  const store = assigned(storeVariablesFor(server))
  // As a comment: there is one LATCHKEY_STORE, and several servers that could be it.
  const comment = store.length === 0 ? [] : [`# ${server.name}: export ${store.join(" ")}\n`]
  return [...comment, ...assigned(variablesFor(server)).map(each => `export ${each}\n`)].join("")
}

/** For a shell that follows POSIX. */
function quoted(value: string): string {
  return /^[\w.:/@%+=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}
