import { join } from "node:path"
import { type Definition, type Definitions, definitions as ours } from "./definitions/index.ts"
import { DockerFailed, hasDocker, isRunning, removeContainer, startContainer } from "./docker.ts"
import { addressOf, fromEnvironment } from "./environment.ts"
import { type Report, StepFailed, ToolMissing } from "./install/index.ts"
import { DidNotStart, startProcess } from "./start-process.ts"
import { type Identity, isAlive } from "./system/identity.ts"
import { withLock } from "./system/lock.ts"
import {
  isStale,
  liveHolders,
  readFailure,
  readRecord,
  removeRecord,
  type ServerRecord,
  writeFailure,
  writeRecord,
} from "./system/records.ts"
import { stopProcess } from "./system/stop.ts"
import { waitFor } from "./system/wait.ts"
import { type AnyServer, type Found, type ServerName, ServerUnavailable } from "./types.ts"

/** Who wants a server, and how he is told of what goes on. */
export interface EnsureOptions {
  /** Where the state of this checkout is. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Whether it stays up until `down`. */
  readonly keep?: boolean
  /** A process as long as which it stays up. */
  readonly holder?: Identity | undefined
  readonly report: Report
  readonly signal?: AbortSignal | undefined
  /** Default: those of this project. */
  readonly definitions?: Definitions
}

/** A server that is up. */
export interface Ensured {
  readonly server: AnyServer
  readonly found: Found
}

/**
 * Finds a server or starts it: an address in the environment, then what this checkout has started before, then a
 * Docker engine, then a process. Whoever comes while another starts it waits for that.
 *
 * @throws ServerUnavailable with the reason, and with what to do.
 */
export async function ensure(name: ServerName, options: EnsureOptions): Promise<Ensured> {
  const { folder, environment, holder, report, signal } = options
  const definition = (options.definitions ?? ours)[name] as Definition
  const named = fromEnvironment(name, environment)
  if (named !== undefined && !isOurs(readRecord(folder, name), named.server)) {
    const health = await definition.health(named.server as never)
    if (health !== undefined)
      return { server: { ...named.server, version: health.version ?? "unknown" }, found: "environment" }
    const address = addressOf(named.server)
    throw new ServerUnavailable(
      name,
      `${named.variable} leads to ${address}, where nothing answers as it should: start it, or unset the variable`,
    )
  }
  const held = ({ pid }: Identity): void => report(`waits for process ${pid}, which starts it`)
  return await withLock(lockOf(folder, name), { held, signal }, async () => {
    const run = holder === undefined ? "" : `${holder.pid} ${holder.started}`
    const before = holder === undefined ? undefined : readFailure(folder, name, run)
    if (before !== undefined) throw new ServerUnavailable(name, before.reason)
    try {
      const record = (await stillUp(definition, options)) ?? (await start(definition, options))
      return { server: record.server as AnyServer, found: record.found }
    } catch (error) {
      const reason = reasonOf(name, error)
      if (reason === undefined) throw error
      if (holder !== undefined) writeFailure(folder, name, { reason, run })
      throw new ServerUnavailable(name, reason)
    }
  })
}

/** The lock under which a server is started and ended. */
export function lockOf(folder: string, name: ServerName): string {
  return join(folder, `${name}.lock`)
}

/** Ends what a record tells of, and forgets it. Whoever calls this has the lock. */
export async function end(folder: string, record: ServerRecord): Promise<void> {
  if (record.found === "docker") await removeContainer(record)
  if (record.process !== undefined) await stopProcess(record.process)
  removeRecord(folder, record.name)
}

/** Whether what a record tells of is there and well. */
export async function isWell(definition: Definition, record: ServerRecord): Promise<boolean> {
  if (record.server === undefined || isStale(record)) return false
  if (record.container !== undefined && !(await isRunning(record.container))) return false
  return (await definition.health(record.server as never)) !== undefined
}

async function stillUp(definition: Definition, options: EnsureOptions): Promise<ServerRecord | undefined> {
  const { folder, signal } = options
  const record = readRecord(folder, definition.name)
  if (record === undefined) return undefined
  const gone = async (): Promise<boolean> =>
    isStale(record) || (record.container !== undefined && !(await isRunning(record.container)))
  if (record.server === undefined || (await gone())) {
    await end(folder, record)
    return undefined
  }
  // A server that is busy for a moment is not started again.
  const well = await waitFor(async () => ((await isWell(definition, record)) ? true : undefined), {
    atMost: 30_000,
    every: 250,
    signal,
  })
  if (!well && liveHolders(record).length > 0)
    throw new DidNotStart("it runs and does not answer, while another test run uses it")
  if (!well) {
    await end(folder, record)
    return undefined
  }
  const now: ServerRecord = { ...record, ...usersAfter(record, options) }
  writeRecord(folder, now)
  return now
}

async function start(definition: Definition, options: EnsureOptions): Promise<ServerRecord> {
  const only = options.environment.LATCHKEY_SERVERS_FROM
  const starting = { ...options, users: usersAfter({ kept: false, holders: [] }, options) }
  if (only !== "native" && definition.docker !== undefined && (await hasDocker()))
    return await startContainer(definition, starting)
  if (only === "docker" && definition.docker !== undefined)
    throw new ToolMissing("no Docker engine answers, and LATCHKEY_SERVERS_FROM allows nothing else")
  return await startProcess(definition, starting)
}

function usersAfter(
  { kept, holders }: Pick<ServerRecord, "kept" | "holders">,
  { keep = false, holder }: EnsureOptions,
): Pick<ServerRecord, "kept" | "holders"> {
  const others = holders.filter(other => isAlive(other) && other.pid !== holder?.pid)
  return { kept: kept || keep, holders: holder === undefined ? others : [...others, holder] }
}

function isOurs(record: ServerRecord | undefined, server: AnyServer): boolean {
  return record?.server !== undefined && addressOf(record.server) === addressOf(server)
}

/** Why a server cannot be had here; nothing for what is a mistake of this code's. */
function reasonOf(name: ServerName, error: unknown): string | undefined {
  if (error instanceof ToolMissing) return error.message
  if (error instanceof DockerFailed || error instanceof DidNotStart) return error.message
  if (error instanceof StepFailed)
    return `it could not be installed: ${error.message}\n  The whole of it: npm run servers -- logs ${name}`
  return undefined
}
