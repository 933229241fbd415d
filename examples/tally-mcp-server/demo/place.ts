import { randomBytes } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A temporary folder with a `.env`, in which a server can be started. */
export interface Place {
  readonly folder: string
  readonly envFile: string
  /** Removes the folder with all that is in it. */
  remove(): Promise<void>
}

/** Makes a folder that only this user can look into, with a `.env` of mode 600. */
export async function makePlace(envText: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-tally-"))
  const envFile = join(folder, ".env")
  await writeFile(envFile, envText, { mode: 0o600 })
  return { folder, envFile, remove: async () => await rm(folder, { recursive: true, force: true }) }
}

/** A token of the form that Tally gives out. */
export function newToken(): string {
  return `tly-${randomBytes(24).toString("base64url")}`
}
