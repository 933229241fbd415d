import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { type Clock, errorNumberName, pause, SecretError } from "../../src/core/index.ts"
import { ifThere } from "./if-there.ts"

/** Who holds a lock, as it stands in the lock file. */
interface Holder {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** When that process started, where the system tells: another one may get the same number later. */
  readonly started: string | undefined
}

/** A lock that is held. */
export interface Lock {
  /** A name for a file beside the locked one; whoever breaks the lock of a dead process removes it. */
  readonly scratch: string
  /** Whether it is held still: it is not, if somebody took this process for dead. */
  held(): Promise<boolean>
  /** Gives it back. */
  release(): Promise<void>
}

/** How long somebody waits for others to finish, in milliseconds. They need a few each. */
const PATIENCE = 3_000
/** How often somebody who waits looks, in milliseconds. */
const INTERVAL = 15
/** From which age the lock of somebody who cannot be asked, on another machine for example, counts as left behind, in milliseconds. */
const ABANDONED = 30_000

/**
 * Takes the right to replace a file, which one process at a time has: `<path>.lock` is there while somebody does.
 *
 * The lock of a process that has died is broken. One of another machine, or one that says nothing of its holder, is
 * broken when it is half a minute old. Such a holder may be alive after all and go on, so {@link Lock.held} is asked
 * again before the file is replaced.
 *
 * @throws SecretError `UNAVAILABLE` when somebody else keeps the lock; `ABORTED`; and system errors.
 */
export async function lock(path: string, clock: Clock, signal: AbortSignal): Promise<Lock> {
  const lockPath = `${path}.lock`
  const holder: Holder = {
    // Not from node:crypto, which every program that reads a .env would then load.
    id: globalThis.crypto.randomUUID(),
    host: hostname(),
    pid: process.pid,
    started: await startOf(process.pid),
  }
  const scratchOf = (id: string): string => `${path}.${id}.tmp`
  const held = async (): Promise<boolean> => (await holderOf(lockPath))?.id === holder.id
  const begun = clock.monotonic()

  while (!(await create(lockPath, holder))) {
    if (await isAbandoned(lockPath, clock)) {
      const dead = await breakLock(lockPath, holder.id, clock)
      if (dead !== undefined) await rm(scratchOf(dead), { force: true })
      continue
    }
    if (clock.monotonic() - begun >= PATIENCE) {
      throw new SecretError("UNAVAILABLE", {
        message: "another process is writing to the file and does not finish",
        hint: "if there is no such process, remove the file with the same name and .lock",
      })
    }
    await pause(clock, INTERVAL, signal)
  }
  return {
    scratch: scratchOf(holder.id),
    held,
    async release() {
      if (await held()) await rm(lockPath, { force: true })
    },
  }
}

/** Whether the lock could be made; not if there is one. */
async function create(lockPath: string, holder: Holder): Promise<boolean> {
  try {
    await writeFile(lockPath, "", { flag: "wx", mode: 0o644 })
  } catch (thrown) {
    if (errorNumberName(thrown) === "EEXIST") return false
    throw thrown
  }
  try {
    await writeFile(lockPath, JSON.stringify(holder))
    return true
  } catch (thrown) {
    // The disk is full, for example. A lock that names nobody would stand in the way of all.
    await rm(lockPath, { force: true })
    throw thrown
  }
}

async function isAbandoned(lockPath: string, clock: Clock): Promise<boolean> {
  const holder = await holderOf(lockPath)
  if (holder?.host === hostname()) return !(await isAlive(holder))
  const age = await ageOf(lockPath, clock)
  return age !== undefined && age > ABANDONED
}

/**
 * Breaks a lock that was seen to be abandoned, and tells whose it was. Two may try this at once, and the slower one
 * must not break the lock that the faster one has made meanwhile: so it is taken away first, looked at, and put back
 * if it is no abandoned one.
 */
async function breakLock(lockPath: string, id: string, clock: Clock): Promise<string | undefined> {
  const aside = `${lockPath}.${id}`
  await ifThere(rename(lockPath, aside))
  try {
    if (await isAbandoned(aside, clock)) return (await holderOf(aside))?.id
    await ifThere(link(aside, lockPath))
  } catch (thrown) {
    // Somebody has made a new one meanwhile; the owner of this one will see, before it replaces the file, that it is lost.
    if (errorNumberName(thrown) !== "EEXIST") throw thrown
  } finally {
    await rm(aside, { force: true })
  }
  return undefined
}

/** What a lock file says; nothing if it is gone, not written to its end yet, or not for this process to read. */
async function holderOf(lockPath: string): Promise<Holder | undefined> {
  try {
    const said: unknown = JSON.parse((await ifThere(readFile(lockPath, "utf8"))) ?? "null")
    return isHolder(said) ? said : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError || errorNumberName(thrown) === "EACCES") return undefined
    throw thrown
  }
}

function isHolder(said: unknown): said is Holder {
  if (typeof said !== "object" || said === null) return false
  const { id, host, pid } = said as Partial<Record<keyof Holder, unknown>>
  // The id becomes a part of the name of a file that is removed: it must be one of ours.
  return (
    typeof id === "string" && /^[0-9a-f-]{36}$/.test(id) && typeof host === "string" && Number.isInteger(pid)
  )
}

async function ageOf(lockPath: string, clock: Clock): Promise<number | undefined> {
  const found = await ifThere(stat(lockPath))
  return found && clock.wall() - found.mtimeMs
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (thrown) {
    // A process of another user may not be signalled, and is there.
    if (errorNumberName(thrown) !== "EPERM") return false
  }
  const startedNow = await startOf(pid)
  return startedNow === undefined || started === undefined || startedNow === started
}

/** When a process started, in the system's own ticks since it booted. Linux tells; elsewhere the number has to do. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, "utf8")
    // The second field is the name of the program, in parentheses, and may hold spaces; the start is field 22.
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19]
  } catch {
    // No such folder, or a process that has just ended: nothing is known of its start.
    return undefined
  }
}
