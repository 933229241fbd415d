import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { type Identity, isAlive, thisProcess } from "./identity.ts"
import { waitFor } from "./wait.ts"

/** What to do while somebody else has the lock. */
export interface LockOptions {
  /** Called once per look while a live process holds it. */
  readonly held?: ((holder: Identity) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

let count = 0

/**
 * Does something that one process at a time may do. The lock is a file that names its holder; that of a holder that
 * has died is taken over.
 */
export async function withLock<Result>(
  path: string,
  { held, signal }: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const taken = await waitFor(
    () => {
      if (take(path)) return true
      const holder = holderOf(path)
      if (holder !== undefined && isAlive(holder)) held?.(holder)
      else removeDead(path, holder)
      return undefined
    },
    { every: 200, signal },
  )
  if (taken !== true) throw new Error(`the lock ${path} was not to be had`)
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/** Who holds a lock now: nobody if there is no such file, or one that nobody finished writing. */
export function holderOf(path: string): Identity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Identity
  } catch {
    return undefined
  }
}

/** A link is made or refused as a whole, and so the file is never seen without its holder. */
function take(path: string): boolean {
  const own = sibling(path)
  writeFileSync(own, JSON.stringify(thisProcess()), { mode: 0o600 })
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** Moves the file aside before it goes, and back if it turns out that somebody was quicker and it is his. */
function removeDead(path: string, dead: Identity | undefined): void {
  const aside = sibling(path)
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return
    throw error
  }
  const moved = holderOf(aside)
  if (moved !== undefined && moved.started !== dead?.started && isAlive(moved)) renameSync(aside, path)
  else rmSync(aside, { force: true })
}

function sibling(path: string): string {
  count += 1
  return `${path}.${process.pid}.${count}`
}
