import { Failure } from "./failure.ts"
import { parseFilter } from "./filter.ts"
import {
  type Request,
  type SecretMessage,
  secretMessage,
  type VersionMessage,
  versionMessage,
} from "./messages.ts"
import type { ResourceName } from "./names.ts"
import type { State } from "./state.ts"

const LARGEST_PAGE = 25_000

/** A page of a list. The size of the whole is 0 where a filter was given. */
interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextPageToken: string
  readonly totalSize: number
}

/** ListSecrets: newest first. */
export function listSecrets(state: State, parent: ResourceName, request: Request): object {
  const all = state.secretsIn(state.parentOf(parent))
  const { items, ...rest } = pageOf<SecretMessage>(
    all.map(secret => ({ at: secret.created, item: secretMessage(secret) })),
    request,
    state.pageSize,
  )
  return { secrets: items, ...rest }
}

/** ListSecretVersions: newest first. */
export function listVersions(state: State, name: ResourceName, request: Request): object {
  const secret = state.get(name)
  const { items, ...rest } = pageOf<VersionMessage>(
    secret.versions
      .toReversed()
      .map(version => ({ at: version.created, item: versionMessage(secret, version) })),
    request,
    state.pageSize,
  )
  return { versions: items, ...rest }
}

/** A page token says behind which time of creation to go on, so that it stays good while others add and delete. */
function pageOf<Item extends object>(
  all: ReadonlyArray<{ readonly at: bigint; readonly item: Item }>,
  request: Request,
  usualSize: number,
): Page<Item> {
  const { pageSize = 0, pageToken = "", filter = "" } = request
  if (pageSize < 0) throw new Failure("INVALID_ARGUMENT", "Field [page_size] must not be negative.")
  const size = Math.min(pageSize === 0 ? usualSize : pageSize, LARGEST_PAGE)
  const matches = parseFilter(filter)
  const matching = all.filter(({ item }) => matches(item))
  const behind = pageToken === "" ? undefined : placeOf(pageToken, request)
  const rest = behind === undefined ? matching : matching.filter(({ at }) => at < behind)
  const page = rest.slice(0, size)
  const last = page.at(-1)
  return {
    items: page.map(({ item }) => item),
    nextPageToken: last !== undefined && rest.length > size ? tokenFor(last.at, request) : "",
    totalSize: filter === "" ? all.length : 0,
  }
}

function tokenFor(at: bigint, { parent = "", filter = "" }: Request): string {
  return Buffer.from(JSON.stringify([String(at), parent, filter])).toString("base64url")
}

function placeOf(token: string, { parent = "", filter = "" }: Request): bigint {
  try {
    const [at, ofParent, ofFilter] = JSON.parse(Buffer.from(token, "base64url").toString()) as string[]
    if (at !== undefined && ofParent === parent && ofFilter === filter) return BigInt(at)
  } catch {
    // What cannot be read is no token, and is answered as one of another list.
  }
  throw new Failure("INVALID_ARGUMENT", "Field [page_token] is not valid for this list.")
}
