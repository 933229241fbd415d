import { isSecretError, type SecretStore, type VersionInfo } from "../../core/index.ts"
import type { Ask } from "../../secrets/index.ts"
import type { PastVersion } from "./seen-versions.ts"
import { currentKey, readKeySet } from "./set.ts"

/** How many versions are listed, and how many of them are read. */
const MOST_LISTED = 100
const MOST_READ = 20

/** What the versions of a secret are looked through for. */
export interface HistoryOptions {
  readonly store: SecretStore
  readonly name: string
  /** How each question is put to the store. */
  readonly ask: Ask
  /** The value of a version, if it is known already. */
  readonly known: (version: string) => string | undefined
  /** Whether versions older than one that was made then may still matter. */
  readonly mayMatterBefore: (createdAt: number | undefined) => boolean
}

/** Whether a store can be asked for older versions. */
export function keepsHistory({ versions, capabilities }: SecretStore): boolean {
  return versions !== undefined && capabilities.versionedReads
}

/**
 * The versions of a secret that hold a plain key and may still matter, newest first: back to the one before the current
 * one, and further as long as one was replaced not long ago. What cannot be read any more, or holds a set, is left out.
 *
 * @throws SecretError what the store says, where that is about more than a single version.
 */
export async function readHistory(options: HistoryOptions): Promise<PastVersion[]> {
  const { store, name, ask, known, mayMatterBefore } = options
  const listed = await ask(store.location, signal => list(store, name, signal))
  const place = listed.findIndex(info => info.current)
  const past: PastVersion[] = []
  let read = 0
  for (const [at, { version, createdAt, readable }] of listed.entries()) {
    if (at > place + 1 && hasOneBefore(past, listed[place]?.version) && !mayMatterBefore(endOf(past))) break
    if (!readable) continue
    const value = known(version) ?? (await readVersion(options, version))
    if (value !== undefined)
      past.push({ version, value, ...(createdAt && { createdAt: createdAt.getTime() }) })
    read += 1
    if (read === MOST_READ) break
  }
  return past
}

/** Whether the key before the current one was found; where the secret holds a set, whether any plain key was. */
function hasOneBefore(past: readonly PastVersion[], current: string | undefined): boolean {
  const value = past.find(({ version }) => version === current)?.value
  return past.some(each => each.value !== value)
}

/** When the last of these was replaced by another key, at the earliest: whatever comes before it ended no later. */
function endOf(past: readonly PastVersion[]): number | undefined {
  const last = past.at(-1)?.value
  return past.findLast(({ value }) => value !== last)?.createdAt
}

async function list(store: SecretStore, name: string, signal: AbortSignal): Promise<VersionInfo[]> {
  const listed: VersionInfo[] = []
  for await (const info of store.versions?.(name, { signal }) ?? []) {
    listed.push(info)
    if (listed.length === MOST_LISTED) break
  }
  // Where not all are dated, the order in which they are listed is the best that is known.
  if (listed.some(({ createdAt }) => createdAt === undefined)) return listed
  return listed.sort((one, other) => Number(other.createdAt) - Number(one.createdAt))
}

/** The plain key that a version holds; `undefined` if it holds none, or cannot be read. */
async function readVersion(
  { store, name, ask }: HistoryOptions,
  version: string,
): Promise<string | undefined> {
  try {
    const { value } = await ask(store.location, signal => store.read(name, { version, signal }))
    const set = readKeySet(value)
    return set.plain ? currentKey(set).value : undefined
  } catch (thrown) {
    if (!isSecretError(thrown) || thrown.transient || SAYS_MORE.has(thrown.code)) throw thrown
    // Disabled or destroyed since it was listed, or no key at all.
    return undefined
  }
}

/** What is said of more than the one version that was asked for. */
const SAYS_MORE: ReadonlySet<string> = new Set([
  "UNAUTHENTICATED",
  "DENIED",
  "ABORTED",
  "CLOSED",
  "UNSUPPORTED",
])
