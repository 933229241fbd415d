import { access, constants, readFile } from "node:fs/promises"
import { type Clock, SecretError, type SettledFiles } from "../../src/core/index.ts"
import type { EnvFile, EnvFiles } from "./env-files.ts"
import { ifThere } from "./if-there.ts"
import { lock } from "./lock.ts"
import { followLinks, replaceFile } from "./replace-file.ts"

/** Replaces the content of a file by what a function makes of it. */
export type Rewrite = (
  file: EnvFile,
  /** Gives the new content, or throws to leave all as it is. May be called again, when the file has changed meanwhile. */
  change: (before: Uint8Array) => Promise<Uint8Array>,
  signal: AbortSignal,
) => Promise<void>

/** After this many rounds somebody else changes the file, or where its links lead, faster than it can be written. */
const MOST_ROUNDS = 20

/**
 * Replaces files so that no change of anybody else is lost: calls of one store wait for each other; processes that use
 * this library wait for each other by a lock file; and if somebody else, an editor perhaps, has changed the file since
 * it was read, it is read and changed again. What remains is the moment between that last look and the replacement.
 *
 * @param mostMode the permissions that the file has at the most. Default: those that it has.
 *
 * Ends with a system error, with `CONFLICT` if the file never comes to rest, or with whatever `change` throws, and then
 * the file is as it was and nothing lies beside it.
 */
export function rewriter(
  envFiles: Pick<EnvFiles, "bytes">,
  settled: Pick<SettledFiles, "wrote">,
  clock: Clock,
  mostMode?: number,
): Rewrite {
  let last: Promise<unknown> = Promise.resolve()

  /** One round. Tells whether it is done: not if something has changed meanwhile. */
  const attempt: (...rest: Parameters<Rewrite>) => Promise<boolean> = async (file, change, signal) => {
    signal.throwIfAborted()
    const target = await followLinks(file.path)
    // Replacing needs no permission on the file itself, so a file that is write-protected would be written all the same.
    await ifThere(access(target, constants.W_OK))
    const held = await lock(target, clock, signal)
    try {
      // A link may have been turned while somebody else had the lock: it is then the lock of another file.
      if ((await followLinks(file.path)) !== target) return false
      const before = await envFiles.bytes(file, signal)
      const after = await change(before ?? new Uint8Array())
      if (before !== undefined && sameBytes(before, after)) return true
      const ready = async () => {
        signal.throwIfAborted()
        const unchanged = sameBytes(await ifThere(readFile(target)), before)
        return unchanged && (await followLinks(file.path)) === target && (await held.held())
      }
      const done = await replaceFile(target, after, held.scratch, ready, mostMode)
      if (done) settled.wrote(file.path, after)
      return done
    } finally {
      await held.release()
    }
  }

  const rewrite: Rewrite = async (...rest) => {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (await attempt(...rest)) return
    }
    throw new SecretError("CONFLICT", {
      message: "somebody else changes the file again and again",
      hint: "write it from one place",
    })
  }

  return async (file, change, signal) => {
    signal.throwIfAborted()
    const turn = last.then(ignore, ignore)
    const mine = turn.then(() => rewrite(file, change, signal))
    last = mine.catch(ignore)
    await unlessAborted(turn, signal)
    await mine
  }
}

function ignore(): void {}

/** Waits for something else only as long as the signal allows it. */
async function unlessAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  let end = ignore
  const aborted = new Promise<void>(resolve => {
    end = resolve
    signal.addEventListener("abort", end, { once: true })
  })
  try {
    await Promise.race([turn, aborted])
    signal.throwIfAborted()
  } finally {
    signal.removeEventListener("abort", end)
  }
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return Buffer.compare(one, other) === 0
}
