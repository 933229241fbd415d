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
    // Somebody may have taken it over, and then it is his to give back.
    if (isSame(holderOf(path), thisProcess())) rmSync(path, { force: true })
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

/**
 * Takes the lock of somebody who has died away. The file is moved aside before it goes, and given back if it turns out that
 * somebody was quicker and it is his.
 */
export function removeDead(path: string, dead: Identity | undefined): void {
  const aside = sibling(path)
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return
    throw error
  }
  const moved = holderOf(aside)
  if (moved !== undefined && !isSame(moved, dead) && isAlive(moved)) giveBack(aside, path)
  rmSync(aside, { force: true })
}

/** Puts a lock that was moved aside where it was, unless there is another one by now. */
export function giveBack(aside: string, path: string): void {
  try {
    linkSync(aside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/** Two processes that are started in the same moment differ in their numbers only. */
function isSame(one: Identity | undefined, other: Identity | undefined): boolean {
  return one !== undefined && one.pid === other?.pid && one.started === other.started
}

function sibling(path: string): string {
  count += 1
  return `${path}.${process.pid}.${count}`
}
