import type { SecretError, SecretStore, WatchOptions } from "../../src/core/index.ts"

/**
 * Watches every layer that can be watched. One that fails ends the others: whoever armed this arms it again as a whole.
 */
export async function watchLayers(
  stores: readonly SecretStore[],
  hint: (name?: string) => void,
  { signal, failed }: WatchOptions,
): Promise<void> {
  const all = new AbortController()
  const end = () => {
    signal.removeEventListener("abort", end)
    all.abort()
  }
  signal.addEventListener("abort", end, { once: true })

  let armed = false
  let failure: SecretError | undefined
  const options: WatchOptions = {
    signal: all.signal,
    failed(error) {
      if (all.signal.aborted) return
      failure = error
      end()
      if (armed) failed(error)
    },
  }
  const arming = await Promise.allSettled(stores.map(async store => await store.watch?.(hint, options)))
  armed = true
  const refused = arming.find(one => one.status === "rejected")
  if (failure === undefined && refused === undefined) return
  end()
  throw failure ?? refused?.reason
}
