import {
  type SecretError,
  type StoredSecret,
  sameValue,
  type Version,
  type VersionInfo,
} from "../core/index.ts"
import type { Engine } from "./engine.ts"
import type { Keeper } from "./keeper.ts"

/** How many versions are looked at for the one before: newer ones first, and some may be disabled. */
const MOST_VERSIONS = 10

/** How long after a recall that failed for now another one may be tried, in milliseconds. */
const RECALL_PAUSE = 5_000

/** What came of asking the store for the version before the held one. */
export interface Recall {
  readonly heldVersion: Version
  done: Promise<void>
  /** When it may be tried again, by the monotonic clock. */
  tryAgainAt: number
}

/**
 * Reads the version before from the store, where this process never held it, because it started after the rotation.
 * Does nothing where the store keeps no versions, or where the overlap window has closed.
 *
 * @returns a promise for whoever wants to wait, the same one for all. It never rejects: without the previous version a
 * program is no worse off than before.
 */
export function recallPrevious(engine: Engine, keeper: Keeper): Promise<void> | undefined {
  const { store, clock } = engine
  const { held, previous } = keeper.state
  if (held === undefined || previous !== undefined) return undefined
  if (store.versions === undefined || !store.capabilities.versionedReads) return undefined
  if (held.createdAt !== undefined && !isOpen(engine, keeper, held.createdAt)) return undefined
  const { recall } = keeper
  if (recall?.heldVersion === held.version && clock.monotonic() < recall.tryAgainAt) return recall.done
  const begun = { heldVersion: held.version, done: DONE, tryAgainAt: Number.POSITIVE_INFINITY }
  keeper.recall = begun
  begun.done = recallInto(begun, engine, keeper, held).finally(() => {
    begun.done = DONE
  })
  return begun.done
}

/** One for all, because there may be thousands of secrets. */
const DONE = Promise.resolve()

async function recallInto(recall: Recall, engine: Engine, keeper: Keeper, held: StoredSecret): Promise<void> {
  const { store, clock, reader, limiter, closing: signal } = engine
  const context = { secret: keeper.name, timeout: keeper.policy.callTimeout, signal }
  try {
    const list = async (within: AbortSignal) =>
      await newest(store.versions?.(keeper.name, { signal: within }))
    const listed = await limiter.run(() => reader.call(context, list))
    const createdAt = held.createdAt ?? listed.find(info => info.version === held.version)?.createdAt
    if (createdAt === undefined) return
    const place = listed.findIndex(info => info.version === held.version)
    // By date, and where that does not tell by the order in which they are listed.
    const before = listed.filter((info, index) => {
      const apart = info.createdAt === undefined ? 0 : createdAt.getTime() - info.createdAt.getTime()
      // Where the held one is not among the newest, those that bear no date may all be newer.
      const later = place !== -1 && index > place
      return info.readable && index !== place && (apart > 0 || (apart === 0 && later))
    })
    let replacedAt = createdAt
    for (const info of before) {
      if (!isOpen(engine, keeper, replacedAt)) return
      const { version } = info
      const read = (within: AbortSignal) => store.read(keeper.name, { version, signal: within })
      const secret = await limiter.run(() => reader.call(context, read))
      if (!sameValue(secret.value, held.value)) {
        const wall = replacedAt.getTime()
        const monotonic = clock.monotonic() - (clock.wall() - wall)
        return await keeper.takeBack(held.version, secret, { wall, monotonic })
      }
      // The same value under another version: the one before it is another version still.
      replacedAt = info.createdAt ?? replacedAt
    }
  } catch (thrown) {
    // There is no previous version to be had, which is what is there without this function; for now, or for good.
    if ((thrown as SecretError).transient) recall.tryAgainAt = clock.monotonic() + RECALL_PAUSE
  }
}

function isOpen({ clock }: Engine, { policy }: Keeper, replacedAt: Date): boolean {
  return clock.wall() - replacedAt.getTime() < policy.overlap
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
