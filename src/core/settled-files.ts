import type { Clock } from "./clock.ts"
import { pause } from "./pause.ts"
import { sameValue } from "./text.ts"

/** Why a file cannot be read. */
export interface FileProblem {
  readonly problem: "missing" | "folder" | "irregular" | "forbidden" | "unreadable"
  /** As a message goes on after the name of the file: "is a folder". */
  readonly says: string
  /** Whether this may pass by itself: too many open files, a network share that does not answer. */
  readonly passing: boolean
}

/** The content of a file, or why there is none. */
export type FileReading = { readonly bytes: Uint8Array } | FileProblem

/** Files that are read again and again while others write them. */
export interface SettledFiles {
  /**
   * Reads a file, never half of it: what differs from what was read last counts only when two reads,
   * {@link SETTLING_TIME} apart, agree. The first reading of all needs no second one if the file was last changed
   * more than {@link SETTLED_AGE} ago, so that starting up on a file that nobody is writing costs one read.
   *
   * @throws SecretError `ABORTED` when the signal aborts, also while the file does not come to rest.
   */
  read(path: string, signal: AbortSignal): Promise<FileReading>
  /** Whether the file could be read before. */
  wasRead(path: string): boolean
  /** Tells what the content is now, by whoever wrote it. */
  wrote(path: string, bytes: Uint8Array): void
}

/** How long a changed file has to stay the same before it counts, in milliseconds. */
export const SETTLING_TIME = 50

/** The age of a file, in milliseconds, from which nobody is taken to be writing it: the coarsest step of any file system. */
const SETTLED_AGE = 2_000

/** Remembers what was read last of each file, to know what is new. */
export function settledFiles(clock: Clock): SettledFiles {
  const accepted = new Map<string, Uint8Array>()

  async function settled(path: string, first: Glimpse, signal: AbortSignal): Promise<FileReading> {
    for (let last = first; ; ) {
      await pause(clock, SETTLING_TIME, signal)
      const next = await glimpse(path)
      if ("problem" in next || sameValue(next.bytes, last.bytes)) return next
      last = next
    }
  }

  /** Whether the file stood still during the reading and for a while before. A clock far off from the file's says so too. */
  const atRest = (seen: Glimpse): boolean =>
    !seen.moved && Math.abs(clock.wall() - seen.changedAt) >= SETTLED_AGE

  return {
    wasRead: path => accepted.has(path),
    wrote(path, bytes) {
      accepted.set(path, bytes.slice())
    },
    async read(path, signal) {
      const seen = await glimpse(path)
      if ("problem" in seen) return seen
      const known = accepted.get(path)
      const alright = known === undefined ? atRest(seen) : sameValue(seen.bytes, known)
      const reading = alright ? seen : await settled(path, seen, signal)
      if ("problem" in reading) return reading
      accepted.set(path, reading.bytes)
      return { bytes: reading.bytes }
    },
  }
}

/** What one look at a file gave. */
interface Glimpse {
  readonly bytes: Uint8Array
  /** By the file system's clock, in milliseconds since the epoch. */
  readonly changedAt: number
  /** Whether it changed while it was read. */
  readonly moved: boolean
}

async function glimpse(path: string): Promise<Glimpse | FileProblem> {
  const { open, stat } = await import("node:fs/promises")
  try {
    // Asked before it is opened: opening a named pipe waits until somebody writes to it.
    const kind = await stat(path)
    if (kind.isDirectory()) return PROBLEMS.folder
    if (!kind.isFile()) return PROBLEMS.irregular
    await using file = await open(path, "r")
    const before = await file.stat()
    // A copy: the buffers of Node may share their memory with others, and are no plain bytes when printed.
    const bytes = new Uint8Array(await file.readFile())
    const after = await file.stat()
    // Both times: whoever copies a file may set the first one back.
    const sameTimes = before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs
    const moved = !sameTimes || after.size !== bytes.length
    return { bytes, changedAt: after.mtimeMs, moved }
  } catch (thrown) {
    return problemOf(thrown)
  }
}

const PROBLEMS = {
  missing: { problem: "missing", says: "does not exist", passing: false },
  folder: { problem: "folder", says: "is a folder", passing: false },
  irregular: { problem: "irregular", says: "is no regular file", passing: false },
  forbidden: { problem: "forbidden", says: "may not be read by this process", passing: false },
} as const satisfies Record<string, FileProblem>

/** System errors that say something about the moment and nothing about the file. */
const PASSING: ReadonlySet<string> = new Set([
  "EAGAIN",
  "EBUSY",
  "EINTR",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
  "ESTALE",
  "ETIMEDOUT",
])

function problemOf(thrown: unknown): FileProblem {
  const code = errorNumberName(thrown)
  if (code === "ENOENT" || code === "ENOTDIR") return PROBLEMS.missing
  if (code === "EISDIR") return PROBLEMS.folder
  if (code === "EACCES" || code === "EPERM") return PROBLEMS.forbidden
  return { problem: "unreadable", says: `cannot be read (${code})`, passing: PASSING.has(code) }
}

/** The name of a system error, `"ENOENT"`; nothing else of it, because its message quotes the path. */
export function errorNumberName(thrown: unknown): string {
  const code: unknown =
    typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined
  return typeof code === "string" && /^E[A-Z0-9]{1,20}$/.test(code) ? code : "unknown error"
}
