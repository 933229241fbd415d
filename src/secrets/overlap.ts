import type { Instant, VersionInfo } from "../core/index.ts"
import type { Engine } from "./engine.ts"
import type { Keeper } from "./keeper.ts"

/** How many versions are looked at for the one before: newer ones first, and some may be disabled. */
const MOST_VERSIONS = 10

/**
 * Reads the version before from the store, where this process never held it, because it started after the rotation.
 * Does nothing where the store keeps no versions, or where the overlap window has closed. Never rejects: without the
 * previous version a program is no worse off than before.
 */
export async function recallPrevious(engine: Engine, keeper: Keeper): Promise<void> {
  const { store, clock, reader, limiter, closing: signal } = engine
  const { held, previous } = keeper.state
  if (held === undefined || previous !== undefined || keeper.recalled === held.version) return
  if (store.versions === undefined || !store.capabilities.versionedReads) return
  if (held.createdAt !== undefined && !isOpen(held.createdAt)) return
  keeper.recalled = held.version

  const context = { secret: keeper.name, timeout: keeper.policy.callTimeout, signal }
  try {
    const list = async (within: AbortSignal) =>
      await newest(store.versions?.(keeper.name, { signal: within }))
    const listed = await limiter.run(() => reader.call(context, list))
    const createdAt = held.createdAt ?? listed.find(info => info.version === held.version)?.createdAt
    if (createdAt === undefined || !isOpen(createdAt)) return
    const before = listed.find(
      info => info.version !== held.version && info.readable && !isNewer(info, createdAt),
    )
    if (before === undefined) return
    const { version } = before
    const read = (within: AbortSignal) => store.read(keeper.name, { version, signal: within })
    const secret = await limiter.run(() => reader.call(context, read))
    await keeper.recall(held.version, secret, instantOf(createdAt))
  } catch {
    // There is no previous version to be had, which is what is there without this function.
  }

  function isOpen(replacedAt: Date): boolean {
    return clock.wall() - replacedAt.getTime() < keeper.policy.overlap
  }

  function instantOf(time: Date): Instant {
    const wall = time.getTime()
    return { wall, monotonic: clock.monotonic() - (clock.wall() - wall) }
  }
}

function isNewer(info: VersionInfo, than: Date): boolean {
  return info.createdAt !== undefined && info.createdAt > than
}

async function newest(versions: AsyncIterable<VersionInfo> | undefined): Promise<VersionInfo[]> {
  const listed: VersionInfo[] = []
  if (versions === undefined) return listed
  for await (const version of versions) {
    listed.push(version)
    if (listed.length === MOST_VERSIONS) break
  }
  return listed
}
