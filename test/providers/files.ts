import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { Clock } from "../../src/core/index.ts"

/** A folder of its own for the test, which goes with it. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-"))
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }))
  return folder
}

/** A path in a folder of its own. */
export async function newPath(name = ".env"): Promise<string> {
  return join(await newFolder(), name)
}

/** Writes a file that looks as if nobody had touched it for a minute. */
export async function writeOld(path: string, content: string | Uint8Array): Promise<void> {
  await writeFile(path, content)
  const then = Date.now() / 1000 - 60
  await utimes(path, then, then)
}

/** Writes a file that was written just now by this clock, however long the machine took for it. */
export async function writeFresh(path: string, content: string | Uint8Array, clock: Clock): Promise<void> {
  await writeFile(path, content)
  const now = clock.wall() / 1000
  await utimes(path, now, now)
}

/** A file in a folder of its own that nobody has touched for a minute. */
export async function oldFile(content: string | Uint8Array, name = ".env"): Promise<string> {
  const path = await newPath(name)
  await writeOld(path, content)
  return path
}
