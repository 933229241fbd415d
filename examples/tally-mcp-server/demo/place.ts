import { randomBytes } from "node:crypto"
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A temporary folder with a `.env`, in which a server can be started. */
export interface Place {
  readonly folder: string
  readonly envFile: string
  /**
   * Replaces the `.env` in one step, as editors and deployments do.
   *
   * @returns the moment just before nobody can read the old one any more, on the clock of `performance.now()`.
   */
  replace(envText: string): Promise<number>
  /** Removes the folder with all that is in it. */
  remove(): Promise<void>
}

/** Makes a folder that only this user can look into, with a `.env` of mode 600. */
export async function makePlace(envText: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-tally-"))
  const envFile = join(folder, ".env")
  const write = async (file: string, text: string) => await writeFile(file, text, { mode: 0o600 })
  await write(envFile, envText)
  return {
    folder,
    envFile,
    async replace(text) {
      const beside = `${envFile}.new`
      await write(beside, text)
      const at = performance.now()
      await rename(beside, envFile)
      return at
    },
    remove: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** A token of the form that Tally gives out. */
export function newToken(): string {
  return `tly-${randomBytes(24).toString("base64url")}`
}
