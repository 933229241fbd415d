import { spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import type { Definition, Launch } from "./definitions/index.ts"
import { installed, type Report, tailOf } from "./install/index.ts"
import { type Identity, identityOf, isAlive } from "./system/identity.ts"
import { checkout } from "./system/place.ts"
import { removeRecord, type ServerRecord, writeRecord } from "./system/records.ts"
import { stopProcess } from "./system/stop.ts"
import { waitFor } from "./system/wait.ts"
import type { AnyServer, ServerName } from "./types.ts"

/** How to start a server. */
export interface Starting {
  readonly folder: string
  readonly report: Report
  readonly signal?: AbortSignal | undefined
  /** What the record says of who uses it. */
  readonly users: Pick<ServerRecord, "kept" | "holders">
}

/** A server that was started and does not answer; the message has the end of its log. */
export class DidNotStart extends Error {
  override readonly name = "DidNotStart"
}

/** Milliseconds that a server may take from its start to its first good answer. */
const PATIENCE = 90_000

/** Installs a server if need be, starts it as a process that outlives this one, and waits until it answers. */
export async function startProcess(definition: Definition, starting: Starting): Promise<ServerRecord> {
  const { installation } = definition
  const folder = installation === undefined ? checkout : await installed(installation, starting)
  for (let attempt = 1; ; attempt += 1)
    try {
      return await attemptToStart(definition, folder, starting)
    } catch (error) {
      // Between the moment at which the port was free and now somebody else may have taken it.
      if (attempt === 3 || !/address already in use|EADDRINUSE/i.test(String(error))) throw error
    }
}

async function attemptToStart(
  definition: Definition,
  installedIn: string,
  { folder, report, signal, users }: Starting,
): Promise<ServerRecord> {
  const { name } = definition
  report("starts")
  removeRecord(folder, name)
  const own = join(folder, name)
  mkdirSync(own, { mode: 0o700 })
  const launch: Launch<AnyServer> = definition.launch({ installed: installedIn, own, port: await freePort() })
  const { identity, log, ready } = spawnServer(folder, name, launch)
  let record: ServerRecord = {
    name,
    found: "native",
    process: identity,
    leaves: launch.leaves,
    since: new Date().toISOString(),
    ...users,
  }
  // Before anything else, so that a process is never running without somebody knowing of it.
  writeRecord(folder, record)
  try {
    const server = await waitFor(
      async () => {
        if (!isAlive(identity)) throw new DidNotStart(`it ended at once\n${tailOf(log, 12)}`)
        const line = launch.printsReady ? ready() : {}
        if (line === undefined) return undefined
        const candidate = launch.server(line)
        const health = await definition.health(candidate as never)
        return health && ({ ...candidate, ...(health.version && { version: health.version }) } as AnyServer)
      },
      { atMost: PATIENCE, signal },
    )
    if (server === undefined) throw new DidNotStart(`it does not answer\n${tailOf(log, 12)}`)
    await definition.prepare?.(server as never)
    record = { ...record, server }
    writeRecord(folder, record)
    return record
  } catch (error) {
    await stopProcess(identity)
    removeRecord(folder, name)
    throw error
  }
}

/** Where the log of a server is. */
export function logOf(folder: string, name: ServerName): string {
  return join(folder, `${name}.log`)
}

function spawnServer(folder: string, name: ServerName, launch: Launch<AnyServer>) {
  const log = logOf(folder, name)
  rmSync(log, { force: true })
  const out = openSync(log, "a", 0o600)
  const line = join(folder, name, "ready.json")
  const ready = launch.printsReady ? openSync(line, "a", 0o600) : out
  try {
    const child = spawn(launch.command, launch.args, {
      cwd: join(folder, name),
      // Nothing of what the caller's environment says of clouds is meant for a server.
      env: { ...fewOf(process.env), ...launch.env },
      detached: true,
      stdio: ["ignore", ready, out],
    })
    // What went wrong is said below: such a process has no number.
    child.once("error", () => undefined)
    child.unref()
    const identity: Identity | undefined = child.pid === undefined ? undefined : identityOf(child.pid)
    if (identity === undefined) throw new DidNotStart(`${launch.command} did not run\n${tailOf(log, 12)}`)
    return { identity, log, ready: () => readyLine(line) }
  } finally {
    closeSync(out)
    if (ready !== out) closeSync(ready)
  }
}

function readyLine(path: string): Readonly<Record<string, unknown>> | undefined {
  const [line, rest] = readFileSync(path, "utf8").split("\n", 2)
  return rest === undefined ? undefined : JSON.parse(line ?? "")
}

function fewOf({ PATH, HOME, TMPDIR, LANG, USER }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH, HOME, TMPDIR, LANG, USER }
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
