import { type ConfiguredStore, openConfigured } from "../process/store-config.ts"
import type { Way } from "./bench.ts"

/** The store at the end of a way, in this process. */
export async function opened(way: Way): Promise<ConfiguredStore> {
  const configured = openConfigured(way.config)
  return {
    ...configured,
    async close() {
      // The way first: what is held on it would keep the store waiting.
      await way.close()
      await configured.close()
    },
  }
}
