import { className, type SecretStore, untilAborted } from "../../core/index.ts"
import { openStore } from "../../open.ts"
import { type RotationsConfig, Rotator } from "../../rotation/index.ts"
import { calling } from "../config.ts"

/** What a command works with. */
export interface Session {
  readonly rotator: Rotator
  readonly store: SecretStore
}

/** A configuration that was loaded, and the file that it is from. */
export interface Loaded {
  readonly file: string
  readonly config: RotationsConfig
}

/**
 * Opens what a configuration describes, does some work with it, and closes all of it again, whatever comes of it.
 *
 * @param signal ends the opening, also where a function of the configuration never answers.
 * @param warn hears of what could not be closed: that changes nothing any more about what was done.
 * @throws UsageError, SecretError for what cannot be opened; whatever the work throws.
 */
export async function within<T>(
  { file, config }: Loaded,
  signal: AbortSignal,
  warn: (what: string) => void,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const closing: (readonly [what: string, close: () => void | Promise<void>])[] = []
  const { close } = config
  if (close !== undefined) closing.push(["close of the configuration", async () => await close.call(config)])
  try {
    const store = await opened(file, config, signal)
    closing.push(["the store", async () => await store.close()])
    const { journals, rotations, lease, callTimeout, lookEvery, atOnce } = config
    const kept =
      typeof journals === "function"
        ? await untilAborted(signal, async () => await calling(file, "failed in its journals", journals))
        : journals
    const rotator = new Rotator({
      store,
      rotations,
      ...(kept === undefined ? {} : { journals: kept }),
      ...(lease === undefined ? {} : { lease }),
      ...(callTimeout === undefined ? {} : { callTimeout }),
      ...(lookEvery === undefined ? {} : { lookEvery }),
      ...(atOnce === undefined ? {} : { atOnce }),
    })
    closing.push(["the Rotator", async () => await rotator.close()])
    return await work({ rotator, store })
  } finally {
    for (const [what, end] of closing.reverse()) {
      try {
        await end()
      } catch (thrown) {
        warn(`${what} failed at the end (${className(thrown)}); what was done before stays as it is`)
      }
    }
  }
}

async function opened(file: string, { store }: RotationsConfig, signal: AbortSignal): Promise<SecretStore> {
  if (typeof store === "string") return await openStore(store, { signal })
  if (typeof store !== "function") return store
  return await untilAborted(
    signal,
    async () => await calling(file, "failed while it opened the store", store),
  )
}
