import type { SecretInfo } from "../../src/core/index.ts"
import type { AskServer } from "./connection.ts"
import { VaultFailure } from "./failure.ts"
import { fieldsOf } from "./json.ts"
import { encoded, isSegment } from "./names.ts"

const RESERVED = "latchkey/"

/**
 * All names below a folder, one request for each folder. What begins with a name may be that name or stand below it: so the
 * folder around it is looked at, unless it is the prefix of all names, around which nothing may be permitted.
 *
 * @param root the path of the engine's tree of names: `secret/metadata`
 */
export async function* namesIn(
  ask: AskServer,
  root: string,
  signal: AbortSignal,
  under: string | undefined,
  prefix: string | undefined,
): AsyncGenerator<SecretInfo> {
  const folders: string[] = []
  if (under === undefined || under === prefix) folders.push(under === undefined ? "" : `${under}/`)
  else {
    const parent = under.slice(0, under.lastIndexOf("/") + 1)
    const entries = await entriesOf(ask, root, parent, signal)
    if (entries.includes(under)) yield { name: under }
    if (entries.includes(`${under}/`)) folders.push(`${under}/`)
  }
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await entriesOf(ask, root, folder, signal)) {
      // What rotations keep there is shown to nobody, and is a folder for each secret that rotates.
      if (entry === RESERVED) continue
      if (entry.endsWith("/")) folders.push(entry)
      else yield { name: entry }
    }
  }
}

/** What is in a folder, with the path to it; a folder ends in a slash. */
async function entriesOf(
  ask: AskServer,
  root: string,
  folder: string,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    const { json } = await ask("GET", `${encoded(root)}/${encoded(folder)}?list=true`, signal)
    const keys = fieldsOf(json.data)?.keys
    if (!Array.isArray(keys)) throw new VaultFailure({ status: 200, reason: "odd-answer" })
    // A segment that no request could name leads elsewhere.
    return keys
      .filter(key => typeof key === "string" && isSegment(key.replace(/\/$/, "")))
      .map(key => folder + key)
  } catch (thrown) {
    // The server does not tell an empty folder from one that is not there.
    if (thrown instanceof VaultFailure && thrown.status === 404 && thrown.reason === undefined) return []
    throw thrown
  }
}
