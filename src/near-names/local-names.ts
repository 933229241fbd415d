import { type Clock, type SecretStore, systemClock } from "../core/index.ts"

/** How long a store may take to list its names, in milliseconds, before an error is reported without them. */
const LISTING_TIME = 1_000

/** How a listing ends before it is through. */
export interface ListingOptions {
  /** Times the second that it may take. Default: the clock of the machine. */
  readonly clock?: Clock
  /** Ends it at once. */
  readonly signal?: AbortSignal
}

/** Listings that have not ended: many names that are missing at once share one. */
const underWay = new WeakMap<SecretStore, Promise<readonly string[]>>()

/**
 * The names of a store where listing costs nothing. A store that cannot list them within a second, or at all, has those
 * that it told until then: they are only needed for hints, and the error that the hints belong to must not be replaced
 * by another one.
 */
export async function localNames(
  store: SecretStore,
  options: ListingOptions = {},
): Promise<readonly string[]> {
  if (!store.capabilities.local || store.list === undefined) return []
  const shared = underWay.get(store)
  if (shared !== undefined) return await shared
  const listing = listed(store, options).finally(() => underWay.delete(store))
  underWay.set(store, listing)
  return await listing
}

async function listed(
  store: SecretStore,
  { clock = systemClock, signal }: ListingOptions,
): Promise<readonly string[]> {
  const names: string[] = []
  const ended = new AbortController()
  let timer: { clear(): void } | undefined
  const timeOut = new Promise<void>(resolve => {
    timer = clock.timer("waited-for", LISTING_TIME, resolve)
    signal?.addEventListener("abort", () => resolve(), { signal: ended.signal })
    if (signal?.aborted) resolve()
  })
  const listing = (async () => {
    for await (const { name } of store.list?.({ signal: ended.signal }) ?? []) names.push(name)
  })()
  try {
    await Promise.race([listing, timeOut])
  } catch {
    // See above: whatever was listed until then is as good as all.
  } finally {
    timer?.clear()
    ended.abort()
  }
  // A copy: a listing that goes on after its time changes nothing for those who were told.
  return [...names]
}
