import { readFile } from "node:fs/promises"
import type { Clock, SettledFiles } from "../../src/core/index.ts"
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

/**
 * Replaces files so that no change of anybody else is lost: calls of one store wait for each other; processes that use
 * this library wait for each other by a lock file; and if somebody else, an editor perhaps, has changed the file since
 * it was read, it is read and changed again. What remains is the moment between that last look and the replacement.
 *
 * Ends with a system error, or with whatever `change` throws, and then the file is as it was and nothing lies beside it.
 */
export function rewriter(envFiles: EnvFiles, settled: SettledFiles, clock: Clock): Rewrite {
  let last: Promise<unknown> = Promise.resolve()

  const rewrite: Rewrite = async (file, change, signal) => {
    signal.throwIfAborted()
    const target = await followLinks(file.path)
    const held = await lock(target, clock, signal)
    try {
      for (let done = false; !done; ) {
        const before = await envFiles.bytes(file, signal)
        const after = await change(before ?? new Uint8Array())
        if (before !== undefined && sameBytes(before, after)) return
        done = await replaceFile(target, after, held.scratch, async () => {
          signal.throwIfAborted()
          return (await held.held()) && sameBytes(await ifThere(readFile(target)), before)
        })
        if (done) settled.wrote(file.path, after)
        else if (!(await held.held())) return await rewrite(file, change, signal)
      }
    } finally {
      await held.release()
    }
  }

  return async (file, change, signal) => {
    const mine = last.then(
      () => rewrite(file, change, signal),
      () => rewrite(file, change, signal),
    )
    last = mine
    await mine
  }
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return Buffer.compare(one, other) === 0
}
