import { createHash } from "node:crypto"
import { lstatSync, mkdirSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

type Environment = Readonly<Record<string, string | undefined>>

/** The checkout that this file is in. */
export const checkout: string = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Where the servers are described. */
export const serversFolder: string = join(checkout, "test", "servers")

/** A few letters that stand for a text, the same everywhere. */
export function digest(...texts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256")
  for (const text of texts) hash.update(`${text.length}:`).update(text)
  return hash.digest("hex").slice(0, 12)
}

/**
 * The folder in which this checkout keeps what it started: `$LATCHKEY_SERVERS_STATE`, or one of its own among the
 * temporary files. Nobody else may look into it, because tokens are in there.
 *
 * @throws if the folder is there and belongs to somebody else.
 */
export function stateFolder(environment: Environment = process.env): string {
  const folder = environment.LATCHKEY_SERVERS_STATE || join(tmpdir(), `latchkey-servers-${digest(checkout)}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = lstatSync(folder)
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new Error(`${folder} can be reached by others: remove it, or set LATCHKEY_SERVERS_STATE to another`)
  return folder
}

/**
 * The folder in which installed servers are kept, for all checkouts: `$LATCHKEY_SERVERS_CACHE`, else
 * `$XDG_CACHE_HOME/latchkey/servers`, else `~/.cache/latchkey/servers`.
 */
export function cacheFolder(environment: Environment = process.env): string {
  const { LATCHKEY_SERVERS_CACHE: own, XDG_CACHE_HOME: caches } = environment
  return own || join(caches || join(homedir(), ".cache"), "latchkey", "servers")
}
