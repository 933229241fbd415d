import { existsSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Linux keeps this folder in memory, where what is written counts as being on disk at once. */
const IN_MEMORY = "/dev/shm"

/** A folder of its own, in memory where there is such a place. */
export async function newFolder(): Promise<string> {
  return await mkdtemp(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "latchkey-crash-"))
}
